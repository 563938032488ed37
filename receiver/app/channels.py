"""The channels of this installation, one line each. Called by `app.build`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from receiver.channels.base import Channel
from receiver.channels.browser import BrowserChannel
from receiver.channels.email import EmailChannel, parse_server
from receiver.channels.forum import ForumChannel
from receiver.channels.longtail import LongtailChannel
from receiver.channels.pagerduty import PagerDutyChannel
from receiver.channels.telegram import TelegramChannel
from receiver.channels.webhook import WebhookChannel
from receiver.clock import Clock
from receiver.settings import Settings
from receiver.store.browserchat import BrowserChat
from receiver.store.outbox import Pace
from receiver.store.threads import Threads
from receiver.workers.doors import Hand


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """What channels are made of; `key` is the installation's own."""

    settings: Settings
    board: BrowserChat
    clock: Clock
    key: bytes
    threads: Threads


def _telegram(parts: Parts) -> Channel:
    """Without a bot token the browser chat stands in for Telegram: same messages, same buttons."""
    settings = parts.settings
    if settings.telegram_mode == "off" or not settings.telegram_token:
        return BrowserChannel(parts.board)
    return ForumChannel(settings.telegram_token.get_secret_value(), settings.telegram_api_url, settings.telegram_proxy, parts.threads, parts.clock)


def _email(parts: Parts) -> Channel | None:
    """None without a server: what is meant for mail goes to the fallback, and `doctor` says why."""
    settings = parts.settings
    if not settings.smtp_url or not settings.smtp_from:
        return None
    return EmailChannel(parse_server(settings.smtp_url.get_secret_value()), settings.smtp_from, parts.clock, parts.key)


CHANNELS: Mapping[str, Callable[[Parts], Channel | None]] = {
    "browser": lambda parts: BrowserChannel(parts.board),
    "telegram": _telegram,
    "email": _email,
    "pagerduty": lambda parts: PagerDutyChannel(parts.settings.secret, parts.key, parts.settings.pagerduty_api_url, client_url=parts.settings.public_url or ""),
    "webhook": lambda parts: WebhookChannel(parts.settings.secret, parts.clock),
    "longtail": lambda parts: LongtailChannel(parts.settings.secret),
    "sms": lambda parts: LongtailChannel(parts.settings.secret),
}
# PagerDuty takes 120 events a minute and key.
_PAGERDUTY = Pace(chat_interval=timedelta(milliseconds=500), chat_burst=30, bot_interval=timedelta(milliseconds=50), bot_burst=100)


def build_channels(parts: Parts) -> dict[str, Channel]:
    """Every channel that this installation has, by its name in the rules."""
    found = {name: make(parts) for name, make in CHANNELS.items()}
    return {name: channel for name, channel in found.items() if channel is not None}


def who_answers(channels: Mapping[str, Channel]) -> dict[str, Any]:
    """Who can answer a press, by channel: only chats have buttons."""
    bot = channels["telegram"]
    return {"browser": channels["browser"], **({"telegram": bot} if isinstance(bot, TelegramChannel) else {})}


def letters_of(channels: Mapping[str, Channel]) -> Hand | None:
    """Who takes letters to customers; none without a mail server."""
    mail = channels.get("email")
    return mail.hand if isinstance(mail, EmailChannel) else None


def paces_of(channels: Mapping[str, Channel]) -> dict[str, Pace]:
    """How fast each channel may be, where the far end limits it."""
    return {"pagerduty": _PAGERDUTY, **({"telegram": Pace()} if isinstance(channels["telegram"], TelegramChannel) else {})}
