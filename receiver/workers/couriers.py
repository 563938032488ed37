"""How one published word gets to one subscriber: by letter, in a private chat, by webhook. Used by `workers.mailing`."""

from dataclasses import dataclass
from typing import Protocol

from receiver.channels.base import Channel, Outcome
from receiver.channels.letters import word
from receiver.channels.notice_hooks import Hooks
from receiver.channels.notice_target import Publication
from receiver.channels.notice_telegram import TelegramTarget
from receiver.channels.subscriber_words import chat_words
from receiver.clock import Clock
from receiver.core.incident import Destination
from receiver.core.notice import PublicNotice, Update
from receiver.core.notice_rules import NoticeChannel, NoticeRules
from receiver.core.pledge import Purpose
from receiver.core.subscriber import EMAIL, TELEGRAM, WEBHOOK, Subscriber
from receiver.workers.doors import Hookroom, Mailroom, Pointers


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """What is told; `key` is the same for every attempt at the same content, `rules` give the public names."""

    notice: PublicNotice
    update: Update
    key: str
    rules: NoticeRules


class Courier(Protocol):
    """One way of reaching subscribers of one `kind`. `is_idempotent`: the same word twice does no harm. `a_second`: how many it may tell."""

    kind: str
    is_idempotent: bool
    a_second: float

    async def carry(self, what: Word, one: Subscriber) -> Outcome:
        """Tell one subscriber; never raises for what the wire did."""
        ...


class MailCourier:
    """Letters."""

    kind, is_idempotent, a_second = EMAIL, False, 1000.0

    def __init__(self, mailroom: Mailroom, clock: Clock) -> None:
        self._mailroom, self._clock = mailroom, clock

    async def carry(self, what: Word, one: Subscriber) -> Outcome:
        """One letter of the notice's thread."""
        pointers = self._mailroom.pointers
        link, stop = pointers.page(f"{one.language}/notices/{what.notice.id}"), pointers.link(Purpose.UNSUBSCRIBE, one)
        return await self._mailroom.send(word(what.notice, what.update, what.rules, one.language, link, stop, self._clock.now()), one)


class ChatCourier:
    """Private chats, by the bot that customers see; Telegram takes about 30 messages a second of one bot."""

    kind, is_idempotent, a_second = TELEGRAM, False, 20.0

    def __init__(self, channel: Channel, target: TelegramTarget) -> None:
        self._channel, self._target = channel, target

    async def carry(self, what: Word, one: Subscriber) -> Outcome:
        """The word as the public channel has it, in the reader's language, and how to stop."""
        rules = what.rules
        channel = NoticeChannel(name="private", kind=TELEGRAM, language=one.language)
        publication = Publication(notice=what.notice, update=what.update, channel=channel, page=rules.page, components=rules.components, key=what.key)
        place = Destination(name="subscriber", channel=TELEGRAM, address={"chat": int(one.address)}, language=one.language)
        return await self._channel.send(place, self._target.private(publication, chat_words(one.language)["footer"]))


class HookCourier:
    """Customers' own programs."""

    kind, is_idempotent, a_second = WEBHOOK, True, 1000.0

    def __init__(self, hooks: Hooks, room: Hookroom, pointers: Pointers) -> None:
        self._hooks, self._room, self._pointers = hooks, room, pointers

    async def carry(self, what: Word, one: Subscriber) -> Outcome:
        """The public notice as JSON."""
        names, pointers = what.rules.page.names, self._pointers
        body = {
            "type": "update",
            "page": {"name": names.get(one.language) or next(iter(names.values())), "url": pointers.page(one.language)},
            "update": what.update,
            "notice": what.notice,
            "unsubscribe_url": pointers.link(Purpose.UNSUBSCRIBE, one),
        }
        return await self._hooks.post(one.address, body, self._room.secret(one), what.key)
