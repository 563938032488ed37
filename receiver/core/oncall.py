"""Who is on call now, until when, and who is next: what people ask of schedules. Pure; asked by `cli.oncall` and `web.oncall`."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from receiver.core.errors import ReceiverError
from receiver.core.rulebook import Person, RuleBook
from receiver.core.schedule import Schedule, Shift

_PLUS_LOST = re.compile(r"(.*T.*) (\d\d:\d\d)")
_YEARS = range(2000, 2100)


class InstantError(ReceiverError):
    """This is not an instant; the text says what to write."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Duty:
    """One schedule at one instant. `until` and `next_until` (UTC) are none when nothing changes within a year; no `people` is a gap."""

    schedule: Schedule
    people: tuple[Person, ...]
    until: datetime | None
    next: tuple[Person, ...]
    next_until: datetime | None


def read_at(text: str, zone: ZoneInfo) -> datetime:
    """The instant (UTC) somebody asks about, in this zone when it has no offset; raises InstantError."""
    lost = _PLUS_LOST.fullmatch(text)  # a plus sign in a web address arrives as a space
    try:
        instant = datetime.fromisoformat(f"{lost[1]}+{lost[2]}" if lost else text)
    except ValueError:
        instant = None
    if instant is None or instant.year not in _YEARS:
        raise InstantError(f'"{text[:40]}" is not an instant, write it like 2026-11-30T10:00 or with an offset, 2026-11-30T10:00+03:00')
    return (instant if instant.tzinfo else instant.replace(tzinfo=zone)).astimezone(UTC)


def find_duty(book: RuleBook, schedule: Schedule, now: datetime) -> Duty:
    """Who is on call by a schedule at this instant, and what comes then."""
    until = schedule.next_change(now)
    return Duty(
        schedule=schedule,
        people=book.on_call(schedule.name, now),
        until=until,
        next=book.on_call(schedule.name, until) if until else (),
        next_until=schedule.next_change(until) if until else None,
    )


def upcoming(schedule: Schedule, now: datetime, span: timedelta) -> tuple[Shift, ...]:
    """The shifts that are under way or begin within the span, each whole, as far as it changes within a year."""
    shifts = schedule.shifts(now, now + span)
    first = schedule.last_change(now) or now.replace(hour=0, minute=0, second=0, microsecond=0)
    last = schedule.next_change(shifts[-1].start) or shifts[-1].end
    whole = (Shift(start=first, end=shifts[0].end, people=shifts[0].people), *shifts[1:])
    return (*whole[:-1], Shift(start=whole[-1].start, end=last, people=whole[-1].people))


def describe(duty: Duty, zone: ZoneInfo) -> dict[str, Any]:
    """A duty as JSON has it; instants as RFC 3339 in this zone."""
    return {
        "schedule": duty.schedule.name,
        "timezone": duty.schedule.zone.key,
        "on_call": [_person(person) for person in duty.people],
        "until": _text(duty.until, zone),
        "next": [_person(person) for person in duty.next],
        "next_until": _text(duty.next_until, zone),
    }


def describe_shifts(book: RuleBook, shifts: tuple[Shift, ...], zone: ZoneInfo) -> list[dict[str, Any]]:
    """Shifts as JSON has them; nobody in a gap."""
    return [
        {"start": _text(shift.start, zone), "end": _text(shift.end, zone), "on_call": [_person(person) for person in book.named(shift.people)]}
        for shift in shifts
    ]


def _person(person: Person) -> dict[str, str]:
    return {"id": person.id, "name": person.name}


def _text(instant: datetime | None, zone: ZoneInfo) -> str | None:
    return instant.astimezone(zone).isoformat(timespec="seconds") if instant else None
