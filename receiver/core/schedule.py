"""Who is on call when: the layers, imported shifts and overrides of one schedule. Pure; asked by `rulebook` and `oncall`.

What covers what, from the bottom: layers in their order, shifts of a calendar, swaps, overrides in their order. What names nobody covers
nothing. A hand-off is a clock time on a local calendar day: one that does not exist is the first valid instant after the gap, one that
comes twice is the first. So turns touch on every night, and a day's turn lasts 23 or 25 hours when the clocks change.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from receiver.core.local import instant_at
from receiver.core.window import Window

FIRST_MONDAY = date(2024, 1, 1)  # rotations that name no first day count from here
_HORIZON = timedelta(days=366)
_STEP = timedelta(days=31)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shift:
    """People (ids) who are on call from `start` (included) to `end` (excluded), both aware; nobody is a gap."""

    start: datetime
    end: datetime
    people: tuple[str, ...]

    def holds(self, now: datetime) -> bool:
        """Say whether the instant is in it."""
        return self.start <= now < self.end


@dataclass(frozen=True, kw_only=True, slots=True)
class Rotation:
    """Turns of whole local days: turn 0 begins on the day `first` at `minute` of the day; there are turns before it."""

    first: date
    days: int
    minute: int

    def begins_at(self, turn: int, zone: ZoneInfo) -> datetime:
        """The hand-off (UTC) to this turn."""
        return instant_at(self.first + timedelta(days=turn * self.days), self.minute, zone)

    def turn_at(self, now: datetime, zone: ZoneInfo) -> int:
        """The number of the turn that holds at this instant."""
        turn = (now.astimezone(zone).date() - self.first).days // self.days + 1  # clocks set back at midnight repeat a day
        while self.begins_at(turn, zone) > now:
            turn -= 1
        return turn


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """Groups of people (ids) that take turns; without a rotation the first group is on call always.

    `since` (UTC): nobody is before it. `hours`: nobody is outside them.
    """

    groups: tuple[tuple[str, ...], ...]
    rotation: Rotation | None = None
    since: datetime | None = None
    hours: Window | None = None

    def people(self, now: datetime, zone: ZoneInfo) -> tuple[str, ...]:
        """Who this layer puts on call."""
        if (self.since and now < self.since) or (self.hours and not self.hours.is_active(now)):
            return ()
        turn = self.rotation.turn_at(now, zone) if self.rotation else 0
        return self.groups[turn % len(self.groups)]

    def edges(self, start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """Instants (UTC) at which it may change; every one between the two, and some around them."""
        if self.since:
            yield self.since
        if self.hours:
            yield from self.hours.edges(start, end)
        if self.rotation:
            turns = range(self.rotation.turn_at(start, zone), self.rotation.turn_at(end, zone) + 1)
            yield from (self.rotation.begins_at(turn, zone) for turn in turns)


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """One schedule; `where` is its file and line, `imported` are the shifts of its calendar, `swaps` those exchanged in the chat.

    `announce` is the destination that hears of every change.
    """

    name: str
    where: str
    zone: ZoneInfo
    layers: tuple[Layer, ...] = ()
    overrides: tuple[Shift, ...] = ()
    imported: tuple[Shift, ...] = ()
    swaps: tuple[Shift, ...] = ()
    announce: str = ""

    def on_call(self, now: datetime) -> tuple[str, ...]:
        """The ids of those on call at this instant; empty in a gap."""
        for shift in (*reversed(self.overrides), *reversed(self.swaps)):
            if shift.holds(now):
                return shift.people
        calendar = {person for shift in self.imported if shift.holds(now) for person in shift.people}
        if calendar:
            return tuple(sorted(calendar))
        return next((people for layer in reversed(self.layers) if (people := layer.people(now, self.zone))), ())

    def shifts(self, start: datetime, end: datetime) -> tuple[Shift, ...]:
        """Who is on call between two instants, in UTC: stretches that touch, each as long as its people stay the same, gaps too.

        The first and the last are cut at `start` and `end`.
        """
        found: list[Shift] = []
        edges = {start.astimezone(UTC), end.astimezone(UTC), *(edge for edge in self._edges(start, end) if start < edge < end)}
        for left, right in pairwise(sorted(edges)):
            people = self.on_call(left)
            if found and found[-1].people == people:
                left = found.pop().start
            found.append(Shift(start=left, end=right, people=people))
        return tuple(found)

    def gaps(self, start: datetime, end: datetime) -> tuple[Shift, ...]:
        """The stretches (UTC) between two instants when nobody is on call."""
        return tuple(shift for shift in self.shifts(start, end) if not shift.people)

    def next_change(self, now: datetime) -> datetime | None:
        """The next instant (UTC) after `now` at which somebody else, or nobody, is on call; none when that is not within a year."""
        people, start = self.on_call(now), now
        while start < now + _HORIZON:
            for shift in self.shifts(start, start + _STEP):
                if shift.people != people:
                    return shift.start
            start += _STEP
        return None

    def last_change(self, now: datetime) -> datetime | None:
        """Since when (UTC) those on call have been; none when it is for a year or longer."""
        people, end = self.on_call(now), now
        while end > now - _HORIZON:
            for shift in reversed(self.shifts(end - _STEP, end)):
                if shift.people != people:
                    return shift.end
            end -= _STEP
        return None

    def _edges(self, start: datetime, end: datetime) -> Iterator[datetime]:
        for layer in self.layers:
            yield from layer.edges(start, end, self.zone)
        for shift in (*self.imported, *self.swaps, *self.overrides):
            yield from (shift.start.astimezone(UTC), shift.end.astimezone(UTC))
