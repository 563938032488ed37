"""What people add to the rules from the chat, laid over every rule book that comes into force. Pure; applied by `engine.Rules`.

Git wins: an account of people.yaml is never replaced by a linked one, an override of schedules.yaml covers a swap.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from receiver.core.maintenance import MaintenanceWindow, OneOff
from receiver.core.matcher import Matcher, parse_matcher
from receiver.core.rulebook import Person, RuleBook
from receiver.core.schedule import Schedule, Shift

FROM_CHAT = "chat"
KEPT = timedelta(days=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class AdHocWindow:
    """Planned work that somebody began or announced in the chat; `matchers` as they were typed, `name` is the person's. `component` is the public
    one customers are told of, or empty. One that was called off before it began ends when it begins.
    """

    id: str
    matchers: tuple[str, ...]
    start: datetime
    end: datetime
    by: str
    name: str
    component: str = ""

    @property
    def is_called_off(self) -> bool:
        """True when it will never begin."""
        return self.end <= self.start


@dataclass(frozen=True, kw_only=True, slots=True)
class Swap:
    """A stretch of a schedule that `giver` offers and, once there is one, `taker` has; both are ids of people."""

    id: str
    schedule: str
    start: datetime
    end: datetime
    giver: str
    taker: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Amendments:
    """`accounts`: Telegram accounts linked in the chat, and whose they are."""

    accounts: Mapping[int, str] = field(default_factory=dict)
    windows: tuple[AdHocWindow, ...] = ()
    swaps: tuple[Swap, ...] = ()


def amend(book: RuleBook, amendments: Amendments) -> RuleBook:
    """The rule book with exactly these amendments, whatever others it had; the same object when nothing changes."""
    people = _people(book, amendments.accounts)
    maintenance = (*(window for window in book.maintenance if window.where != FROM_CHAT), *map(_window, amendments.windows))
    schedules = {name: _swapped(one, amendments.swaps, book.people) for name, one in book.schedules.items()}
    if (people, maintenance, schedules) == (book.people, book.maintenance, book.schedules):
        return book
    return replace(book, people=people, maintenance=maintenance, schedules=schedules)


def is_over(item: AdHocWindow | Swap, now: datetime) -> bool:
    """True when nobody needs it any more."""
    return item.end + KEPT < now


def matchers_of(window: AdHocWindow) -> tuple[Matcher, ...]:
    """What it matches; raises MatcherError."""
    return tuple(parse_matcher(text) for text in window.matchers)


def why_not(swap: Swap, schedule: Schedule, swaps: Collection[Swap], now: datetime) -> str:
    """Why this swap cannot be: `past`, `not_yours`, `override` or `swap` (covers a part of it already); empty when it can."""
    if swap.end <= now or swap.start >= swap.end:
        return "past"
    if any(_overlap(swap, shift) for shift in schedule.overrides):
        return "override"
    others = [one for one in swaps if one.id != swap.id and one.schedule == swap.schedule and one.taker]
    if any(_overlap(swap, one) for one in others):
        return "swap"
    own = schedule.shifts(max(swap.start, now), swap.end)
    return "" if all(swap.giver in shift.people for shift in own) else "not_yours"


def _overlap(one: Swap, other: Swap | Shift) -> bool:
    return one.start < other.end and other.start < one.end


def _people(book: RuleBook, accounts: Mapping[int, str]) -> Mapping[str, Person]:
    bare = {name: replace(person, telegram=None, is_linked=False) if person.is_linked else person for name, person in book.people.items()}
    taken = {person.telegram for person in bare.values()}
    for account, owner in accounts.items():
        person = bare.get(owner)
        if person is not None and person.telegram is None and account not in taken:
            bare[owner] = replace(person, telegram=account, is_linked=True)
    return bare


def _window(window: AdHocWindow) -> MaintenanceWindow:
    return MaintenanceWindow(
        name=window.name, where=FROM_CHAT, matchers=matchers_of(window), time=OneOff(start=window.start, end=window.end), component=window.component
    )


def _swapped(schedule: Schedule, swaps: tuple[Swap, ...], people: Mapping[str, Person]) -> Schedule:
    """Only the giver is replaced, and only while the rules have him on call."""
    bare = replace(schedule, swaps=()) if schedule.swaps else schedule
    made: list[Shift] = []
    for swap in swaps:
        parts = bare.shifts(swap.start, swap.end) if swap.schedule == schedule.name and swap.taker in people else ()
        made += [_given(part, swap) for part in parts if swap.giver in part.people]
    return schedule if tuple(made) == schedule.swaps else replace(schedule, swaps=tuple(made))


def _given(part: Shift, swap: Swap) -> Shift:
    return replace(part, people=tuple(dict.fromkeys(swap.taker if one == swap.giver else one for one in part.people)))
