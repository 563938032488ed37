"""The API and the calendars to subscribe to, through the whole application; and that a served process reads calendars at all."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import icalendar
import pytest

from receiver.rules.ics import expand
from receiver.web.oncall import calendar_path
from tests.builders import NOW, rules_of_chats
from tests.fakes.bot_api import BotApi
from tests.fakes.calendar_server import Answer, CalendarServer, calendar, event
from tests.faults.test_process import Service, service
from tests.harness import Story, redis_server, story

ANNA, BORIS = {"id": "anna", "name": "Анна"}, {"id": "boris", "name": "Борис"}


async def ask(told: Story, **query: str) -> list[dict]:
    answer = await told.http.get("/api/v1/oncall", params=query, headers={"authorization": f"Bearer {told.app.api_token}"})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_api_says_who_is_on_call(tmp_path: Path):
    async with story(tmp_path, RECEIVER_TIMEZONE="Europe/Moscow") as told:
        (now,) = await ask(told)
        assert (now["on_call"], now["until"], now["next"]) == ([], "2026-11-23T10:00:00+03:00", [ANNA])
        (later,) = await ask(told, at="2026-11-30T10:00", schedule="devops-primary", days="1")
        assert (later["on_call"], later["until"], later["next"]) == ([BORIS], "2026-12-07T10:00:00+03:00", [ANNA])
        assert [shift["on_call"] for shift in later["shifts"]] == [[BORIS]]
        headers = {"authorization": f"Bearer {told.app.api_token}"}
        lost = await told.http.get("/api/v1/oncall?at=2026-11-30T09:59:00+03:00", headers=headers)  # the plus arrives as a space
        assert lost.json()[0]["on_call"] == [ANNA]
        assert (await told.http.get("/api/v1/oncall")).status_code == 401
        for query, status in (("at=soon", 400), ("at=9999-12-31", 400), ("schedule=no", 404), ("days=x", 400)):
            assert (await told.http.get(f"/api/v1/oncall?{query}", headers=headers)).status_code == status


async def test_a_calendar_to_subscribe_to_holds_the_shifts_of_60_days(tmp_path: Path):
    async with story(tmp_path) as told:
        (duty,) = await ask(told)
        answer = await told.http.get(duty["calendar"])
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
        events = icalendar.Calendar.from_ical(answer.content).walk("VEVENT")
        assert [str(event["SUMMARY"]) for event in events] == ["Анна", "Борис"] * 4 + ["Анна"]
        book = told.app.rules.current
        schedule = book.schedules["devops-primary"]
        shifts = expand(answer.content, schedule.zone, book.people, NOW, events[-1].end).shifts
        assert shifts == tuple(shift for shift in schedule.shifts(NOW, events[-1].end) if shift.people)
        told.clock.advance(hours=24 * 9)
        again = icalendar.Calendar.from_ical((await told.http.get(duty["calendar"])).content).walk("VEVENT")
        assert [(event["UID"], event.start, event.end) for event in again[:8]] == [(event["UID"], event.start, event.end) for event in events[1:9]]


async def test_a_calendar_needs_its_own_key(tmp_path: Path):
    async with story(tmp_path) as told:
        right = calendar_path("k" * 32, "devops-primary")
        other = urlsplit(calendar_path("k" * 32, "devops-secondary")).query
        assert (await told.http.get(right)).status_code == 200
        path = urlsplit(right).path
        for wrong in (
            path,
            f"{path}?key=",
            f"{path}?{other}",
            f"{right}0",
            f"{path}?key=%D1%84",
            right.replace(".ics", ""),
            f"/oncall/devops-secondary.ics?{other}",
        ):
            answer = await told.http.get(wrong)
            assert (answer.status_code, answer.json()["detail"]) == (404, "no such calendar"), wrong


async def until_read(served: Service, server: CalendarServer, wanted: list[dict]) -> list[dict]:
    """What the API says once the calendar was asked for and these people are on call."""
    async with httpx.AsyncClient(trust_env=False, headers={"authorization": f"Bearer {'t' * 20}"}) as http:
        for _ in range(1200):
            found = (await http.get(f"{served.url}/api/v1/oncall")).json()
            if server.asked and found[0]["on_call"] == wanted:
                return found
            await asyncio.sleep(0.05)
    raise TimeoutError(f"{found}:\n{served.log.read_text()[-2000:]}")


@pytest.mark.parametrize("status", [200, 503])
async def test_a_served_process_reads_calendars(tmp_path: Path, status: int):
    directory = rules_of_chats(tmp_path / "rules")
    (directory / "schedules.yaml").write_text("version: 1\nschedules: {primary: {timezone: UTC, layers: [{people: [boris]}], ical: {secret: ON_CALL}}}\n")
    always = calendar(event("anna", ":20200101T000000Z", ":20200102T000000Z", "RRULE:FREQ=DAILY"))
    with CalendarServer() as server, redis_server(tmp_path) as url:
        server.answers["/s3cret-calendar.ics"] = Answer(status, body=always)
        environ = {
            "RECEIVER_RULES_DIR": str(directory),
            "RECEIVER_SECRET_ON_CALL": f"{server.url}/s3cret-calendar.ics",
            "RECEIVER_API_TOKEN": "t" * 20,
            "RECEIVER_REDIS_URL": url,
            "RECEIVER_SECRET_KEY": "k" * 32,
        }
        async with BotApi() as api, service(tmp_path, api, **environ) as served:
            await served.until("/readyz", 200)
            wanted = [ANNA] if status == 200 else [BORIS]
            found = await until_read(served, server, wanted)
            assert found[0]["schedule"] == "primary"
            assert ("calendar not read" in served.log.read_text()) is (status != 200)
            assert "s3cret-calendar" not in served.log.read_text()
