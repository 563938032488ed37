"""Schedules as they are read from files: what each key means, what is refused, and the remarks about time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from receiver.cli.rules import check
from receiver.core.rulebook import PageStep, RuleBook
from receiver.rules.imported import coverage, import_calendars
from receiver.rules.load import RulesError, load_rules
from tests.builders import rules_of_chats
from tests.fakes.calendar_server import calendar, event

SHIPPED = Path(__file__).parents[2] / "routing_rules"
FILES = {
    "destinations": "version: 1\ndestinations: {chat: {channel: telegram, chat: 1}}\nfallback: [chat]\n",
    "people": "version: 1\npeople: {anna: {name: Anna}, boris: {name: Boris}, vera: {name: Vera}}\nteams: {devops: [anna, boris]}\n",
    "routes": "version: 1\nroute: {id: root, destinations: [chat]}\n",
}


def load(directory: Path, *parts: str, zone: str = "Europe/Moscow", people: str = FILES["people"]) -> RuleBook:
    schedule = "".join(f"    {part}\n" for part in parts)
    text = f"version: 1\nschedules:\n  primary:\n    timezone: {zone}\n{schedule}"
    for name, content in {**FILES, "people": people, "schedules": text}.items():
        (directory / f"{name}.yaml").write_text(content, "utf-8")
    return load_rules(directory)


def faults(directory: Path, *parts: str) -> list[str]:
    with pytest.raises(RulesError) as caught:
        load(directory, *parts)
    return [str(fault).removeprefix("schedules.yaml:") for fault in caught.value.faults]


def on_call(book: RuleBook, instant: str) -> list[str]:
    return [person.id for person in book.on_call("primary", datetime.fromisoformat(instant))]


def test_a_person_has_addresses_and_steps_and_a_team_its_people(tmp_path: Path) -> None:
    people = (
        "version: 1\npeople: {anna: {name: Anna, telegram: 1, email: a@example.com, phone: '+7 900', page_by: [{channel: telegram}, {channel: sms, after: 4m}]}}\n"
        "teams: {devops: [anna]}\n"
    )
    book = load(tmp_path, "layers: [{people: [devops]}]", people=people)
    anna = book.people["anna"]
    steps = (PageStep(channel="telegram"), PageStep(channel="sms", after=timedelta(minutes=4)))
    assert (anna.email, anna.phone, anna.page_by) == ("a@example.com", "+7 900", steps)
    assert book.teams == {"devops": ("anna",)}
    assert book.on_call("primary", datetime(2026, 1, 1, tzinfo=UTC)) == (anna,)
    assert book.on_call("no such schedule", datetime(2026, 1, 1, tzinfo=UTC)) == ()


def test_a_weekly_rotation_that_starts_within_a_week_has_a_shorter_first_turn(tmp_path: Path) -> None:
    book = load(tmp_path, 'layers: [{people: [anna, boris, vera], rotate: weekly, handoff: {day: monday, time: "10:00"}, starts: 2026-11-25}]')
    assert on_call(book, "2026-11-25T09:59+03:00") == []
    assert on_call(book, "2026-11-25T10:00+03:00") == ["anna"]
    assert on_call(book, "2026-11-30T09:59+03:00") == ["anna"]
    assert on_call(book, "2026-11-30T10:00+03:00") == ["boris"]
    assert on_call(book, "2026-12-07T10:00+03:00") == ["vera"]


@pytest.mark.parametrize(
    ("turns", "changes"),
    [
        ("rotate: daily, every: 3, starts: 2026-11-23", ["11-26 00:00", "11-29 00:00"]),
        ('rotate: weekly, every: 2, handoff: {day: friday, time: "18:00"}, starts: 2026-11-23', ["12-04 18:00", "12-18 18:00"]),
        ("rotate: daily", ["11-24 00:00", "11-25 00:00"]),
        ("rotate: weekly, handoff: {day: sunday}", ["11-29 00:00", "12-06 00:00"]),
    ],
)
def test_turns_of_days_and_weeks(tmp_path: Path, turns: str, changes: list[str]) -> None:
    schedule = load(tmp_path, f"layers: [{{people: [anna, boris], {turns}}}]").schedules["primary"]
    shifts = schedule.shifts(datetime(2026, 11, 23, 15, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC))
    assert [f"{shift.end.astimezone(schedule.zone):%m-%d %H:%M}" for shift in shifts[:2]] == changes
    assert {shift.people for shift in shifts} == {("anna",), ("boris",)}


def test_a_rotation_without_a_first_day_counts_from_a_fixed_monday(tmp_path: Path) -> None:
    book = load(tmp_path, 'layers: [{people: [anna, boris], rotate: weekly, handoff: {day: wednesday, time: "10:00"}}]')
    assert on_call(book, "2024-01-03T10:00+03:00") == ["anna"]
    assert on_call(book, "2024-01-03T09:59+03:00") == ["boris"]


def test_a_layer_without_turns_has_everybody_and_a_team_takes_a_turn_together(tmp_path: Path) -> None:
    assert on_call(load(tmp_path, "layers: [{people: [vera, devops]}]"), "2026-11-23T00:00+00:00") == ["vera", "anna", "boris"]
    turns = load(tmp_path, "layers: [{people: [devops, vera], rotate: daily, starts: 2026-11-23}]")
    assert on_call(turns, "2026-11-23T12:00+03:00") == ["anna", "boris"]
    assert on_call(turns, "2026-11-24T12:00+03:00") == ["vera"]


def test_an_override_is_in_the_schedules_zone_unless_it_has_an_offset(tmp_path: Path) -> None:
    book = load(
        tmp_path,
        "layers: [{people: [anna]}]",
        "overrides:",
        '  - {person: boris, from: "2026-12-31T18:00", to: "2027-01-01T12:00"}',
        '  - {person: vera, from: "2026-12-31T20:00Z", to: "2026-12-31T21:00Z"}',
    )
    assert on_call(book, "2026-12-31T17:59+03:00") == ["anna"]
    assert on_call(book, "2026-12-31T18:00+03:00") == ["boris"]
    assert on_call(book, "2026-12-31T20:30+00:00") == ["vera"]
    assert on_call(book, "2027-01-01T11:59+03:00") == ["boris"]
    assert on_call(book, "2027-01-01T12:00+03:00") == ["anna"]


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ("layers: [{people: [anna], every: 2}]", "this layer counts turns but does not rotate"),
        ('layers: [{people: [anna], rotate: daily, handoff: {day: monday, time: "10:00"}}]', "a daily rotation hands over on every day"),
        ('layers: [{people: [anna], rotate: daily, handoff: {time: "24:00"}}]', "no hand-off is at 24:00"),
        ("layers: [{people: [anna], rotate: daily, every: 0}]", "0 is too small, write 1 or more"),
        ("layers: [{people: [gleb]}]", 'there is no person or team "gleb"'),
        ('overrides: [{person: devops, from: "2026-12-31T18:00", to: "2027-01-01T12:00"}]', 'there is no person "devops"'),
        ('overrides: [{person: anna, from: "2026-12-31T18:00", to: "2026-12-31T18:00"}]', "this ends before it begins"),
        ('overrides: [{person: anna, from: "2026-12-31T18:00Z", to: "2027-01-01T12:00"}]', "one of from and to has an offset"),
        ("ical: {}", "this calendar has no place, or two"),
        ("ical: {secret: A, file: a.ics}", "this calendar has no place, or two"),
        ("ical: {file: a.ics}", '"a.ics" cannot be read (No such file or directory), put it beside schedules.yaml'),
        ("ical: {file: ../a.ics}", '"../a.ics": it is not inside the rules directory'),
        ("ical: {file: people.yaml}", '"people.yaml": it is not a calendar in iCalendar\'s format'),
    ],
)
def test_what_has_no_meaning_is_a_fault_with_its_line(tmp_path: Path, part: str, says: str) -> None:
    said = faults(tmp_path, part, *([] if part.startswith("layers") else ["layers: [{people: [anna]}]"]))
    assert len(said) == 1
    assert said[0].startswith("5:")
    assert says in said[0]


def test_a_calendar_file_gives_shifts_remarks_and_a_version(tmp_path: Path) -> None:
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    week = (";TZID=Europe/Moscow:20261123T100000", ";TZID=Europe/Moscow:20261124T100000", "RRULE:FREQ=WEEKLY")
    (tmp_path / "on-call.ics").write_bytes(calendar(event("Boris", *week), event("Gleb", *week)))
    loaded = load(tmp_path, "layers: [{people: [anna]}]", "ical: {file: on-call.ics}")
    assert on_call(loaded, "2026-11-23T12:00+00:00") == ["anna"]
    found = import_calendars(loaded, lambda _: None, now)
    assert on_call(found.book, "2026-11-23T12:00+00:00") == ["boris"]
    assert on_call(found.book, "2026-11-24T12:00+00:00") == ["anna"]
    assert found.notes == ('schedules.yaml:3: calendar of primary: "Gleb" of an event on 2026-11-23 is nobody in people.yaml',)
    (tmp_path / "on-call.ics").write_bytes(calendar(event("Vera", *week)))
    assert load_rules(tmp_path).version != loaded.version


def test_gaps_of_the_next_30_days_are_told_in_the_schedules_zone(tmp_path: Path) -> None:
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    days = 'layers: [{people: [anna], hours: [{days: [mon, tue, wed, thu, fri], from: "00:00", to: "24:00"}]}]'
    assert coverage(load(tmp_path, days), now) == (
        "schedules.yaml:3: nobody is on call in primary from 2026-11-28 00:00+03:00 to 2026-11-30 00:00+03:00",
        "schedules.yaml:3: nobody is on call in primary from 2026-12-05 00:00+03:00 to 2026-12-07 00:00+03:00",
        "schedules.yaml:3: nobody is on call in primary from 2026-12-12 00:00+03:00 to 2026-12-14 00:00+03:00",
        "schedules.yaml:3: nobody is on call in primary 4 times in all in the next 30 days",
    )
    assert coverage(load(tmp_path, "layers: [{people: [anna]}]"), now) == ()
    late = coverage(load(tmp_path, "layers: [{people: [anna], starts: 2026-11-24}]"), now)
    assert late == ("schedules.yaml:3: nobody is on call in primary from 2026-11-23 15:00+03:00 to 2026-11-24 00:00+03:00",)


def test_a_schedule_whose_calendar_was_never_read_is_not_blamed_for_gaps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    loaded = load(tmp_path, "ical: {secret: ON_CALL}")
    found = import_calendars(loaded, lambda _: None, now)
    assert coverage(found.book, now) == ()
    assert found.notes == ("schedules.yaml:3: the calendar of primary has not been read yet, its address is RECEIVER_SECRET_ON_CALL",)
    assert coverage(import_calendars(loaded, lambda _: calendar(), now).book, now) == ("schedules.yaml:3: nobody is on call in primary in the next 30 days",)
    assert import_calendars(loaded, lambda _: b"<html>", now).notes == (
        "schedules.yaml:3: the calendar of primary cannot be used: it is not a calendar in iCalendar's format",
    )
    assert check(tmp_path, False, now=now) == 0
    assert "note: schedules.yaml:3: the calendar of primary has not been read yet" in capsys.readouterr().out


def test_the_shipped_schedule_has_no_gaps(capsys: pytest.CaptureFixture[str]) -> None:
    book = load_rules(SHIPPED)
    assert [person.id for person in book.on_call("devops-primary", datetime(2026, 11, 24, tzinfo=UTC))] == ["anna"]
    assert [person.id for person in book.on_call("devops-primary", datetime(2026, 11, 30, 7, tzinfo=UTC))] == ["boris"]
    assert check(SHIPPED, False, now=datetime(2026, 11, 24, tzinfo=UTC)) == 0
    assert "note" not in capsys.readouterr().out


def test_a_gap_is_said_when_rules_are_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(rules_of_chats(tmp_path / "rules"), False, now=datetime(2026, 11, 23, tzinfo=UTC)) == 0
    said = "note: schedules.yaml:4: nobody is on call in devops-primary from 2026-11-23 03:00+03:00 to 2026-11-23 10:00+03:00\n"
    assert capsys.readouterr().out.startswith(said)
