"""What a route collects: nobody is written to one by one, one message comes at its time, whoever restarts and however many replicas there are."""

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest

from receiver.app.looking_back import collector
from receiver.app.run import _workers
from tests.builders import NOW, rules_files, wire
from tests.harness import ADMINS, DEVOPS, Story, story

GOLDEN = Path(__file__).parent.parent / "golden" / "collected"
ROUTES = """version: 1
route:
  id: root
  group_by: [service, environment]
  group_wait: 10s
  destinations: [admin-chat]
  routes:
    - {id: critical, matchers: ['severity="critical"'], destinations: [devops]}
    - {id: low, matchers: ['severity="info"'], collect: {at: "09:00"}}
noise: {storm: {incidents: 1000000}}
"""


def rules(directory: Path, language: str = "en") -> Path:
    found = rules_files(directory, routes=ROUTES)
    places = found / "destinations.yaml"
    text = places.read_text("utf-8").replace("chat: -1001000000001, language: en", f"chat: -1001000000001, language: {language}")
    places.write_text(text, "utf-8")
    return found


async def turn(s: Story) -> None:
    """Every replica looks, twice; the second time as a process that has just begun."""
    for _ in range(2):
        for app in s.apps:
            await collector(app).turn()
    await s.settle()


def info(name: str, **about: object) -> dict[str, object]:
    said = wire("a", service=name, severity="info", alertname="DiskLater", **about)
    said["annotations"] = {"summary": "70 % of the disk is used", "summary_ru": "диск занят на 70 %"}
    return said


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_three_low_incidents_are_one_message_at_nine(tmp_path, language):
    async with story(tmp_path, replicas=2, rules=rules(tmp_path / "rules", language)) as s:
        for n, name in enumerate(("shop-api", "crm-api", "mes-api")):
            await s.fire(info(name), replica=n % 2)
        await s.advance(seconds=10)
        await s.fire(info("crm-api", status="resolved", ended=NOW + timedelta(minutes=30)))
        await s.advance(hours=1)
        await turn(s)
        await s.expect_nothing()
        await s.advance(hours=5)  # 09:02 UTC
        await turn(s)
        told = await s.expect(ADMINS, "📋")
        assert len(re.findall(r"INC-\d+", told.text)) == 3
        await turn(s)
        await s.expect_nothing()
        text = re.sub(r"INC-\d+", "INC-n", told.text) + "\n"
        path = GOLDEN / f"three.{language}.txt"
        if os.environ.get("UPDATE_GOLDEN"):
            path.write_text(text, "utf-8")
        assert text == path.read_text("utf-8")
        await s.advance(hours=24)
        await turn(s)
        await s.expect_nothing()  # nothing happened


async def test_what_gets_worse_is_told_at_once(tmp_path):
    async with story(tmp_path, rules=rules(tmp_path / "rules")) as s:
        await s.fire(info("shop-api"))
        await s.advance(seconds=10)
        await s.expect_nothing()
        await s.fire(wire("a", service="shop-api", severity="critical"))
        await s.advance(seconds=10)
        await s.expect(DEVOPS, "🔴")
        await s.expect(ADMINS, "🔴", "70 % of the disk is used")  # what was collected is a part of it


async def test_why_says_until_when_it_is_collected(tmp_path):
    async with story(tmp_path, rules=rules(tmp_path / "rules"), RECEIVER_API_TOKEN="api-token-1") as s:
        await s.fire(info("shop-api"))
        await s.advance(seconds=10)
        (one,) = await s.incidents()
        assert one.is_collected
        answer = await s.http.get(f"/api/v1/incidents/{one.id}/why", headers={"authorization": "Bearer api-token-1", "accept": "application/json"})
        assert answer.status_code == 200
        assert "collected" in answer.text


async def test_the_service_runs_what_tells_it(tmp_path):
    async with story(tmp_path, rules=rules(tmp_path / "rules")) as s:
        made = _workers(s.app, None, ())
        for one in made:
            one.close()
        assert {"Collector.run", "Weekly.run", "Auditor.run"} <= {one.__qualname__ for one in made}
