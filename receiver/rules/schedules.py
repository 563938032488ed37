"""Builds schedules from entries that were found right, and reads the calendar files beside them. Called by `rules.load` and `rules.build`."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from receiver.core.local import instant_at, parse_clock
from receiver.core.rulebook import CalendarLink
from receiver.core.schedule import FIRST_MONDAY, Layer, Rotation, Schedule, Shift
from receiver.core.window import Window
from receiver.rules.calendar import build_span
from receiver.rules.ics import MAX_BYTES, CalendarError, read_calendar
from receiver.rules.schema import PeopleFile
from receiver.rules.schema_schedules import Handoff, Override, SchedulesFile
from receiver.rules.schema_schedules import Layer as LayerEntry
from receiver.rules.schema_schedules import Schedule as ScheduleEntry
from receiver.rules.yaml import Document

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def build_schedules(file: SchedulesFile, people: PeopleFile, document: Document) -> dict[str, Schedule]:
    """The schedules of schedules.yaml by name; `document` gives the lines."""
    return {name: _schedule(name, entry, people, document) for name, entry in file.schedules.items()}


def _schedule(name: str, entry: ScheduleEntry, people: PeopleFile, document: Document) -> Schedule:
    zone = ZoneInfo(entry.timezone)
    return Schedule(
        name=name,
        where=f"schedules.yaml:{document.keys[('schedules', name)][0]}",
        zone=zone,
        layers=tuple(_layer(layer, people, zone) for layer in entry.layers),
        overrides=tuple(_override(override, zone) for override in entry.overrides),
        announce=entry.announce or "",
    )


def _layer(entry: LayerEntry, people: PeopleFile, zone: ZoneInfo) -> Layer:
    groups = tuple((name,) if name in people.people else tuple(dict.fromkeys(people.teams.get(name, ()))) for name in entry.people)
    handoff = entry.handoff or Handoff()
    minute = parse_clock(handoff.time)
    starts = date.fromisoformat(entry.starts) if entry.starts else None
    return Layer(
        groups=groups if entry.rotate else (tuple(dict.fromkeys(person for group in groups for person in group)),),
        rotation=_rotation(entry, handoff, starts) if entry.rotate else None,
        since=instant_at(starts, minute, zone) if starts else None,
        hours=Window(name="", zone=zone, spans=tuple(build_span(span) for span in entry.hours)) if entry.hours else None,
    )


def _rotation(entry: LayerEntry, handoff: Handoff, starts: date | None) -> Rotation:
    """The first turn is the one that holds the day it starts, so a start within a week makes a shorter first turn."""
    minute, first = parse_clock(handoff.time), starts or FIRST_MONDAY
    if entry.rotate == "daily":
        return Rotation(first=first, days=entry.every, minute=minute)
    weekday = DAYS.index(handoff.day)
    since = (first.weekday() - weekday) % 7 if starts else -weekday
    return Rotation(first=first - timedelta(days=since), days=7 * entry.every, minute=minute)


def _override(entry: Override, zone: ZoneInfo) -> Shift:
    return Shift(start=_instant(entry.start, zone), end=_instant(entry.end, zone, is_end=True), people=(entry.person,))


def _instant(text: str, zone: ZoneInfo, *, is_end: bool = False) -> datetime:
    given = datetime.fromisoformat(text)
    if given.tzinfo:
        return given.astimezone(UTC)
    seconds = timedelta(seconds=given.second, microseconds=given.microsecond)
    return instant_at(given.date(), given.hour * 60 + given.minute, zone, is_end=is_end) + seconds


def read_calendar_files(directory: Path, file: SchedulesFile, document: Document) -> dict[str, bytes]:
    """The content of every calendar file by its schedule; one that cannot be used is a fault of the document."""
    found: dict[str, bytes] = {}
    for name, entry in file.schedules.items():
        if entry.ical is None or entry.ical.file is None:
            continue
        try:
            found[name] = _read(directory, entry.ical.file)
            read_calendar(found[name])
        except CalendarError as error:
            document.fault_at(("schedules", name, "ical", "file"), f'"{entry.ical.file}": {error}', "export it again as iCalendar (.ics)")
        except OSError as error:
            document.fault_at(("schedules", name, "ical", "file"), f'"{entry.ical.file}" cannot be read ({error.strerror})', "put it beside schedules.yaml")
    return found


def _read(directory: Path, name: str) -> bytes:
    path = (directory / name).resolve()
    if not path.is_relative_to(directory.resolve()):
        raise CalendarError("it is not inside the rules directory")
    with path.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)


def build_links(file: SchedulesFile, contents: Mapping[str, bytes]) -> dict[str, CalendarLink]:
    """Where the calendars of schedules come from, with the content of those that are files."""
    return {name: CalendarLink(secret=entry.ical.secret or "", raw=contents.get(name)) for name, entry in file.schedules.items() if entry.ical is not None}
