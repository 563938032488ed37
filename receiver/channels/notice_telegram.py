"""Notices in a public Telegram channel: the first post carries the whole notice and is kept up to date and pinned while it is open, every
further word is a reply to it. Used by `workers.publisher`; the bot is the publishing one where there are two.
"""

import html
from typing import Protocol

from receiver.channels.base import Channel, Message
from receiver.channels.notice_target import Evidence, Outcome, Publication, Report
from receiver.channels.notice_words import MARKS, impact_word, phase_word
from receiver.channels.text import plain_text
from receiver.channels.words import clock
from receiver.core.incident import Destination
from receiver.core.notice import Impact, PublicNotice, Update

_WITHDRAWN = {"en": "This message was withdrawn.", "ru": "Это сообщение отозвано."}
_EDITED = {"en": "edited", "ru": "исправлено"}
_MORE = {"en": "All updates", "ru": "Все новости"}


class Pinning(Protocol):
    """A bot that can pin."""

    async def pin(self, destination: Destination, ref: str, *, is_pinned: bool) -> Outcome:
        """Pin a message, or take the pin away."""
        ...


class TelegramTarget:
    """Posts by a bot, or by the browser chat that stands in for it; `status_url` is linked where it is known."""

    def __init__(self, channel: Channel, pinning: Pinning | None = None, status_url: str = "") -> None:
        self._channel, self._pinning, self._status_url = channel, pinning, status_url.rstrip("/")

    async def post(self, publication: Publication) -> Report:
        """A new post, a reply to the first one, or the corrected text of one that stands there."""
        destination, message = _destination(publication), self._word(publication, publication.update)
        if publication.ref:
            return Report(outcome=await self._channel.edit(destination, publication.ref, message), said=message.html)
        outcome = await self._channel.send(destination, message, publication.reply_to)
        if outcome.evidence is Evidence.OK and not publication.reply_to:
            await self._pin(destination, outcome.ref, publication.notice)
        return Report(outcome=outcome, said=message.html)

    def private(self, publication: Publication, footer: str) -> Message:
        """The word for one reader, with what stands under every word to them."""
        markup = f"{self._text(publication, publication.update, publication.channel.language)}\n\n<i>{html.escape(footer, quote=False)}</i>"
        return _message(markup, publication.notice)

    async def head(self, publication: Publication) -> Report:
        """The first post with the state of things above it; unpinned at the end."""
        destination = _destination(publication)
        message = self._head(publication)
        outcome = await self._channel.edit(destination, publication.ref, message)
        if outcome.evidence is Evidence.OK:
            await self._pin(destination, publication.ref, publication.notice)
        return Report(outcome=outcome, said=message.html)

    async def drift(self, publication: Publication) -> str | None:
        """A bot cannot read back what stands in a channel."""
        return None

    async def close(self) -> None:
        """The channel is closed by whoever built it."""

    async def _pin(self, destination: Destination, ref: str, notice: PublicNotice) -> None:
        """A missing right to pin is no failure of the word itself."""
        if self._pinning:
            await self._pinning.pin(destination, ref, is_pinned=notice.is_open)

    def _word(self, publication: Publication, update: Update) -> Message:
        parts = [self._text(publication, update, language) for language in publication.languages if language in update.texts or update.is_retracted]
        return _message("\n\n".join(parts), publication.notice)

    def _head(self, publication: Publication) -> Message:
        notice = publication.notice
        first = notice.updates[-1]
        parts = []
        for language in publication.languages:
            mark = MARKS.get(notice.phase, "🔵")
            at = clock(notice.updates[0].at, publication.page.timezone, notice.updates[0].at, language)
            state = "" if notice.is_retracted else f"{mark} <b>{html.escape(phase_word(notice.phase, language))}</b> · {at}\n\n"
            parts.append(state + self._text(publication, first, language))
        return _message("\n\n".join(parts), notice)

    def _text(self, publication: Publication, update: Update, language: str) -> str:
        if update.is_retracted:
            return _WITHDRAWN.get(language, _WITHDRAWN["en"])
        text = update.texts.get(language) or next(iter(update.texts.values()))
        names = [(publication.components[c].name(language), impact) for c, impact in update.impacts.items() if c in publication.components]
        touched = ", ".join(f"{html.escape(name, quote=False)}: {impact_word(impact, language)}" for name, impact in names)
        edited = ""
        if update.edited_at:
            edited = f" · {_EDITED.get(language, 'edited')} {clock(update.edited_at, publication.page.timezone, update.at, language)}"
        link = f'\n\n<a href="{html.escape(f"{self._status_url}/status/{language}")}">{_MORE.get(language, _MORE["en"])}</a>' if self._status_url else ""
        head = f"{MARKS.get(update.phase, '🔵')} <b>{html.escape(text.title, quote=False)}</b>\n<i>{phase_word(update.phase, language)} · {touched}{edited}</i>"
        return f"{head}\n\n{html.escape(text.body, quote=False)}{link}"


def _message(markup: str, notice: PublicNotice) -> Message:
    return Message(html=markup, plain=plain_text(markup), silent=notice.impact.rank <= Impact.DEGRADED_PERFORMANCE.rank)


def _destination(publication: Publication) -> Destination:
    chat = publication.channel.address.get("chat", "")
    number: str | int = int(chat) if chat.lstrip("-").isdigit() else chat
    return Destination(name=publication.channel.name, channel="telegram", address={"chat": number}, language=publication.channel.language)
