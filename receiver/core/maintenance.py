"""Planned work: while a window lasts, the alerts it matches are muted. Pure; asked by `rulebook` for `decide`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from receiver.core.local import stretch_on
from receiver.core.matcher import Matcher
from receiver.core.recurrence import Recurrence

# A stretch lasts a day at most, but clocks may skip a whole one.
_NEAR = range(-2, 2)


@dataclass(frozen=True, kw_only=True, slots=True)
class OneOff:
    """One stretch of time, its instants aware; the end is not part of it."""

    start: datetime
    end: datetime

    def until(self, now: datetime) -> datetime | None:
        """When the stretch that holds now is over (UTC); none outside it."""
        return self.end if self.start <= now < self.end else None

    def between(self, first: datetime, last: datetime) -> tuple[tuple[datetime, datetime], ...]:
        """The stretches that touch this time, both ends included."""
        return ((self.start, self.end),) if self.start <= last and self.end >= first else ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Recurring:
    """A stretch of local time on every day of a rule; `start` and `end` are minutes of the day, an end not after the start is on the next."""

    rule: Recurrence
    start: int
    end: int
    zone: ZoneInfo

    def until(self, now: datetime) -> datetime | None:
        """When the stretch that holds now is over (UTC); none between two of them."""
        today = now.astimezone(self.zone).date()
        days = (today + timedelta(days=offset) for offset in _NEAR)
        stretches = (stretch_on(day, self.start, self.end, self.zone) for day in days if self.rule.falls_on(day))
        last = self.rule.until_at
        return max((end for start, end in stretches if start <= now < end and (last is None or start <= last)), default=None)

    def between(self, first: datetime, last: datetime) -> tuple[tuple[datetime, datetime], ...]:
        """The stretches that touch this time (UTC), both ends included, the earliest first."""
        day, found = first.astimezone(self.zone).date() - timedelta(days=2), []
        while day <= last.astimezone(self.zone).date() + timedelta(days=1):
            start, end = stretch_on(day, self.start, self.end, self.zone)
            is_within = self.rule.until_at is None or start <= self.rule.until_at
            if self.rule.falls_on(day) and is_within and start < end and start <= last and end >= first:
                found.append((start, end))
            day += timedelta(days=1)
        return tuple(found)


@dataclass(frozen=True, kw_only=True, slots=True)
class MaintenanceWindow:
    """Planned work on what the matchers name; all of them must be met. `component` is the public one customers are told of, or empty."""

    name: str
    where: str
    matchers: tuple[Matcher, ...]
    time: OneOff | Recurring
    component: str = ""

    def takes(self, labels: Mapping[str, str]) -> bool:
        """Say whether an alert with these labels is in its scope."""
        return all(matcher.matches(labels) for matcher in self.matchers)


@dataclass(frozen=True, kw_only=True, slots=True)
class Mute:
    """A window that is under way, and until when (UTC)."""

    window: MaintenanceWindow
    until: datetime


def find_under_way(windows: Iterable[MaintenanceWindow], now: datetime) -> tuple[Mute, ...]:
    """The windows that hold at this instant, the one that lasts longest first."""
    ends = ((window, window.time.until(now)) for window in windows)
    mutes = [Mute(window=window, until=until) for window, until in ends if until is not None]
    return tuple(sorted(mutes, key=lambda mute: mute.until, reverse=True))


def find_mute(mutes: Iterable[Mute], labels: Mapping[str, str]) -> Mute | None:
    """The first of these that takes the labels."""
    return next((mute for mute in mutes if mute.window.takes(labels)), None)
