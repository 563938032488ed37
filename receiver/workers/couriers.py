"""How one published word gets to one subscriber: by letter, in a private chat, by webhook. Used by `workers.mailing`."""

from dataclasses import dataclass
from typing import Protocol

import msgspec

from receiver.channels.base import Channel, Message, Outcome
from receiver.channels.letters import Letter, word
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

    def sample(self, what: Word, language: str) -> str:
        """What readers of this language are told, without what is one reader's own."""
        ...


class MailCourier:
    """Letters."""

    kind, is_idempotent, a_second = EMAIL, False, 1000.0

    def __init__(self, mailroom: Mailroom, clock: Clock) -> None:
        self._mailroom, self._clock = mailroom, clock

    async def carry(self, what: Word, one: Subscriber) -> Outcome:
        """One letter of the notice's thread."""
        return await self._mailroom.send(self._letter(what, one.language, self._mailroom.pointers.link(Purpose.UNSUBSCRIBE, one)), one)

    def sample(self, what: Word, language: str) -> str:
        """Subject and text."""
        letter = self._letter(what, language, "…")
        return "\n\n".join((letter.subject, *letter.paragraphs, *(f"{name}: {link}" for name, link in letter.links), *letter.footer))

    def _letter(self, what: Word, language: str, stop: str) -> Letter:
        link = self._mailroom.pointers.page(f"{language}/notices/{what.notice.id}")
        return word(what.notice, what.update, what.rules, language, link, stop, self._clock.now())


class ChatCourier:
    """Private chats, by the bot that customers see; Telegram takes about 30 messages a second of one bot."""

    kind, is_idempotent, a_second = TELEGRAM, False, 20.0

    def __init__(self, channel: Channel, target: TelegramTarget) -> None:
        self._channel, self._target = channel, target

    async def carry(self, what: Word, one: Subscriber) -> Outcome:
        """The word as the public channel has it, in the reader's language, and how to stop."""
        place = Destination(name="subscriber", channel=TELEGRAM, address={"chat": int(one.address)}, language=one.language)
        return await self._channel.send(place, self._message(what, one.language))

    def sample(self, what: Word, language: str) -> str:
        """The message."""
        return self._message(what, language).html

    def _message(self, what: Word, language: str) -> Message:
        rules, channel = what.rules, NoticeChannel(name="private", kind=TELEGRAM, language=language)
        publication = Publication(notice=what.notice, update=what.update, channel=channel, page=rules.page, components=rules.components, key=what.key)
        return self._target.private(publication, chat_words(language)["footer"])


class HookCourier:
    """Customers' own programs."""

    kind, is_idempotent, a_second = WEBHOOK, True, 1000.0

    def __init__(self, hooks: Hooks, room: Hookroom, pointers: Pointers) -> None:
        self._hooks, self._room, self._pointers = hooks, room, pointers

    async def carry(self, what: Word, one: Subscriber) -> Outcome:
        """The public notice as JSON."""
        body = self._body(what, one.language, self._pointers.link(Purpose.UNSUBSCRIBE, one))
        return await self._hooks.post(one.address, body, self._room.secret(one), what.key)

    def sample(self, what: Word, language: str) -> str:
        """The body."""
        return msgspec.json.encode(self._body(what, language, "…")).decode()

    def _body(self, what: Word, language: str, stop: str) -> dict[str, object]:
        names = what.rules.page.names
        page = {"name": names.get(language) or next(iter(names.values())), "url": self._pointers.page(language)}
        return {"type": "update", "page": page, "update": what.update, "notice": what.notice, "unsubscribe_url": stop}
