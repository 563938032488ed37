"""The seam every channel implements: one message out, one classified outcome back. Used by `workers.sender`."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from receiver.core.delivery import Evidence
from receiver.core.incident import Destination

NOT_MODIFIED = "not modified"
__all__ = ["NOT_MODIFIED", "Button", "Channel", "Evidence", "Message", "Outcome"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Button:
    """A press-able label; `data` comes back with the press (at most 64 bytes for Telegram)."""

    label: str
    data: str = ""
    url: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A rendered message; with a `prompt` (at most 64 characters) it asks the person it mentions for a reply. A
    `protected` one cannot be forwarded or saved. `html` uses Telegram's subset (b i u s a code pre blockquote); `plain` says the same without markup."""

    html: str
    plain: str
    buttons: tuple[tuple[Button, ...], ...] = ()
    silent: bool = False
    prompt: str = ""
    protected: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """One attempt's result. `ref` is the channel's id of the message (or the new chat id for MOVED); `reason` says what was not as
    usual, also of an attempt that came out well (`plain_text: ...`)."""

    evidence: Evidence
    ref: str = ""
    reason: str = ""
    retry_after: timedelta | None = None


class Channel(Protocol):
    """One means of telling. Implementations never raise for anything the wire did; they classify it."""

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
