"""Puts the shifts of calendars into a rule book, and says what schedules lack. The rules themselves stay free of time: both need `now`.

Called by the worker that reads calendars again and again, and by the commands that look at a rules directory.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from receiver.core.rulebook import RuleBook
from receiver.core.schedule import Schedule, Shift
from receiver.rules.ics import CalendarError, expand

BEFORE, AHEAD = timedelta(days=1), timedelta(days=60)
LOOK = timedelta(days=30)
_MOST_GAPS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """A rule book with the shifts of its calendars, and remarks about these."""

    book: RuleBook
    notes: tuple[str, ...]


def import_calendars(book: RuleBook, kept: Callable[[str], bytes | None], now: datetime) -> Imported:
    """Give every schedule the shifts of its calendar from a day before `now` to 60 days after it.

    `kept` has the last good copy of a calendar that lies elsewhere, by its schedule; without one the schedule does without.
    """
    schedules, calendars, notes = dict(book.schedules), dict(book.calendars), list[str]()
    for name, link in book.calendars.items():
        schedule, raw = book.schedules[name], kept(name) if link.secret else link.raw
        if raw is None:
            notes.append(f"{schedule.where}: the calendar of {name} has not been read yet, its address is RECEIVER_SECRET_{link.secret}")
            continue
        try:
            found = expand(raw, schedule.zone, book.people, now - BEFORE, now + AHEAD)
        except CalendarError as error:
            notes.append(f"{schedule.where}: the calendar of {name} cannot be used: {error}")
            continue
        schedules[name], calendars[name] = replace(schedule, imported=found.shifts), replace(link, raw=raw)
        notes += [f"{schedule.where}: calendar of {name}: {note}" for note in found.notes]
    return Imported(book=replace(book, schedules=schedules, calendars=calendars), notes=tuple(notes))


def coverage(book: RuleBook, now: datetime) -> tuple[str, ...]:
    """Remarks about the times of the next 30 days when nobody is on call; a schedule whose calendar was never read is not blamed."""
    found: list[str] = []
    for name, schedule in book.schedules.items():
        link = book.calendars.get(name)
        if link is None or link.raw is not None:
            found += _holes(schedule, schedule.gaps(now, now + LOOK), now + LOOK)
    return tuple(found)


def _holes(schedule: Schedule, gaps: tuple[Shift, ...], last: datetime) -> list[str]:
    lead = f"{schedule.where}: nobody is on call in {schedule.name}"
    if len(gaps) == 1 and gaps[0].end - gaps[0].start == LOOK:
        return [f"{lead} in the next 30 days"]
    said = [f"{lead} from {_local(gap.start, schedule)} to {_until(gap, schedule, last)}" for gap in gaps[:_MOST_GAPS]]
    return [*said, f"{lead} {len(gaps)} times in all in the next 30 days"] if len(gaps) > _MOST_GAPS else said


def _until(gap: Shift, schedule: Schedule, last: datetime) -> str:
    return "the end of the next 30 days" if gap.end >= last else _local(gap.end, schedule)


def _local(instant: datetime, schedule: Schedule) -> str:
    return instant.astimezone(schedule.zone).isoformat(sep=" ", timespec="minutes")
