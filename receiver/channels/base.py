"""The seam every channel implements: one message out, one classified outcome back. Used by `workers.sender`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from receiver.core.delivery import Evidence
from receiver.core.incident import Destination, Incident

NOT_MODIFIED = "not modified"
Secrets = Callable[[str], str | None]
__all__ = ["NOT_MODIFIED", "About", "Button", "Channel", "Evidence", "Message", "Outcome", "Secrets"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Button:
    """A press-able label; `data` comes back with the press (at most 64 bytes for Telegram)."""

    label: str
    data: str = ""
    url: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """What a message tells of, for channels that speak to machines or keep threads.

    `slot` is the notification's identity, the same at every attempt; `kind` a `Kind`'s value; `facts` is what its template saw
    (`channels.view`), cleaned for display.
    """

    incident: Incident
    kind: str
    slot: str
    language: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A rendered message. `plain` says the same as `html` without markup, `title` in one line.

    `html` uses Telegram's subset (b i u s a code pre blockquote), except in the form of mail, where it is a whole page.
    With a `prompt` (at most 64 characters) it asks the person it mentions for a reply. A `protected` one cannot be forwarded or saved.
    A `picture` is a PNG, and the text its caption; only a chat (`Destination.shows_pictures`) is given one.
    """

    html: str
    plain: str
    buttons: tuple[tuple[Button, ...], ...] = ()
    silent: bool = False
    title: str = ""
    about: About | None = None
    prompt: str = ""
    protected: bool = False
    picture: bytes = b""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """One attempt's result. `ref` is the channel's id of the message (or the new chat id for MOVED); `reason` says what was not as
    usual, also of an attempt that came out well (`plain_text: ...`)."""

    evidence: Evidence
    ref: str = ""
    reason: str = ""
    retry_after: timedelta | None = None


class Channel(Protocol):
    """One means of telling. Implementations never raise for anything the wire did; they classify it.

    `is_idempotent`: to send the same once more shows nothing a second time, so an unknown outcome is simply tried again.
    """

    name: str
    is_idempotent: bool

    async def send(self, destination: Destination, message: Message, reply_to: str = "") -> Outcome:
        """Deliver a new message; `reply_to` is the ref of an earlier one in the same place."""
        ...

    async def edit(self, destination: Destination, ref: str, message: Message) -> Outcome:
        """Replace the text and buttons of an earlier message; unchanged text is OK."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
