"""Every fire gets its end: what fires here against what two real Alertmanagers hold, both ways, and what must never end anything."""

import contextlib
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

from receiver.core.incident import State
from tests.alertmanager import Pair, pair, real_now
from tests.builders import rules_files, wire
from tests.harness import DEVOPS, Story, story

ALERT = {"alertname": "HighErrorRate", "service": "shop-api", "instance": "a", "severity": "critical", "environment": "prod"}
OTHER = {**ALERT, "instance": "kept"}


@contextlib.asynccontextmanager
async def scene(directory: Path, extra: str = "", *, by: timedelta = timedelta(minutes=2)) -> AsyncIterator[tuple[Story, Pair]]:
    """A story whose clock is two minutes ahead of the peers': they are not young; another alert keeps them from being empty."""
    with pair(directory) as both:
        peers = json.dumps([peer.url for peer in both.peers])
        sources = f"version: 1\nsources:\n  alertmanager: {{kind: alertmanager, peers: {peers}{extra}}}\n"
        for peer in both.peers:
            await peer.until_up()
        ahead = real_now() + by
        async with story(directory, start=ahead, rules=rules_files(directory / "rules", sources=sources)) as s:
            yield s, both


async def fire(s: Story, both: Pair, since: datetime) -> None:
    """Both peers hold two alerts, and one of them has sent a webhook of both."""
    await both.hold(since, **ALERT)
    await both.hold(since, **{**OTHER, "service": "shop-db"})
    await s.fire(wire("a", since=since))
    await s.advance(seconds=10)


async def look(s: Story, times: int = 1) -> None:
    for _ in range(times):
        await s.app.watches.reconciler.look()
        await s.settle()


async def test_an_alert_that_ends_while_it_is_silenced_ends_here_by_that_name(tmp_path: Path) -> None:
    async with scene(tmp_path) as (s, both):
        since = real_now() - timedelta(seconds=30)
        await fire(s, both, since)
        told = await s.expect(DEVOPS, "🔴")
        await both.silence(instance="a")
        await look(s)
        await s.advance(seconds=3)
        assert told.text.startswith("⚪")
        assert "Silenced in Alertmanager by boris until" in told.text
        (incident,) = await s.incidents()
        shown = await s.http.get(f"/api/v1/incidents/{incident.id}", headers={"authorization": f"Bearer {s.app.api_token}"})
        assert shown.json()["alert_list"][0]["condition"]["kind"] == "silenced"
        await both.hold(since, until=timedelta(seconds=-1), **ALERT)
        await look(s)
        assert (await s.incidents())[0].is_open, "one look proves nothing"
        await look(s)
        await s.expect(DEVOPS, "back to normal", "It was silenced in Alertmanager by boris until")
        (incident,) = await s.incidents()
        assert incident.state is State.RESOLVED
        assert incident.end_reason.startswith("silenced by boris until 2")
        assert [e.reason for e in await s.app.incidents.timeline(incident.id)] == ["opened", "condition_changed", "all_resolved"]
        await s.advance(seconds=3)


async def test_an_end_that_was_never_sent_is_found(tmp_path: Path) -> None:
    async with scene(tmp_path) as (s, both):
        since = real_now() - timedelta(seconds=30)
        await fire(s, both, since)
        await s.expect(DEVOPS, "🔴")
        await look(s, 3)
        assert (await s.incidents())[0].is_open
        await both.hold(since, until=timedelta(seconds=-1), **ALERT)
        await look(s, 2)
        await s.expect(DEVOPS, "No longer reported by Alertmanager")
        assert (await s.incidents())[0].end_reason == "not reported by Alertmanager"
        await s.advance(seconds=3)


async def test_one_peer_that_still_holds_it_keeps_it_open_and_a_dead_one_does_not(tmp_path: Path) -> None:
    async with scene(tmp_path) as (s, both):
        since = real_now() - timedelta(seconds=30)
        await fire(s, both, since)
        await s.expect(DEVOPS, "🔴")
        await both.hold(since, until=timedelta(seconds=-1), only=0, **ALERT)
        await look(s, 4)
        assert (await s.incidents())[0].is_open
        both.peers[1].kill()
        await look(s, 2)
        await s.expect(DEVOPS, "back to normal")
        await s.advance(seconds=3)


async def test_nothing_ends_because_peers_are_dead_young_or_empty(tmp_path: Path) -> None:
    async with scene(tmp_path) as (s, both):
        await fire(s, both, real_now() - timedelta(seconds=30))
        await s.expect(DEVOPS, "🔴")
        for peer in both.peers:
            peer.kill()
        await look(s, 3)
        assert (await s.incidents())[0].is_open, "dead"
        for peer in both.peers:
            peer.start()
            await peer.until_up()
        now = s.clock.now()
        s.clock.advance(seconds=(real_now() - now).total_seconds())
        await both.hold(real_now(), **{**OTHER, "service": "shop-db"})
        await look(s, 3)
        assert (await s.incidents())[0].firing, "young"
        s.clock.advance(seconds=150)
        await both.hold(real_now() - timedelta(seconds=5), until=timedelta(seconds=-1), **{**OTHER, "service": "shop-db"})
        await look(s, 3)
        assert (await s.incidents())[0].is_open, "empty"


async def test_nothing_of_a_guarded_source_ends_without_its_watchdog(tmp_path: Path) -> None:
    async with scene(tmp_path, ", watchdog: {matchers: ['alertname=\"Watchdog\"'], interval: 30m, required: true}") as (s, both):
        since = real_now() - timedelta(seconds=30)
        await fire(s, both, since)
        await s.expect(DEVOPS, "🔴")
        await both.hold(since, until=timedelta(seconds=-1), **ALERT)
        await s.app.watches.watchdogs.look()
        await look(s, 4)
        assert (await s.incidents())[0].firing, "not even held back: nothing is taken for ended"
        await both.hold(since, alertname="Watchdog", severity="none")
        await look(s, 2)
        await s.app.watches.watchdogs.look()
        await look(s, 2)  # what is believed again is asked again
        assert (await s.incidents())[0].firing == ()
        assert (await s.incidents())[0].is_open, "its Watchdog was heard before the end, not after it"
        await s.app.client.hset("{src}:watchdog:alertmanager", "alive_at", int((s.clock.now() + timedelta(minutes=1)).timestamp() * 1000))
        await s.app.watches.watchdogs.look()
        await s.advance(seconds=6)
        await s.expect(DEVOPS, "back to normal")
        await s.advance(seconds=3)


async def test_a_fire_that_never_came_is_opened_late_and_only_what_is_sent_to_us(tmp_path: Path) -> None:
    async with scene(tmp_path) as (s, both):
        await both.hold(real_now() - timedelta(minutes=5), **ALERT)
        await look(s, 2)
        await s.advance(seconds=10)
        await s.expect_nothing()  # nobody has ever sent us anything of this receiver
        await both.hold(real_now(), **{**OTHER, "service": "shop-db"})
        await s.fire(wire("kept", since=real_now(), service="shop-db"))
        await s.advance(seconds=10)
        await s.expect(DEVOPS, "Shop DB")
        await look(s)
        await s.advance(seconds=10)
        await s.expect(DEVOPS, "🔴 Shop API")
        assert len(await s.incidents()) == 2


async def test_an_inhibited_alert_is_shown_so_and_not_opened(tmp_path: Path) -> None:
    async with scene(tmp_path) as (s, both):
        since = real_now() - timedelta(minutes=5)
        await fire(s, both, since)
        told = await s.expect(DEVOPS, "🔴")
        await both.hold(since, alertname="ShopDbDown", environment="prod", severity="info", service="shop-db")
        await both.hold(since, **{**ALERT, "instance": "b"})
        await look(s)
        await s.advance(seconds=3)
        assert "Inhibited in Alertmanager by ShopDbDown" in told.text
        assert len((await s.incidents())[0].alerts) == 1
