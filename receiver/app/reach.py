"""Builds what knows who can't be reached, and says it to machines. Called by `app.build` and `app.http`."""

from collections.abc import Mapping
from typing import Any

from litestar import Router, get

from receiver.channels.base import Channel
from receiver.channels.outage_words import banner
from receiver.channels.render import LANGUAGES
from receiver.channels.telegram import TelegramChannel
from receiver.clock import Clock
from receiver.core.outage import Outage
from receiver.store.connection import Client
from receiver.store.outages import Outages
from receiver.web.auth import bearer_guard
from receiver.workers.reach import Reach


def build_reach(client: Client, clock: Clock, channels: Mapping[str, Channel]) -> Reach:
    """Telegram can be asked who we are, which nobody hears; it alone is declared out of reach as a whole."""
    bot = channels["telegram"]
    return Reach(Outages(client), clock, {"telegram": bot.me} if isinstance(bot, TelegramChannel) else {})


def describe(reach: Reach, clock: Clock) -> tuple[str, ...]:
    """One line for each, for `/readyz`."""
    return tuple(f"{banner(one, 'en', 'UTC', clock.now())} UTC: {one.why}" for one in reach.outages.standing.values())


def banners(reach: Reach, clock: Clock, timezone: str) -> list[dict[str, str]]:
    """The same for the page of the browser chat, by language."""
    return [{language: banner(one, language, timezone, clock.now()) for language in LANGUAGES} for one in reach.outages.standing.values()]


def outage_routes(reach: Reach, api_token: str) -> Router:
    """`GET /api/v1/outages`: what can't be reached now."""

    @get("/outages")
    async def listing() -> list[dict[str, Any]]:
        return [_shown(one) for one in (await reach.outages.refresh()).values()]

    return Router(path="/api/v1", route_handlers=[listing], guards=[bearer_guard(api_token)])


def _shown(one: Outage) -> dict[str, Any]:
    whose = {"destination": one.destination or None, "person": one.person or None}
    return {"channel": one.channel, **whose, "since": one.since.isoformat(timespec="seconds"), "why": one.why}
