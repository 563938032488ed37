"""iCalendar in and out: events become plain shifts of known people, shifts become events. Called by `rules.imported` and `web.oncall`.

An event is about the people among its attendees, else about whom its summary names, by id, name or mail address, parted by commas. A
local time that does not exist is the first valid instant after the gap, one that comes twice is the first.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar, Event, vCalAddress, vText

from receiver.core.errors import ReceiverError
from receiver.core.local import instant_at
from receiver.core.rulebook import Person
from receiver.core.schedule import Shift

MAX_BYTES = 1024 * 1024
_MOST_EVENTS = 2_000
_FINE = ("SECONDLY", "MINUTELY", "HOURLY")
_NOBODY = ("RESOURCE", "ROOM")


class CalendarError(ReceiverError):
    """This is not a calendar we can use; the text is a sentence without its subject's name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Expanded:
    """The shifts of a calendar, and remarks about what in it leads nowhere."""

    shifts: tuple[Shift, ...]
    notes: tuple[str, ...]


def read_calendar(raw: bytes) -> Calendar:
    """Parse a calendar; raises CalendarError when it is none, too large, or repeats so finely that nobody means it."""
    if len(raw) > MAX_BYTES:
        raise CalendarError("it is larger than 1 MiB")
    try:
        calendar = Calendar.from_ical(raw)
    except (ValueError, IndexError, KeyError) as error:
        raise CalendarError("it is not a calendar in iCalendar's format") from error
    if not isinstance(calendar, Calendar):
        raise CalendarError("it is not a calendar in iCalendar's format")
    events = calendar.walk("VEVENT")
    if len(events) > _MOST_EVENTS:
        raise CalendarError(f"it has more than {_MOST_EVENTS} events")
    if any(_is_fine(event) for event in events):
        raise CalendarError("an event of it repeats more often than daily")
    return calendar


def _is_fine(event: Any) -> bool:
    rules = event.get("RRULE", [])
    parts = [rule for rule in (rules if isinstance(rules, list) else [rules]) if isinstance(rule, Mapping)]
    return any(set(rule.get("FREQ", [])) & set(_FINE) or any(len(rule.get(part, [])) > 1 for part in ("BYHOUR", "BYMINUTE", "BYSECOND")) for rule in parts)


def expand(raw: bytes, zone: ZoneInfo, people: Mapping[str, Person], start: datetime, end: datetime) -> Expanded:
    """The shifts that touch the time between two instants, in UTC, in order of their starts; raises CalendarError.

    `zone` is meant where an event names none, and for whole days.
    """
    calendar, known = read_calendar(raw), _names(people)
    bad = sum(bool(event.errors) or "DTSTART" not in event for event in calendar.walk("VEVENT"))
    notes = [f"events left out because they cannot be read: {bad}"] if bad else []
    shifts = []
    try:
        events = recurring_ical_events.of(calendar, skip_bad_series=True).between(start, end)
    except (ValueError, KeyError, TypeError, OverflowError, AttributeError) as error:
        raise CalendarError("its events cannot be put in order") from error
    for event in events:
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            continue
        begins, ends = _instant(event.start, zone), _instant(event.end, zone)
        found, strangers = _whom(event, known)
        notes += [f'"{name}" of an event on {begins.astimezone(zone):%Y-%m-%d} is nobody in people.yaml' for name in strangers]
        if found and begins < ends:
            shifts.append(Shift(start=begins, end=ends, people=found))
    return Expanded(shifts=tuple(sorted(shifts, key=lambda shift: (shift.start, shift.end, shift.people))), notes=_few(notes))


def _few(notes: list[str]) -> tuple[str, ...]:
    """Each person nobody knows once, by the first event."""
    return tuple({note.partition(" of an event")[0]: note for note in reversed(notes)}.values())[::-1]


def _names(people: Mapping[str, Person]) -> dict[str, str]:
    """What an event may call somebody, in lower case; ids win over addresses, and those over names. A name two people share names nobody."""
    names = [person.name.casefold() for person in people.values()]
    known = {person.name.casefold(): person.id for person in people.values() if names.count(person.name.casefold()) == 1}
    known |= {person.email.casefold(): person.id for person in people.values() if person.email}
    return known | {key.casefold(): key for key in people}


def _whom(event: Any, known: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The ids of the people an event is about, and the names that lead nowhere."""
    asked = [words for attendee in _attendees(event) if (words := _attendee(attendee))]
    if not any(_first(words, known) for words in asked):
        summary = str(event.get("SUMMARY", "")).strip()
        asked = [(summary,)] if summary.casefold() in known else [(word.strip(),) for word in summary.split(",") if word.strip()]
    found = [(words[0], _first(words, known)) for words in asked]
    return tuple(sorted({one for _, one in found if one})), tuple(name for name, one in found if not one)


def _attendees(event: Any) -> list[Any]:
    held = event.get("ATTENDEE", [])
    return held if isinstance(held, list) else [held]


def _attendee(attendee: Any) -> tuple[str, ...]:
    """What an attendee is called: address, then name; nothing for a room and for who has declined."""
    params = getattr(attendee, "params", {})
    if str(params.get("CUTYPE", "")).upper() in _NOBODY or str(params.get("PARTSTAT", "")).upper() == "DECLINED":
        return ()
    address = str(attendee)
    address = address[7:] if address.lower().startswith("mailto:") else address
    return (address.strip(), *([str(params["CN"]).strip()] if "CN" in params else []))


def _first(words: Iterable[str], known: Mapping[str, str]) -> str | None:
    return next((known[word.casefold()] for word in words if word.casefold() in known), None)


def _instant(value: date | datetime, zone: ZoneInfo) -> datetime:
    if not isinstance(value, datetime):
        return instant_at(value, 0, zone)
    place = zone if value.tzinfo is None else value.tzinfo
    if not isinstance(place, ZoneInfo):
        return value.astimezone(UTC)
    return instant_at(value.date(), value.hour * 60 + value.minute, place) + timedelta(seconds=value.second)


def write_calendar(name: str, shifts: Iterable[Shift], people: Mapping[str, Person], now: datetime) -> bytes:
    """A calendar with an event for each shift; gaps are left out. The id of an event stays while its schedule, start and people do."""
    calendar = Calendar()
    calendar.add("PRODID", "-//incident-receiver//on call//EN")
    calendar.add("VERSION", "2.0")
    calendar.add("X-WR-CALNAME", name)
    for event in _events(name, shifts, people, now):
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _events(name: str, shifts: Iterable[Shift], people: Mapping[str, Person], now: datetime) -> Iterator[Event]:
    for shift in shifts:
        persons = [people[one] for one in shift.people if one in people]
        if not persons:
            continue
        event = Event()
        event.add("UID", f"{_uid(name, shift.start, shift.people)}@incident-receiver")
        event.add("DTSTAMP", now.replace(microsecond=0))
        event.add("DTSTART", shift.start)
        event.add("DTEND", shift.end)
        event.add("SUMMARY", ", ".join(person.name for person in persons))
        for person in persons if all(person.email for person in persons) else ():  # attendees are read before the summary: all or none
            attendee = vCalAddress(f"mailto:{person.email}")
            attendee.params["CN"] = vText(person.name)
            event.add("ATTENDEE", attendee, encode=False)
        yield event


def _uid(name: str, start: datetime, people: Collection[str]) -> str:
    return hashlib.sha256("\n".join((name, start.isoformat(), *people)).encode()).hexdigest()[:32]
