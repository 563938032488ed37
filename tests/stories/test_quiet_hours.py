"""Quiet hours as people live them: at night a chat is written to without a sound, a page sounds, and everything says why."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.builders import NOW, rules_files, wire
from tests.harness import ADMINS, ANNA, DEVOPS, ROOT, Story, story

SHIPPED = ROOT / "routing_rules"  # it is 06:02 in Moscow when a story begins, and nights end at 08:00
PAGING = {
    "routes": """version: 1
route: {id: root, group_wait: 10s, destinations: [admin-chat, on-call]}
windows: {nights: {timezone: Europe/Moscow, times: [{from: "22:00", to: "08:00"}]}}
noise: {storm: {incidents: 1000000}}
""",
    "destinations": f"""version: 1
destinations:
  admin-chat: {{channel: telegram, chat: {ADMINS}, language: en, quiet_hours: nights}}
  on-call: {{policy: devops}}
fallback: [admin-chat]
""",
    "escalation": "version: 1\npolicies: {devops: {steps: [{page: [{person: anna}], wait: 5h}]}}\n",
}


async def proof(s: Story) -> list[dict[str, Any]]:
    """The delivery proof of the newest incident."""
    headers = {"Authorization": f"Bearer {s.app.api_token}"}
    newest = (await s.incidents())[0].id
    return (await s.http.get(f"/api/v1/incidents/{newest}", headers=headers)).json()["deliveries"]


@pytest.mark.parametrize("signal", ["saturation", "errors", "latency"])
async def test_at_night_no_warning_of_the_shipped_rules_sounds_and_by_day_each_does(tmp_path: Path, signal: str):
    async with story(tmp_path, rules=SHIPPED) as s:
        chats = (ADMINS,) if signal == "latency" else (ADMINS, DEVOPS)
        await s.fire(wire(severity="warning", signal=signal))
        await s.advance(seconds=10)
        told = [await s.expect(chat, "🟠") for chat in chats]
        assert all(one.silent for one in told)
        await s.fire(wire(status="resolved", severity="warning", signal=signal, ended=NOW + timedelta(minutes=1)))
        await s.advance(hours=2)
        await s.fire(wire(severity="warning", signal=signal, since=NOW + timedelta(hours=2)))
        await s.advance(seconds=10)
        for chat in chats:
            assert not (await s.expect(chat, "🟠")).silent


async def test_why_and_the_proof_say_that_it_came_silently_because_of_quiet_hours(tmp_path: Path):
    async with story(tmp_path, rules=SHIPPED) as s:
        await s.fire(wire(severity="warning", signal="errors"))
        await s.advance(seconds=10)
        told, _ = await s.expect(ADMINS), await s.expect(DEVOPS)
        await s.advance(hours=3)  # by day it is still so: it says how it came
        assert "Здесь без звука: тихие часы «nights»" in (await s.api.press(told, "❔", ANNA))["text"]
        assert {one["silent_because"] for one in await proof(s)} == {"quiet_hours:nights"}
        noted = [(e.text, e.at) for e in await s.app.incidents.timeline("INC-1") if e.reason == "quiet_hours"]
        assert sorted(text for text, _ in noted) == ["admin-chat: nights until 08:00 Europe/Moscow", "devops-chat: nights until 08:00 Europe/Moscow"]
        assert {at for _, at in noted} == {NOW + timedelta(seconds=10)}
        written = await s.http.get("/api/v1/incidents/INC-1/postmortem", headers={"Authorization": f"Bearer {s.app.api_token}"})
        assert written.text.count("without sound: quiet hours “nights”") == 2


async def test_a_critical_incident_sounds_in_the_quiet_hours_of_its_chat(tmp_path: Path):
    quiet = {"routes": PAGING["routes"].replace(", on-call", ""), "destinations": PAGING["destinations"]}
    async with story(tmp_path, rules=rules_files(tmp_path / "rules", **quiet)) as s:
        await s.fire(wire())
        await s.advance(seconds=10)
        told = await s.expect(ADMINS, "🔴")
        assert not told.silent
        assert "quiet hours" not in (await s.api.press(told, "❔", ANNA))["text"]
        assert [one["silent_because"] for one in await proof(s)] == [""]


@pytest.mark.parametrize(("severity", "is_silent"), [("warning", False), ("info", True)])
async def test_what_a_policy_pages_rings_whatever_its_severity_and_the_chat_beside_it_by_its_own(tmp_path: Path, severity: str, is_silent: bool):
    async with story(tmp_path, rules=rules_files(tmp_path / "rules", **PAGING)) as s:
        await s.fire(wire(severity=severity))
        await s.advance(seconds=10)
        assert not (await s.expect(str(ANNA))).silent
        assert (await s.expect(ADMINS)).silent is is_silent
