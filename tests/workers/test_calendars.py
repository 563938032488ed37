"""Calendars kept elsewhere, over real HTTP: a server that dies or lies changes nothing, and new rules get their shifts at once."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from receiver.clients.calendar import KeptCalendars
from receiver.clock import ManualClock
from receiver.engine import Rules
from receiver.rules.load import load_rules
from receiver.telemetry.metrics import registry
from receiver.workers.calendars import Calendars
from tests.builders import NOW
from tests.fakes.calendar_server import Answer, CalendarServer, calendar, event

SCHEDULE = "version: 1\nschedules: {primary: {timezone: Europe/Moscow, layers: [{people: [anna]}], ical: {secret: ON_CALL}}}\n"
FILES = {
    "destinations": "version: 1\ndestinations: {chat: {channel: telegram, chat: 1}}\nfallback: [chat]\n",
    "people": "version: 1\npeople: {anna: {name: Anna}, boris: {name: Boris}, vera: {name: Vera}}\n",
    "routes": "version: 1\nroute: {id: root, destinations: [chat]}\n",
    "schedules": SCHEDULE,
}


def always(name: str) -> Answer:
    return Answer(body=calendar(event(name, ":20261101T000000Z", ":20261102T000000Z", "RRULE:FREQ=DAILY")))


@pytest.fixture
def server() -> Iterator[CalendarServer]:
    with CalendarServer() as made:
        made.answers["/c.ics?token=s3cret"] = always("boris")
        yield made


class Case:
    """The worker on a rule book of its own."""

    def __init__(self, directory: Path, server: CalendarServer) -> None:
        for name, text in FILES.items():
            (directory / f"{name}.yaml").write_text(text)
        self.directory, self.clock, self.rules = directory, ManualClock(NOW), Rules(load_rules(directory))
        self.secrets: dict[str, str] = {"ON_CALL": f"{server.url}/c.ics?token=s3cret"}
        self.worker = self.start()

    def start(self) -> Calendars:
        """A process of its own: nothing in memory."""
        return Calendars(self.rules, self.secrets.get, KeptCalendars(self.directory / "data"), self.clock)

    def who(self) -> list[str]:
        return [person.id for person in self.rules.current.on_call("primary", self.clock.now())]

    def failures(self) -> float:
        return registry.get_sample_value("receiver_calendar_failures_total", {"schedule": "primary"}) or 0.0


@pytest.fixture
def case(tmp_path: Path, server: CalendarServer) -> Case:
    return Case(tmp_path, server)


async def test_a_calendar_is_read_at_start_and_every_15_minutes(case, server):
    assert case.who() == ["anna"]
    await case.worker.turn()
    assert case.who() == ["boris"]
    server.answers["/c.ics?token=s3cret"] = always("vera")
    case.clock.advance(minutes=14)
    await case.worker.turn()
    assert (case.who(), len(server.asked)) == (["boris"], 1)
    case.clock.advance(minutes=1)
    await case.worker.turn()
    assert (case.who(), len(server.asked)) == (["vera"], 2)


@pytest.mark.parametrize("answer", [Answer(503), Answer(body=b"<html>log in</html>"), Answer(302, headers={"location": "http://localhost/"}), None], ids=str)
async def test_a_far_end_that_dies_or_lies_changes_nothing_and_is_counted(case, server, answer, capsys):
    await case.worker.turn()
    before = case.failures()
    if answer is None:
        server.stop()
    else:
        server.answers["/c.ics?token=s3cret"] = answer
    case.clock.advance(hours=30)
    await case.worker.turn()
    assert (case.who(), case.failures()) == (["boris"], before + 1)
    case.rules.current = load_rules(case.directory)
    assert case.who() == ["anna"]
    await case.start().turn()
    assert case.who() == ["boris"]
    assert "s3cret" not in "".join(capsys.readouterr())


async def test_new_rules_get_their_shifts_in_one_turn(case, server):
    await case.worker.turn()
    (case.directory / "people.yaml").write_text(FILES["people"].replace("Vera", "Verochka"))
    fresh = load_rules(case.directory)
    case.rules.current = fresh
    await case.worker.turn()
    assert case.who() == ["boris"]
    assert case.rules.current.version == fresh.version


async def test_rules_without_calendars_are_left_alone(case):
    (case.directory / "schedules.yaml").unlink()
    book = case.rules.current = load_rules(case.directory)
    await case.worker.turn()
    case.clock.advance(hours=1)
    await case.worker.turn()
    assert case.rules.current is book


async def test_a_secret_that_is_missing_is_a_failure_that_says_so(case, capsys):
    case.secrets.clear()
    await case.worker.turn()
    assert case.who() == ["anna"]
    assert "set RECEIVER_SECRET_ON_CALL to its address" in capsys.readouterr().out


async def test_shifts_move_on_with_time(case):
    await case.worker.turn()
    case.clock.advance(hours=24 * 90)
    assert case.who() == ["anna"]
    await case.worker.turn()
    assert case.who() == ["boris"]
    assert case.rules.current.schedules["primary"].imported[-1].end > case.clock.now() + timedelta(days=59)
