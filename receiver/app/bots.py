"""The bot that customers talk to: the publishing one where it is apart, else the working one. Called by `app.build`, run by `app.run`."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from receiver.channels.base import Channel, Evidence
from receiver.channels.telegram import TelegramChannel
from receiver.chat.post import Post
from receiver.chat.public_desk import PublicDesk
from receiver.chat.subscribing import Subscribing, Voice
from receiver.clock import Clock
from receiver.engine import Rules
from receiver.settings import Settings
from receiver.store.connection import Client
from receiver.store.intake import Intake
from receiver.store.once import Once
from receiver.store.outbox import Outbox, Pace
from receiver.store.subscribers import Subscribers
from receiver.telemetry.logs import get_logger
from receiver.workers.poller import Poller

PATIENCE = 30.0
log = get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class Bots:
    """`channel` is none where there is no Telegram at all. `intake` and `desk` are the publishing bot's own, where it is apart."""

    subscribers: Subscribers
    channel: TelegramChannel | None = None
    customers: Subscribing | None = None
    intake: Intake | None = None
    desk: PublicDesk | None = None

    @property
    def shared(self) -> Subscribing | None:
        """Who takes what customers write to the working bot."""
        return self.customers if self.desk is None else None

    def workers(self) -> list[Any]:
        """What runs: the bot's name is learnt; a bot apart is polled, whatever way the working one hears."""
        if self.channel is None or self.customers is None:
            return []
        found: list[Any] = [learn_name(self.channel, self.customers)]
        if self.intake is not None and self.desk is not None:
            found += [Poller(self.channel, self.intake).run(), self.desk.run()]
        return found


def build_bots(
    settings: Settings,
    client: Client,
    rules: Rules,
    clock: Clock,
    outbox: Outbox,
    channels: Mapping[str, Channel],
    publishing: TelegramChannel | None,
    key: bytes,
) -> Bots:
    """Build them without starting anything."""
    subscribers = Subscribers(client, settings.secret_key.get_secret_value().encode())
    working = channels["telegram"]
    channel = publishing or (working if isinstance(working, TelegramChannel) else None)
    if channel is None:
        return Bots(subscribers=subscribers)
    post = Post({"telegram": channel}, Once(client), outbox, {"telegram": Pace()}, clock)
    customers = Subscribing(subscribers, rules, Voice(post, channel, key), clock, is_alone=publishing is not None)
    if publishing is None:
        return Bots(subscribers=subscribers, channel=channel, customers=customers)
    intake = Intake(client, "public")
    return Bots(subscribers=subscribers, channel=channel, customers=customers, intake=intake, desk=PublicDesk(intake, customers))


async def learn_name(bot: TelegramChannel, customers: Subscribing) -> None:
    """The page links the bot by its name."""
    while (outcome := await bot.me()).evidence is not Evidence.OK:
        log.warning("Telegram does not say who the public bot is", reason=outcome.reason)
        await asyncio.sleep(PATIENCE)
    customers.bot_name = outcome.ref
