"""When what a route collects is told: one message at a time of the day instead of one for each incident. Pure; kept in a route's snapshot.

What is collected, and what becomes of it, stands in `collection`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from receiver.core.local import instant_at

WEEK = 7
EVERY_DAY = tuple(range(WEEK))


@dataclass(frozen=True, kw_only=True, slots=True)
class Collect:
    """At `minute` of these `days` (0 is Monday) by the clocks of `zone` (of the destination, or the installation, where empty)."""

    minute: int
    days: tuple[int, ...] = EVERY_DAY
    zone: str = ""


def period(collect: Collect, now: datetime, zone: str) -> tuple[datetime, datetime]:
    """The last whole period up to `now`, from one due time to the next, in UTC; `zone` is that of the destination."""
    return _due(collect, now, zone, -2), _due(collect, now, zone, -1)


def next_due(collect: Collect, now: datetime, zone: str) -> datetime:
    """The first due time (UTC) after `now`."""
    return _due(collect, now, zone, 0)


def _due(collect: Collect, now: datetime, zone: str, which: int) -> datetime:
    """Of all due times in order: the first after `now` for 0, the last up to it for -1, the one before that for -2."""
    there = ZoneInfo(collect.zone or zone)
    today = now.astimezone(there).date()
    days = (today + timedelta(days=n) for n in range(-2 * WEEK, WEEK + 1))
    due = [instant_at(day, collect.minute, there) for day in days if day.weekday() in collect.days]
    return due[sum(at <= now for at in due) + which]
