"""The outward heartbeat: each single fault stops it, and by name; nothing else does."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from receiver.channels.telegram import TelegramChannel
from receiver.core.signal import Signal
from receiver.workers.heartbeat import Heartbeat, Surroundings
from tests.builders import NOW, rules_files, wire
from tests.fakes.bot_api import refusal
from tests.harness import ADMINS, DEVOPS, TOKEN, Story, free_port, story


class Checker:
    """A checker outside: counts pings, as real HTTP."""

    def __init__(self) -> None:
        self.pings = 0
        self.port = free_port()

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            self.pings += 1
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK")
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", self.port):
            yield f"http://127.0.0.1:{self.port}/ping"


class Scene:
    """A story with a checker; `around` is what the machine and the rules say."""

    def __init__(self, s: Story, checker: Checker) -> None:
        self.s, self.checker = s, checker
        self.free, self.rules = 0.5, ()

    def heartbeat(self, url: str, bot: TelegramChannel | None = None) -> Heartbeat:
        app = self.s.app
        around = Surroundings(store_faults=lambda: app.ready.faults, rules_faults=lambda: self.rules, free_disk=lambda: self.free)
        return Heartbeat(url, app.watches.vitals, app.engine, app.nudge, around, self.s.clock, bot or app.channels["telegram"])


async def store_is_read_only(scene: Scene) -> None:
    await scene.s.app.client.config_set("min-replicas-to-write", 1)


async def waker_hangs(scene: Scene) -> None:
    scene.s.waker.cancel()
    await asyncio.wait([scene.s.waker])


async def a_wake_up_waits(scene: Scene) -> None:
    await waker_hangs(scene)
    await scene.s.app.client.zadd("{p00}:wake", {"INC-9": int((NOW - timedelta(minutes=2)).timestamp() * 1000)})


async def signal_is_lost(scene: Scene) -> None:
    scene.s.app.engine.signals.current = {"prometheus": Signal(source="prometheus", lost_at=NOW)}


async def rules_are_wrong(scene: Scene) -> None:
    scene.rules = ("routes.yaml:7:1: no",)


async def clock_leaps(scene: Scene) -> None:
    scene.s.clock.astray = timedelta(minutes=10)


async def disk_is_full(scene: Scene) -> None:
    scene.free = 0.05


FAULTS = {
    "store": store_is_read_only,
    "worker": waker_hangs,
    "timer": a_wake_up_waits,
    "signal": signal_is_lost,
    "rules": rules_are_wrong,
    "clock": clock_leaps,
    "disk": disk_is_full,
}


@pytest.mark.parametrize("name", FAULTS)
async def test_each_single_fault_stops_the_next_ping_and_is_named(tmp_path: Path, name: str) -> None:
    checker = Checker()
    async with checker.serve() as url, story(tmp_path) as s:
        scene = Scene(s, checker)
        heartbeat = scene.heartbeat(url)
        assert await heartbeat.beat()
        assert (checker.pings, dict(heartbeat.held)) == (1, {})
        await FAULTS[name](scene)
        assert not await heartbeat.beat(), "the next one, a minute later at most, does not go out"
        assert checker.pings == 1
        assert name in heartbeat.held
        await s.app.client.config_set("min-replicas-to-write", 0)
        await s.app.client.delete("{p00}:due:0", "{p00}:wake")


async def test_clocks_that_disagree_hold_it_for_as_long_as_they_do(tmp_path: Path) -> None:
    checker = Checker()
    async with checker.serve() as url, story(tmp_path) as s:
        heartbeat = Scene(s, checker).heartbeat(url)
        for astray in (timedelta(minutes=-10), timedelta(minutes=-10)):
            s.clock.astray = astray
            assert not await heartbeat.beat()
        assert heartbeat.held["clock"] == "the clocks of this machine and of the store are 600 s apart"
        s.clock.astray = timedelta(0)
        assert not await heartbeat.beat(), "it was set right just now"
        assert await heartbeat.beat()


async def test_a_page_that_nobody_takes_out_of_the_outbox_stops_it(tmp_path: Path) -> None:
    checker = Checker()
    async with checker.serve() as url, story(tmp_path) as s:
        heartbeat = Scene(s, checker).heartbeat(url)
        s.app.sender.stop()
        await s.fire(wire("a"))
        s.clock.advance(seconds=10)
        await asyncio.sleep(0.5)
        s.clock.advance(seconds=90)
        assert not await heartbeat.beat()
        assert "a page has been due for 90 s" in heartbeat.held["page"]
        await s.app.client.delete("{p00}:due:0", "{p00}:due:2", "{p00}:wake")


async def test_no_way_out_to_telegram_stops_it(tmp_path: Path) -> None:
    checker = Checker()
    async with checker.serve() as url, story(tmp_path) as s:
        nowhere = TelegramChannel(TOKEN, f"http://127.0.0.1:{free_port()}", None)
        heartbeat = Scene(s, checker).heartbeat(url, nowhere)
        assert not await heartbeat.beat()
        await nowhere.close()
        assert heartbeat.held["egress"].startswith("telegram: ")


CANARY = "777"


@pytest.mark.parametrize(("language", "text"), [("en", "Sign of life"), ("ru", "Признак жизни")])
async def test_the_canary_is_one_silent_message_whose_time_is_edited(tmp_path: Path, language: str, text: str) -> None:
    checker = Checker()
    async with checker.serve() as url, story(tmp_path, replicas=2, RECEIVER_HEARTBEAT_URL=url, RECEIVER_CANARY_CHAT=CANARY, RECEIVER_LANGUAGE=language) as s:
        await s.api.until(lambda: checker.pings >= 2)
        first = checker.pings
        for n in range(1, 4):
            await s.settle()  # both wait for the next minute
            s.clock.advance(seconds=60)
            await s.api.until(lambda n=n: checker.pings >= first + 2 * n)
        sent = [one for one in s.api.sends() if one.chat == CANARY]
        assert len(sent) <= 2, "two replicas that begin at the same moment may write one each; one is edited"
        told = s.api.messages[CANARY, sent[-1].id]
        assert (told.silent, told.text.startswith(text)) == (True, True)
        assert f"{s.clock.now():%H:%M:%S}" in told.text
        s._seen.update(range(len(s.api.sends())))


async def test_a_canary_that_was_deleted_is_written_anew(tmp_path: Path) -> None:
    checker = Checker()
    async with checker.serve() as url, story(tmp_path, RECEIVER_HEARTBEAT_URL=url, RECEIVER_CANARY_CHAT=CANARY) as s:
        await s.api.until(lambda: checker.pings >= 1)
        (first,) = [one for one in s.api.sends() if one.chat == CANARY]
        del s.api.messages[CANARY, first.id]
        await s.settle()
        s.clock.advance(seconds=60)
        await s.api.until(lambda: checker.pings >= 2)
        assert len([one for one in s.api.sends() if one.chat == CANARY]) == 2
        s._seen.update(range(len(s.api.sends())))


async def test_a_bot_that_answers_and_may_not_write_stops_it(tmp_path: Path) -> None:
    checker = Checker()
    async with checker.serve() as url, story(tmp_path, RECEIVER_HEARTBEAT_URL=url, RECEIVER_CANARY_CHAT=CANARY) as s:
        await s.api.until(lambda: checker.pings >= 1)
        s.clock.advance(seconds=60)
        await s.settle()
        s.api.fail("editMessageText", refusal(403, "Forbidden: bot was kicked from the group chat"), chat=CANARY)
        s._seen.update(range(len(s.api.sends())))
        assert not await s.app.watches.heartbeat.beat()
        assert "kicked" in s.app.watches.heartbeat.held["egress"]
        assert await s.app.watches.heartbeat.beat()


@pytest.mark.parametrize("seed", [20261125])
async def test_nothing_stops_it_falsely_in_half_an_hour_of_traffic(tmp_path: Path, seed: int) -> None:
    """Thirty minutes of the advanced clock; the served process beats once a minute by itself."""
    print(f"seed {seed}")
    rng, checker = random.Random(seed), Checker()
    async with checker.serve() as url, story(tmp_path, rules=rules_files(tmp_path / "rules"), RECEIVER_HEARTBEAT_URL=url) as s:
        for _ in range(30):
            one = rng.choice("abc")
            status = rng.choice(("firing", "firing", "resolved"))
            await s.fire(wire(one, status, since=s.clock.now(), ended=s.clock.now() if status == "resolved" else None, severity="warning"))
            await s.advance(seconds=60)
            await s.api.until(lambda n=_: checker.pings >= n + 1 or bool(s.app.watches.heartbeat.held))
            assert dict(s.app.watches.heartbeat.held) == {}
        assert dict(s.app.watches.heartbeat.held) == {}
        assert checker.pings >= 30
        s._seen.update(range(len(s.api.sends())))


HEARTBEATS = """version: 1
sources: {alertmanager: {kind: alertmanager}}
heartbeats: {nightly-backup: {interval: 25h}, sync: {interval: 10m, severity: warning}}
"""


async def test_a_job_that_does_not_report_is_told_and_forgiven(tmp_path: Path) -> None:
    rules = rules_files(tmp_path / "rules", sources=HEARTBEATS)
    async with story(tmp_path, rules=rules, RECEIVER_WEBHOOK_TOKEN="hook") as s:
        await s.settle()
        good = {"authorization": "Bearer hook"}
        assert (await s.post(b"", "/heartbeats/sync", **good)).status_code == 202
        assert (await s.post(b"", "/heartbeats/other", **good)).status_code == 404
        assert (await s.post(b"", "/heartbeats/sync")).status_code == 401
        await s.advance(minutes=9)
        await s.expect_nothing()
        await s.advance(minutes=2)
        await s.advance(seconds=10)
        told = await s.expect(ADMINS, "No heartbeat of sync since 2026-11-23 03:02 UTC")
        await s.post(b"", "/heartbeats/sync", **good)
        await s.advance(seconds=10)
        await s.advance(seconds=5)
        assert told.text.startswith("🟢")
        await s.advance(hours=25)
        await s.advance(seconds=10)
        texts = [(await s.expect(place)).text for place in (DEVOPS, ADMINS)]
        assert any("nightly-backup" in text for text in texts)
