"""Calendars in and out: recurring events, exceptions, swaps, zones, whole days, strangers, nonsense."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest

from receiver.core.rulebook import Person
from receiver.core.schedule import FIRST_MONDAY, Layer, Rotation, Schedule, Shift
from receiver.rules.ics import MAX_BYTES, CalendarError, expand, read_calendar, write_calendar
from tests.fakes.calendar_server import calendar, event

MOSCOW, BERLIN = ZoneInfo("Europe/Moscow"), ZoneInfo("Europe/Berlin")
START = datetime(2026, 11, 23, tzinfo=UTC)
END = START + timedelta(days=28)
PEOPLE = {
    "anna": Person(id="anna", name="Анна", email="Anna@example.com"),
    "boris": Person(id="boris", name="Борис"),
    "vera": Person(id="vera", name="Вера"),
    "vera2": Person(id="vera2", name="вера"),
}


def shifts(*events: str, zone: ZoneInfo = MOSCOW, start: datetime = START, end: datetime = END) -> list[tuple[str, str, str]]:
    found = expand(calendar(*events), zone, PEOPLE, start, end)
    assert found.notes == ()
    return [(f"{s.start.astimezone(zone):%m-%d %H:%M}", f"{s.end.astimezone(zone):%m-%d %H:%M}", ",".join(s.people)) for s in found.shifts]


WEEK = (";TZID=Europe/Moscow:20261102T100000", ";TZID=Europe/Moscow:20261103T100000")


def test_a_rule_its_exceptions_and_its_swaps_become_plain_shifts():
    weekly = event("anna", *WEEK, "RRULE:FREQ=WEEKLY", "EXDATE;TZID=Europe/Moscow:20261130T100000", uid="1")
    swap = event(
        "Борис", ";TZID=Europe/Moscow:20261208T120000", ";TZID=Europe/Moscow:20261209T120000", "RECURRENCE-ID;TZID=Europe/Moscow:20261207T100000", uid="1"
    )
    assert shifts(weekly, swap) == [
        ("11-23 10:00", "11-24 10:00", "anna"),
        ("12-08 12:00", "12-09 12:00", "boris"),
        ("12-14 10:00", "12-15 10:00", "anna"),
    ]


def test_zones_whole_days_and_floating_times():
    assert shifts(event("anna", ";TZID=America/New_York:20261124T030000", ";TZID=America/New_York:20261124T040000")) == [("11-24 11:00", "11-24 12:00", "anna")]
    assert shifts(event("anna", ":20261124T080000Z", ":20261124T090000Z")) == [("11-24 11:00", "11-24 12:00", "anna")]
    assert shifts(event("anna", ";VALUE=DATE:20261124", ";VALUE=DATE:20261126")) == [("11-24 00:00", "11-26 00:00", "anna")]
    assert shifts(event("anna", ":20261124T080000", ":20261124T090000"), zone=BERLIN) == [("11-24 08:00", "11-24 09:00", "anna")]


@pytest.mark.parametrize(
    ("first", "edges"),
    [
        (date(2026, 3, 28), ["28 01:30", "29 01:00", "30 00:30", "31 00:30"]),  # 02:30 does not exist on the 29th
        (date(2026, 10, 24), ["24 00:30", "25 00:30", "26 01:30", "27 01:30"]),  # and comes twice on 25 October
    ],
)
def test_events_that_touch_on_a_night_the_clocks_change_leave_no_gap(first, edges):
    nightly = event(
        "anna", f";TZID=Europe/Berlin:{first:%Y%m%d}T023000", f";TZID=Europe/Berlin:{first + timedelta(days=1):%Y%m%d}T023000", "RRULE:FREQ=DAILY;COUNT=3"
    )
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC)
    found = expand(calendar(nightly), BERLIN, PEOPLE, begin, begin + timedelta(days=5)).shifts
    assert [f"{s.start:%d %H:%M}" for s in found] == edges[:-1]
    assert [f"{s.end:%d %H:%M}" for s in found] == edges[1:]


def test_attendees_name_people_by_address_or_name_and_rooms_and_those_who_declined_do_not():
    lines = (
        "ATTENDEE;CN=Somebody:mailto:anna@EXAMPLE.com",
        "ATTENDEE;CUTYPE=ROOM;CN=Room 5:mailto:room@example.com",
        "ATTENDEE;PARTSTAT=DECLINED;CN=Борис:mailto:b@example.com",
    )
    assert shifts(event("On call", *WEEK, *lines), start=START - timedelta(days=30)) == [("11-02 10:00", "11-03 10:00", "anna")]
    named = event("On call", *WEEK, "ATTENDEE;CN=Борис:mailto:b@example.com")
    assert shifts(named, start=START - timedelta(days=30)) == [("11-02 10:00", "11-03 10:00", "boris")]


def test_a_summary_may_name_several_and_a_cancelled_event_names_nobody():
    several = event("борис\\, ANNA@example.com", *WEEK, "RRULE:FREQ=WEEKLY;COUNT=4")
    assert [people for _, _, people in shifts(several)] == ["anna,boris"]
    assert shifts(event("anna", *WEEK, "RRULE:FREQ=WEEKLY", "STATUS:CANCELLED")) == []


def test_a_stranger_and_a_name_two_people_share_are_remarks():
    found = expand(calendar(event("Gleb", *WEEK, "RRULE:FREQ=WEEKLY"), event("anna\\, Вера", *WEEK, "RRULE:FREQ=WEEKLY")), MOSCOW, PEOPLE, START, END)
    assert [shift.people for shift in found.shifts] == [("anna",)] * 4
    assert set(found.notes) == {
        '"Gleb" of an event on 2026-11-23 is nobody in people.yaml',
        '"Вера" of an event on 2026-11-23 is nobody in people.yaml',
    }


def test_a_bad_event_is_a_remark_and_spoils_no_other():
    found = expand(
        calendar(event("anna", ":garbage", ":20261124T080000Z"), event("boris", ":20261124T080000Z", ":20261124T090000Z")), MOSCOW, PEOPLE, START, END
    )
    assert [shift.people for shift in found.shifts] == [("boris",)]
    assert found.notes == ("events left out because they cannot be read: 1",)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html>hello</html>",
        b"BEGIN:VCALENDAR\r\n",
        b"BEGIN:VEVENT\r\nEND:VEVENT\r\n",
        b"\xff\xfe\x00",
        b"x" * (MAX_BYTES + 1),
        calendar(event("anna", *WEEK, "RRULE:FREQ=SECONDLY")),
        calendar(event("anna", *WEEK, "RRULE:FREQ=DAILY;BYSECOND=1,2,3")),
        calendar(*[event("anna", *WEEK)] * 2001),
    ],
)
def test_what_is_no_calendar_is_refused(raw):
    with pytest.raises(CalendarError):
        read_calendar(raw)


def test_what_is_written_reads_back_as_the_same_shifts():
    rotation = Rotation(first=FIRST_MONDAY, days=7, minute=150)
    schedule = Schedule(name="primary", where="", zone=BERLIN, layers=(Layer(groups=(("anna",), ("boris",), ("anna", "boris"), ()), rotation=rotation),))
    night = datetime(2026, 10, 1, tzinfo=UTC)
    wanted = schedule.shifts(night, night + timedelta(days=60))
    raw = write_calendar("primary", wanted, PEOPLE, night)
    parsed = icalendar.Calendar.from_ical(raw)
    assert all(not event.errors and "DTSTAMP" in event for event in parsed.walk("VEVENT"))
    assert expand(raw, BERLIN, PEOPLE, night, night + timedelta(days=60)).shifts == tuple(shift for shift in wanted if shift.people)


def test_an_event_keeps_its_id_as_time_goes_by():
    shift = Shift(start=START, end=END, people=("anna",))
    ids = {str(icalendar.Calendar.from_ical(write_calendar("p", [shift], PEOPLE, now)).walk("VEVENT")[0]["UID"]) for now in (START, END)}
    assert len(ids) == 1
    other = write_calendar("p", [Shift(start=START, end=END, people=("boris",))], PEOPLE, START)
    assert str(icalendar.Calendar.from_ical(other).walk("VEVENT")[0]["UID"]) not in ids
