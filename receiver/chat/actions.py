"""What each button asks for: the verb whose right is checked, and the event or the menu it becomes. Called by `chat.buttons`.

A button's name may carry a choice behind a dot (`snooze.2h`). A new button is a line here and in `channels.keyboard`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from receiver.channels.keyboard import BACK, short
from receiver.core.event import Acknowledge, Assign, Escalate, Keep, Press, Release, Resolve, Snooze, Split
from receiver.core.roles import Verb
from receiver.core.rulebook import Person, RuleBook

SPANS = {"30m": timedelta(minutes=30), "1h": timedelta(hours=1), "2h": timedelta(hours=2), "4h": timedelta(hours=4)}
MORNING = time(9)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One press as an action sees it: who, what they chose, by which rules, when (UTC) and in which zone they live."""

    person: Person
    choice: str
    rules: RuleBook
    now: datetime
    zone: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Action:
    """One button. An event of none is a choice that is not there (any more); without `event` it shows something and changes nothing."""

    verb: Verb
    event: Callable[[Asked], Press | None] | None = None
    is_menu: bool = False


def find_action(name: str) -> tuple[Action | None, str]:
    """The action of a button's name, and the choice it carries."""
    base, _, choice = name.partition(".")
    return ACTIONS.get(base), choice


def next_morning(now: datetime, zone: str) -> datetime:
    """The next 09:00 in that zone."""
    local = now.astimezone(ZoneInfo(zone))
    day = local.date() if local.time() < MORNING else local.date() + timedelta(days=1)
    return datetime.combine(day, MORNING, ZoneInfo(zone)).astimezone(now.tzinfo)


def _assign(asked: Asked) -> Press | None:
    found = next((one for one in asked.rules.people if short(one) == asked.choice), None)
    return Assign(by=asked.person.id, name=asked.person.name, to=found) if found else None


def _snooze(asked: Asked) -> Press | None:
    span = SPANS.get(asked.choice)
    until = next_morning(asked.now, asked.zone) if asked.choice == "morning" else asked.now + span if span else None
    return Snooze(by=asked.person.id, name=asked.person.name, until=until) if until else None


ACTIONS: Mapping[str, Action] = {
    "ack": Action(verb=Verb.ACKNOWLEDGE, event=lambda asked: Acknowledge(by=asked.person.id, name=asked.person.name)),
    "resolve": Action(verb=Verb.RESOLVE, event=lambda asked: Resolve(by=asked.person.id, name=asked.person.name)),
    "keep": Action(verb=Verb.KEEP, event=lambda asked: Keep(by=asked.person.id, name=asked.person.name)),
    "release": Action(verb=Verb.RELEASE, event=lambda asked: Release(by=asked.person.id, name=asked.person.name)),
    "escalate": Action(verb=Verb.ESCALATE, event=lambda asked: Escalate(by=asked.person.id, name=asked.person.name)),
    "split": Action(verb=Verb.SPLIT, event=lambda asked: Split(by=asked.person.id, name=asked.person.name)),
    "assign": Action(verb=Verb.ASSIGN, event=_assign),
    "snooze": Action(verb=Verb.SNOOZE, event=_snooze),
    "menu-assign": Action(verb=Verb.ASSIGN, is_menu=True),
    "menu-snooze": Action(verb=Verb.SNOOZE, is_menu=True),
    BACK: Action(verb=Verb.WHY, is_menu=True),
    "why": Action(verb=Verb.WHY),
}
