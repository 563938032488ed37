"""`receiver oncall` as people run it: from the rules directory, with no service running."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from receiver.cli.main import main
from tests.builders import rules_of_chats
from tests.fakes.calendar_server import Answer, CalendarServer, calendar, event


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("RECEIVER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("RECEIVER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("RECEIVER_TIMEZONE", "Europe/Moscow")
    monkeypatch.setenv("RECEIVER_RULES_DIR", str(rules_of_chats(tmp_path.parent / f"{tmp_path.name}-rules")))


def rules(directory: Path, schedules: str) -> Path:
    rules_of_chats(directory)
    (directory / "schedules.yaml").write_text(schedules, "utf-8")
    return directory


def test_who_is_on_call_until_when_and_who_is_next(capsys):
    assert main(["oncall", "--at", "2026-11-24T12:00"]) == 0
    assert capsys.readouterr().out == ("devops-primary\n  now   Анна (anna) until 2026-11-30 10:00+03:00\n  next  Борис (boris) until 2026-12-07 10:00+03:00\n")


def test_a_gap_is_nobody_and_days_list_the_shifts(capsys, monkeypatch):
    monkeypatch.setenv("RECEIVER_TIMEZONE", "UTC")
    assert main(["oncall", "--at", "2026-11-23T09:00+03:00", "--days", "8"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "devops-primary",
        "  now   nobody until 2026-11-23 07:00+00:00",
        "  next  Анна (anna) until 2026-11-30 07:00+00:00",
        "  2026-11-23 06:00+00:00  2026-11-23 07:00+00:00  nobody",
        "  2026-11-23 07:00+00:00  2026-11-30 07:00+00:00  Анна (anna)",
        "  2026-11-30 07:00+00:00  2026-12-01 06:00+00:00  Борис (boris)",
    ]


def test_as_json(capsys):
    assert main(["oncall", "--at", "2026-11-24T12:00+03:00", "--days", "1", "--json"]) == 0
    anna, boris = {"id": "anna", "name": "Анна"}, {"id": "boris", "name": "Борис"}
    assert json.loads(capsys.readouterr().out) == [
        {
            "schedule": "devops-primary",
            "timezone": "Europe/Moscow",
            "on_call": [anna],
            "until": "2026-11-30T10:00:00+03:00",
            "next": [boris],
            "next_until": "2026-12-07T10:00:00+03:00",
            "shifts": [{"start": "2026-11-24T12:00:00+03:00", "end": "2026-11-25T12:00:00+03:00", "on_call": [anna]}],
        }
    ]


def test_without_schedules_it_says_what_to_do(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("RECEIVER_RULES_DIR", str(rules(tmp_path, "version: 1\nschedules: {}\n")))
    assert main(["oncall"]) == 0
    assert capsys.readouterr().out == (
        f"there are no schedules: write {tmp_path}/schedules.yaml (docs/on-call.md shows how), then run `receiver rules check`\n"
    )
    assert main(["oncall", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--schedule", "devops-primry"], 'there is no schedule "devops-primry", did you mean "devops-primary"?\n'),
        (["--at", "soon"], '"soon" is not an instant, write it like 2026-11-30T10:00 or with an offset, 2026-11-30T10:00+03:00\n'),
        (["--at", "9999-12-31"], '"9999-12-31" is not an instant, write it like 2026-11-30T10:00 or with an offset, 2026-11-30T10:00+03:00\n'),
    ],
)
def test_a_question_without_meaning_is_answered_with_what_to_write(capsys, words, says):
    assert main(["oncall", *words]) == 1
    assert capsys.readouterr().err == says


def test_the_doctor_reads_calendars_and_says_which_fail(tmp_path):
    schedules = "version: 1\nschedules: {primary: {timezone: Europe/Moscow, ical: {secret: ON_CALL}}}\n"
    directory = rules(tmp_path, schedules)
    week = event("anna", ":20200101T000000Z", ":20200102T000000Z", "RRULE:FREQ=DAILY", "ATTENDEE;CN=Gleb:mailto:gleb@example.com")
    with CalendarServer() as server:
        server.answers["/a.ics"] = Answer(body=calendar(week))
        environ = {**os.environ, "RECEIVER_RULES_DIR": str(directory), "RECEIVER_SECRET_ON_CALL": f"{server.url}/a.ics"}
        words = [sys.executable, "-m", "receiver"]
        good = subprocess.run([*words, "doctor"], env=environ, capture_output=True, text=True, check=False)
        server.answers.clear()
        bad = subprocess.run([*words, "doctor"], env=environ, capture_output=True, text=True, check=False)
        without = subprocess.run([*words, "oncall", "--schedule", "primary"], env=environ, capture_output=True, text=True, check=False)
    assert "ok    calendars: primary: read" in good.stdout, good.stdout + good.stderr
    assert '"gleb@example.com" of an event' not in good.stdout
    assert bad.returncode == 1
    assert "FAULT calendars: primary: HTTP 404, its last good copy holds" in bad.stdout
    assert "on call: schedules.yaml" not in good.stdout
    assert without.stdout == "primary\n  now   Анна (anna) until " + without.stdout.partition("until ")[2]
