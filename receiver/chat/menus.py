"""Menus of a message: a button opens a second keyboard in its place, with the choices and a way back. Called by `chat.buttons`."""

from collections.abc import Callable, Mapping
from typing import Protocol

from receiver.channels.base import Button
from receiver.channels.keyboard import assign_menu, keyboard, snooze_menu
from receiver.core.destination import Destination
from receiver.core.escalation import ways_of
from receiver.core.incident import Incident
from receiver.core.plan import Kind
from receiver.core.roles import Verb, is_allowed
from receiver.core.rulebook import RuleBook

Rows = tuple[tuple[Button, ...], ...]


class Keyboards(Protocol):
    """Where a message's buttons can be replaced."""

    async def edit_buttons(self, chat: str, ref: str, rows: Rows) -> object:
        """Show these buttons under that message; failing to is no failure of the press."""
        ...


class Menus:
    """Opens and closes them; `keyboards` are by the chat program a press came from."""

    def __init__(self, keyboards: Mapping[str, Keyboards], rules: Callable[[], RuleBook], *, key: bytes) -> None:
        self._keyboards, self._rules, self._key = keyboards, rules, key

    async def show(self, name: str, incident: Incident, *, via: str, chat: str, ref: str, language: str) -> None:
        """The menu of this name under the message, or its own buttons."""
        place = Destination(name="", channel=via, address={"chat": chat})
        match name:
            case "menu-assign":
                rows = assign_menu(self._key, incident, place, language, self._takers(incident))
            case "menu-snooze":
                rows = snooze_menu(self._key, incident, place, language)
            case _:
                rows = keyboard(self._key, Kind.INCIDENT, incident, place, language)
        if shown := self._keyboards.get(via):
            await shown.edit_buttons(chat, ref, rows)

    def _takers(self, incident: Incident) -> list[tuple[str, str]]:
        """Those who may take it and can be reached."""
        people = self._rules().people.values()
        return [(one.id, one.name) for one in people if one.id != incident.owner and is_allowed(Verb.ACKNOWLEDGE, one.roles) and ways_of(one)]
