"""A firing no newer than a known end waits for Alertmanager's word, fifteen seconds at most, and counts where nobody can be asked."""

from datetime import timedelta
from pathlib import Path

from tests.alertmanager import real_now
from tests.builders import wire
from tests.harness import DEVOPS, story
from tests.stories.test_reconciliation import ALERT, OTHER, scene


async def test_an_old_firing_that_no_peer_holds_is_ignored_with_a_line(tmp_path: Path) -> None:
    async with scene(tmp_path) as (s, both):
        since = real_now() - timedelta(minutes=2)
        await both.hold(since, **{**OTHER, "service": "shop-db"})
        await s.fire(wire("a", since=since))
        await s.advance(seconds=10)
        await s.expect(DEVOPS, "🔴")
        await s.fire(wire("a", "resolved", since=since, ended=s.clock.now()))
        await s.settle()
        await s.expect(DEVOPS, "🟢")
        assert (await s.fire(wire("a", since=since)))["transitions"] == 0
        await s.app.watches.suspicion.look()
        await s.expect_nothing()
        s.clock.advance(seconds=15)
        await s.app.watches.suspicion.look()
        await s.expect_nothing()
        (incident,) = await s.incidents()
        assert [e.reason for e in await s.app.incidents.timeline(incident.id)][-1] == "stale_firing_ignored"
        assert await s.app.watches.suspicion._suspects.all() == []


async def test_an_old_firing_that_a_peer_holds_is_told_at_once(tmp_path: Path) -> None:
    async with scene(tmp_path) as (s, both):
        since = real_now() - timedelta(minutes=2)
        await s.fire(wire("a", since=since))
        await s.advance(seconds=10)
        await s.expect(DEVOPS, "🔴")
        await s.fire(wire("a", "resolved", since=since, ended=s.clock.now()))
        await s.settle()
        await s.expect(DEVOPS, "🟢")
        await both.hold(since, **ALERT)
        await s.fire(wire("a", since=since))
        await s.app.watches.suspicion.look()
        await s.settle()
        await s.expect(DEVOPS, "second time")
        await s.advance(seconds=3)


async def test_an_old_firing_counts_when_nobody_can_be_asked(tmp_path: Path) -> None:
    async with scene(tmp_path) as (s, both):
        since = real_now() - timedelta(minutes=2)
        await s.fire(wire("a", since=since))
        await s.advance(seconds=10)
        await s.expect(DEVOPS, "🔴")
        await s.fire(wire("a", "resolved", since=since, ended=s.clock.now()))
        await s.settle()
        await s.expect(DEVOPS, "🟢")
        for peer in both.peers:
            peer.kill()
        await s.fire(wire("a", since=since))
        s.clock.advance(seconds=15)
        await s.app.watches.suspicion.look()
        await s.settle()
        await s.expect(DEVOPS, "second time")
        await s.advance(seconds=3)


async def test_a_peer_that_has_just_started_is_waited_for_until_it_must_know(tmp_path: Path) -> None:
    """Killed peers send what they had in hand: the second of a pair does so fifteen seconds after the end was told."""
    async with scene(tmp_path, by=timedelta(0)) as (s, both):
        since = real_now() - timedelta(minutes=2)
        await both.hold(since, **{**OTHER, "service": "shop-db"})
        await s.fire(wire("a", since=since))
        await s.fire(wire("b", since=since, service="shop-db"))
        await s.advance(seconds=10)
        await s.expect(DEVOPS, "🔴")
        await s.expect(DEVOPS, "🔴")
        for name in ("a", "b"):
            await s.fire(wire(name, "resolved", since=since, ended=s.clock.now(), **({"service": "shop-db"} if name == "b" else {})))
        await s.settle()
        await s.expect(DEVOPS, "🟢")
        await s.expect(DEVOPS, "🟢")
        await s.fire(wire("a", since=since))
        await s.fire(wire("b", since=since, service="shop-db"))
        for _ in range(4):
            s.clock.advance(seconds=15)
            await s.app.watches.suspicion.look()
        await s.expect_nothing()
        await both.hold(since, **{**ALERT, "instance": "b", "service": "shop-db"})
        await s.app.watches.suspicion.look()
        await s.advance(seconds=60)
        await s.expect(DEVOPS, "Shop DB", "second time")
        for _ in range(4):
            s.clock.advance(seconds=15)
            await s.app.watches.suspicion.look()
        await s.expect_nothing()
        assert await s.app.watches.suspicion._suspects.all() == []
        await s.advance(seconds=3)


async def test_without_peers_an_old_firing_counts_at_once(tmp_path: Path) -> None:
    async with story(tmp_path) as s:
        since = s.clock.now()
        await s.fire(wire("a", since=since))
        await s.fire(wire("a", "resolved", since=since, ended=s.clock.now()))
        assert (await s.fire(wire("a", since=since)))["accepted"] == 1
        assert await s.app.watches.suspicion._suspects.all() == []
        await s.app.client.delete("{p00}:wake")
