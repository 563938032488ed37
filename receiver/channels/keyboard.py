"""Which buttons a message has: one row of names per line and state, each signed for its chat. Called by `workers.sender` and `chat`.

A new button is its name in a row here, its texts in `LABELS`, and what it does in `chat.actions`.
"""

import hashlib
from collections.abc import Iterable, Mapping

from receiver.channels.base import Button
from receiver.channels.view_escalation import lease
from receiver.core.callback import sign
from receiver.core.destination import Destination
from receiver.core.incident import Incident, IncidentId, State
from receiver.core.plan import Kind

Rows = tuple[tuple[Button, ...], ...]
Names = tuple[tuple[str, ...], ...]

MENU = "menu-"
BACK = "menu-back"
ROWS: Mapping[State, Names] = {
    State.TRIGGERED: (("ack", "resolve"), ("silence", "menu-assign"), ("menu-snooze", "escalate"), ("why",)),
    State.ACKNOWLEDGED: (("resolve", "release"), ("silence", "menu-assign"), ("menu-snooze", "why")),
    State.SNOOZED: (("ack", "resolve"), ("release", "menu-assign"), ("silence", "why")),
    State.RESOLVED: (("why",),),
}
STORM_ROWS: Mapping[State, Names] = {
    State.TRIGGERED: (("ack", "list"), ("split", "escalate"), ("why",)),
    State.ACKNOWLEDGED: (("list", "release"), ("split", "why")),
    State.SNOOZED: (("ack", "list"), ("split", "why")),
    State.RESOLVED: (("list", "why"),),
}
OF_KIND: Mapping[Kind, Names] = {Kind.ENDED: (), Kind.STILL: (("keep", "release"),)}
SNOOZES = ("30m", "1h", "2h", "4h", "morning")
LABELS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "ack": "✅ Acknowledge",
        "resolve": "🟢 Resolve",
        "release": "↩ Release",
        "escalate": "⤴ Escalate",
        "keep": "✅ Yes, {lease} more",
        "silence": "🔇 Silence",
        "why": "❔ Why?",
        "why-here": "❔ Why?",
        "list": "📋 List",
        "split": "⚙ Split",
        "ack-all": "✅ Acknowledge all",
        "menu-assign": "👤 Assign ▾",
        "menu-snooze": "💤 Snooze ▾",
        "menu-back": "‹ Back",
        "snooze.30m": "30 min",
        "snooze.1h": "1 h",
        "snooze.2h": "2 h",
        "snooze.4h": "4 h",
        "snooze.morning": "until 09:00",
    },
    "ru": {
        "ack": "✅ Беру",
        "resolve": "🟢 Решено",
        "release": "↩ Отпустить",
        "escalate": "⤴ Эскалировать",
        "keep": "✅ Да, ещё {lease}",
        "silence": "🔇 Заглушить",
        "why": "❔ Почему я",
        "why-here": "❔ Почему?",
        "list": "📋 Список",
        "split": "⚙ Разобрать",
        "ack-all": "✅ Беру все",
        "menu-assign": "👤 Передать ▾",
        "menu-snooze": "💤 Отложить ▾",
        "menu-back": "‹ Назад",
        "snooze.30m": "30 мин",
        "snooze.1h": "1 ч",
        "snooze.2h": "2 ч",
        "snooze.4h": "4 ч",
        "snooze.morning": "до 09:00",
    },
}
_PER_ROW = 2
_MOST_PEOPLE = 40


def labels(language: str) -> Mapping[str, str]:
    """The buttons' texts."""
    return LABELS.get(language, LABELS["en"])


def keyboard(key: bytes, kind: Kind, incident: Incident, place: Destination, language: str) -> Rows:
    """The buttons that make sense on this kind of message in this state."""
    usual = STORM_ROWS if incident.is_storm else ROWS
    rows = OF_KIND.get(kind, usual[incident.state])
    if kind is Kind.STILL and incident.state is not State.ACKNOWLEDGED:
        rows = usual[incident.state]
    if rows and incident.is_open and (incident.is_part or incident.symptoms):
        rows = (*rows[:-1], (*rows[-1], "split")) if len(rows[-1]) < _PER_ROW else (*rows, ("split",))
    names, held = labels(language), lease(incident, language)
    if incident.is_storm:
        names = {**names, "ack": names["ack-all"]}
    if not place.person:  # many read it: nobody in particular asks
        names = {**names, "why": names["why-here"]}
    made = (tuple(_button(key, name, incident.id, place, names[name].replace("{lease}", held)) for name in row) for row in rows)
    return tuple(row for row in made if row)


def assign_menu(key: bytes, incident: Incident, place: Destination, language: str, people: Iterable[tuple[str, str]]) -> Rows:
    """A person (id and name) each, and the way back."""
    found = [_button(key, f"assign.{short(person)}", incident.id, place, name) for person, name in people]
    return (*_in_rows(found[:_MOST_PEOPLE]), (_button(key, BACK, incident.id, place, labels(language)[BACK]),))


def snooze_menu(key: bytes, incident: Incident, place: Destination, language: str) -> Rows:
    """A length each, and the way back."""
    names = labels(language)
    found = [_button(key, f"snooze.{span}", incident.id, place, names[f"snooze.{span}"]) for span in SNOOZES]
    return (*_in_rows(found), (_button(key, BACK, incident.id, place, names[BACK]),))


def short(person: str) -> str:
    """A person's id in the few bytes that a button has; who it is is looked up when it is pressed."""
    return hashlib.sha256(person.encode()).hexdigest()[:10]


def _button(key: bytes, name: str, incident_id: IncidentId, place: Destination, label: str) -> Button:
    return Button(label=label, data=sign(key, name, incident_id, str(place.address.get("chat", ""))))


def _in_rows(found: list[Button]) -> Rows:
    return tuple(tuple(found[at : at + _PER_ROW]) for at in range(0, len(found), _PER_ROW))
