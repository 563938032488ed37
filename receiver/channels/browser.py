"""The browser chat as a channel: the same messages and buttons as Telegram, on a page of this service."""

from typing import Protocol

from receiver.channels.base import Button, Evidence, Message, Outcome
from receiver.core.errors import StoreUnavailableError
from receiver.core.incident import Destination

Rows = list[list[dict[str, str]]]


class Board(Protocol):
    """Where the messages are kept."""

    async def send(self, chat: str, markup: str, buttons: Rows, *, reply_to: str, is_silent: bool, picture: bytes = b"") -> str:
        """Add a message; its id."""
        ...

    async def edit(self, ref: str, markup: str, buttons: Rows, picture: bytes = b"") -> bool:
        """Replace a message; False when it is gone."""
        ...

    async def replace_buttons(self, ref: str, buttons: Rows) -> bool:
        """Replace a message's buttons; False when it is gone."""
        ...

    async def answer(self, callback_id: str, text: str, alert: bool = False) -> None:
        """Keep what the presser is told until the page has fetched it."""
        ...


class BrowserChannel:
    """Never unknown: the message is written to the same store that keeps the outbox."""

    name = "browser"
    is_idempotent = False

    def __init__(self, board: Board) -> None:
        self._board = board

    async def send(self, destination: Destination, message: Message, reply_to: str = "") -> Outcome:
        """Add to the chat named by the destination."""
        try:
            ref = await self._board.send(
                destination.name, message.html, _rows(message.buttons), reply_to=reply_to, is_silent=message.silent, picture=message.picture
            )
        except StoreUnavailableError as fault:
            return Outcome(evidence=Evidence.UNKNOWN, reason=str(fault))
        return Outcome(evidence=Evidence.OK, ref=ref)

    async def edit(self, destination: Destination, ref: str, message: Message) -> Outcome:
        """Replace in place."""
        try:
            is_there = await self._board.edit(ref, message.html, _rows(message.buttons), message.picture)
        except StoreUnavailableError as fault:
            return Outcome(evidence=Evidence.UNKNOWN, reason=str(fault))
        return Outcome(evidence=Evidence.OK, ref=ref) if is_there else Outcome(evidence=Evidence.UNEDITABLE, reason="no longer kept")

    async def edit_buttons(self, _chat: str, ref: str, rows: tuple[tuple[Button, ...], ...]) -> bool:
        """Replace the buttons of a message; its text stays."""
        return await self._board.replace_buttons(ref, _rows(rows))

    async def answer(self, callback_id: str, text: str, alert: bool = False) -> None:
        """What the presser is told."""
        await self._board.answer(callback_id, text, alert)

    async def close(self) -> None:
        """Nothing is held."""


def _rows(buttons: tuple[tuple[Button, ...], ...]) -> Rows:
    return [[{"label": b.label, "data": b.data, "url": b.url} for b in row] for row in buttons]
