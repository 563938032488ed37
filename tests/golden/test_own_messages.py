"""What the service says of itself, in both languages, as files: `UPDATE_GOLDEN=1` writes them, otherwise they must match."""

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest

from receiver.store.spool import Spooled
from receiver.workers.respool import Respool
from tests.builders import NOW, body, rules_files, wire
from tests.fakes.bot_api import Sent, refusal
from tests.harness import ADMINS, DEVOPS, SPARE, STRANGER, Story, story
from tests.stories.test_reload import looks

GOLDEN = Path(__file__).parent / "own"
GOOD = {"authorization": "Bearer hook"}
DESTINATIONS = """version: 1
destinations:
  admin-chat: {channel: telegram, chat: -1001000000001, language: LANG, timezone: Europe/Moscow}
  devops: {channel: telegram, chat: -1001000000002, language: LANG, timezone: Europe/Moscow}
  spare: {channel: telegram, chat: -1001000000003, language: LANG, timezone: Europe/Moscow}
fallback: [spare]
"""
SERVICES = """version: 1
services:
  shop-api: {name: {ru: Shop API, en: Shop API}, kind: service, method: [golden], depends_on: []}
  incident-receiver: {name: {ru: Приёмник инцидентов, en: Incident receiver}, kind: service, method: [golden], depends_on: []}
"""
SOURCES = """version: 1
sources:
  alertmanager: {kind: alertmanager, watchdog: {matchers: ['alertname="Watchdog"'], interval: 2m, required: true}}
"""
HEARTBEATS = """version: 1
sources:
  alertmanager: {kind: alertmanager}
heartbeats: {nightly-backup: {interval: 10m, severity: warning}}
"""
SCHEDULES = """version: 1
schedules:
  primary:
    timezone: Europe/Moscow
    announce: admin-chat
    layers:
      - {people: [anna, boris], rotate: daily, handoff: {time: "10:00"}, starts: "2026-11-20", hours: [{from: "10:00", to: "08:00"}]}
"""


def rules(directory: Path, language: str, **more: str) -> Path:
    return rules_files(directory, destinations=DESTINATIONS.replace("LANG", language), services=SERVICES, **more)


def here(directory: Path, language: str, **more: str):
    return story(directory, rules=rules(directory / "rules", language, **more), RECEIVER_LANGUAGE=language, RECEIVER_WEBHOOK_TOKEN="hook")


def held(name: str, language: str, *said: Sent | str) -> None:
    """These messages, as people see them, are what the file says."""
    text = "\n---\n".join(one if isinstance(one, str) else one.text for one in said)
    text = re.sub(r"(version|версия) [0-9a-f]{7,12}", r"\1 RULES", text) + "\n"
    path = GOLDEN / f"{name}.{language}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8"), f"read it, then UPDATE_GOLDEN=1: {path}"


async def over(s: Story, told: Sent) -> str:
    """What became of it."""
    await s.advance(seconds=10)
    await s.api.until(lambda: told.text.startswith("🟢"))
    return told.text


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_a_body_that_nobody_can_read_reads_as_its_file(tmp_path, language):
    async with here(tmp_path, language) as s:
        assert (await s.post(b"no json", **GOOD)).status_code == 400
        await s.advance(seconds=10)
        held("unreadable", language, await s.expect(DEVOPS))


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_a_wrong_token_reads_as_its_file(tmp_path, language):
    async with here(tmp_path, language) as s:
        await s.post(body(wire(severity="warning")), **GOOD)
        await s.advance(seconds=10)
        await s.expect(ADMINS)
        assert (await s.post(body(wire()), authorization="Bearer wrong")).status_code == 401
        await s.advance(seconds=10)
        held("wrong-token", language, await s.expect(DEVOPS))


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_presses_of_a_stranger_read_as_their_file(tmp_path, language):
    async with here(tmp_path, language) as s:
        await s.post(body(wire(severity="warning")), **GOOD)
        await s.advance(seconds=10)
        told = await s.expect(ADMINS)
        for _ in range(3):
            await s.api.press(told, "✅", STRANGER)
        await s.advance(seconds=10)
        held("refused-presses", language, await s.expect(DEVOPS))


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_a_lost_signal_reads_as_its_file(tmp_path, language):
    async with here(tmp_path, language, sources=SOURCES) as s:
        await s.settle()
        for _ in range(42):
            await s.advance(seconds=5)
        told = await s.expect(DEVOPS)
        text = told.text
        for n in range(13):  # it is believed again after a while
            watchdog = wire("x", since=NOW - timedelta(hours=5), alertname="Watchdog", severity="none")
            await s.post(body(watchdog), **GOOD)
            await s.advance(seconds=60)
            if told.text.startswith("🟢") and n:
                break
        await s.expect(DEVOPS, "🟢")
        held("signal-lost", language, text, told)


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_a_job_that_does_not_report_reads_as_its_file(tmp_path, language):
    async with here(tmp_path, language, sources=HEARTBEATS) as s:
        await s.settle()
        assert (await s.post(b"", "/heartbeats/nightly-backup", **GOOD)).status_code == 202
        await s.advance(minutes=11)
        await s.advance(seconds=10)
        told = await s.expect(ADMINS)
        text = told.text
        await s.post(b"", "/heartbeats/nightly-backup", **GOOD)
        held("heartbeat", language, text, await over(s, told))


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_wrong_rules_read_as_their_file(tmp_path, language):
    async with here(tmp_path, language) as s:
        path = tmp_path / "rules/routes.yaml"
        right = path.read_text("utf-8")
        path.write_text(right.replace("group_wait: 10s", "group_wait: soon"), "utf-8")
        await looks(s, lambda: bool(s.app.keeper.faults))
        await looks(s, lambda: bool(s._news(ADMINS)))
        told = await s.expect(ADMINS)
        text = told.text
        path.write_text(right.replace("group_wait: 10s", "group_wait: 11s"), "utf-8")
        await looks(s, lambda: told.text.startswith("🟢"))
        held("rules-refused", language, *(re.sub(r"\d\d:\d\d(–\d\d:\d\d \(.*\))?", "TIME", one, count=1) for one in (text, told.text)))


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_what_schedules_say_reads_as_its_file(tmp_path, language):
    async with here(tmp_path, language, schedules=SCHEDULES) as s:
        await s.app.chat.announcer.turn()
        await s.advance(seconds=10)
        gap = await s.expect(ADMINS)
        text = gap.text
        s.clock.advance(hours=3, minutes=58)  # 10:00 in Moscow
        await s.app.chat.announcer.turn()
        await s.settle()
        held("schedules", language, text, await s.expect(ADMINS))


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_what_is_said_without_the_store_reads_as_its_file(tmp_path, language):
    async with here(tmp_path, language) as s:
        s.api.pace = None
        watches = s.app.watches

        async def away(is_away: bool) -> None:
            await s.app.client.config_set("min-replicas-to-write", int(is_away))
            s.app.ready.faults = ("store: NOREPLICAS",) if is_away else ()
            await watches.respool.look()

        await away(True)
        s.clock.advance(seconds=61)
        await watches.breakglass.look()
        nothing = await s.expect(SPARE)
        await s.post(body(wire()), **GOOD)
        await watches.breakglass.look()
        page = await s.expect(DEVOPS)
        await s.post(body(*(wire("a", service=f"s{n}") for n in range(40))), **GOOD)
        await watches.breakglass.look()
        many = await s.expect(SPARE)
        s._seen.update(range(len(s.api.sends())))
        await away(False)
        await s.settle()
        await s.advance(seconds=10)
        back = await s.expect(ADMINS)
        held("store-away", language, nothing, page, many, back)
        s._seen.update(range(len(s.api.sends())))


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_a_start_after_nobody_ran_reads_as_its_file(tmp_path, language):
    async with here(tmp_path, language) as s:
        await s.settle()
        watches = s.app.watches
        await watches.spool.keep(Spooled(source="alertmanager", at=s.clock.now(), is_firing=True, body=body(wire())))
        await watches.vitals.live(s.clock.now() - timedelta(minutes=10))
        await Respool(watches.spool, watches.vitals, s.app.engine, s.app.rules, s.clock, s.app.ready.now).look()
        await s.advance(seconds=10)
        await s.expect(DEVOPS)
        held("nobody-ran", language, await s.expect(ADMINS))


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_a_chat_with_a_new_number_reads_as_its_file(tmp_path, language):
    async with here(tmp_path, language) as s:
        s.api.fail("sendMessage", refusal(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-1001000000099), chat=DEVOPS)
        await s.post(body(wire()), **GOOD)
        await s.advance(seconds=10)
        await s.expect("-1001000000099", "🔴")
        await s.advance(seconds=10)
        held("chat-moved", language, await s.expect(ADMINS))
