"""Signal lost is not resolved: a source whose Watchdog is silent ends nothing, its return is told, and a Watchdog never is an incident."""

import asyncio
from datetime import timedelta
from pathlib import Path

from receiver.core.incident import State
from tests.builders import body, rules_files, wire
from tests.harness import ADMINS, DEVOPS, Story, story

SOURCES = """version: 1
sources:
  alertmanager: {kind: alertmanager, watchdog: {matchers: ['alertname="Watchdog"'], interval: 2m}}
  other: {kind: alertmanager}
"""
REQUIRED = SOURCES.replace("interval: 2m", "interval: 2m, required: true")


async def bark(s: Story, *, since: timedelta = timedelta(hours=5), source: str = "alertmanager") -> None:
    one = wire("x", since=s.clock.now() - since, alertname="Watchdog", severity="none")
    assert (await s.post(body(one), f"/webhooks/alertmanager/{source}")).json() == {
        "accepted": 1,
        "opened": 0,
        "transitions": 0,
        "dead_lettered": 0,
        "reasons": [],
    }


async def quiet(s: Story, seconds: int) -> None:
    """Time goes by in which we listen and hear nothing; a jump would be a pause of ours, after which silence proves nothing."""
    for _ in range(seconds // 5):
        await s.advance(seconds=5)


class Dog:
    """A Prometheus that lives: its Watchdog is told once a minute."""

    def __init__(self, s: Story) -> None:
        self.s, self.began = s, s.clock.now() - timedelta(hours=5)

    async def lives(self, minutes: int) -> None:
        for _ in range(minutes):
            await bark(self.s, since=self.s.clock.now() - self.began)
            await self.s.advance(seconds=60)


async def test_a_watchdog_opens_nothing_and_its_repeats_are_not_taken_for_known_bodies(tmp_path: Path) -> None:
    async with story(tmp_path, rules=rules_files(tmp_path / "rules", sources=SOURCES)) as s:
        await Dog(s).lives(10)
        assert await s.incidents() == []
        assert s.app.engine.signals.current["alertmanager"].lost_at is None


async def test_an_end_is_believed_once_the_watchdog_was_heard_after_it(tmp_path: Path) -> None:
    async with story(tmp_path, rules=rules_files(tmp_path / "rules", sources=SOURCES)) as s:
        dog = Dog(s)
        await dog.lives(2)
        one = wire("a", since=s.clock.now())
        await s.fire(one)
        await s.advance(seconds=10)
        told = await s.expect(DEVOPS, "🔴")
        await dog.lives(1)
        await s.fire(wire("a", "resolved", since=s.clock.now() - timedelta(seconds=70), ended=s.clock.now()))
        await s.settle()
        (incident,) = await s.incidents()
        assert (incident.state, incident.signal_source) == (State.TRIGGERED, "alertmanager")
        await s.advance(seconds=5)
        assert "waiting for the Watchdog of alertmanager" in told.text
        await dog.lives(2)
        await s.advance(seconds=10)
        await s.expect(DEVOPS, "back to normal")
        (incident,) = await s.incidents()
        assert (incident.state, incident.end_reason, incident.signal_source) == (State.RESOLVED, "resolved", "")


async def test_a_prometheus_that_died_ends_nothing_until_it_has_been_back_for_a_while(tmp_path: Path) -> None:
    """Alertmanager repeats its Watchdog until that times out with all the rest, four minutes later."""
    async with story(tmp_path, rules=rules_files(tmp_path / "rules", sources=SOURCES)) as s:
        dog = Dog(s)
        await dog.lives(1)
        await s.fire(wire("a", since=s.clock.now()))
        await s.advance(seconds=10)
        told = await s.expect(DEVOPS, "🔴")
        died = s.clock.now()
        await dog.lives(4)
        await s.fire(wire("a", "resolved", since=died - timedelta(seconds=10), ended=died + timedelta(minutes=4)))
        await s.fire(wire("x", "resolved", since=dog.began, ended=died + timedelta(minutes=4), alertname="Watchdog", severity="none"))
        await quiet(s, 125)
        await s.advance(seconds=10)
        lost = await s.expect(DEVOPS, "Signal of alertmanager is lost")
        await s.advance(seconds=10)
        assert told.text.startswith("⚪ INC-1: the signal is lost — this does not mean resolved")
        assert [e.reason for e in await s.app.incidents.timeline((await s.incidents())[-1].id)][-1] == "signal_lost"
        await quiet(s, 600)
        dog.began = s.clock.now()
        await bark(s, since=timedelta(0))
        await s.advance(seconds=5)
        await s.expect(DEVOPS, "back to normal")  # the signal's own incident
        assert lost.text.startswith("🟢")
        assert (await s.incidents())[-1].is_open, "what has just restarted does not know yet what fires"
        await dog.lives(4)
        await s.advance(seconds=10)
        await s.expect(DEVOPS, "back to normal")
        assert not (await s.incidents())[-1].is_open


async def test_an_incident_that_still_fires_says_that_its_signal_is_lost_and_back(tmp_path: Path) -> None:
    async with story(tmp_path, rules=rules_files(tmp_path / "rules", sources=SOURCES)) as s:
        await bark(s)
        await s.fire(wire("a", since=s.clock.now(), severity="warning"))
        await s.post(body(wire("b", service="shop-db", severity="warning")), "/webhooks/alertmanager/other")
        await s.advance(seconds=10)
        both = [await s.expect(ADMINS), await s.expect(ADMINS)]  # in any order
        other, told = sorted(both, key=lambda one: "Shop API" in one.text)
        assert "Shop DB" in other.text
        await quiet(s, 190)
        await s.advance(seconds=10)
        await s.expect(DEVOPS, "Signal of alertmanager is lost")
        await s.advance(seconds=5)
        assert "alertmanager has been silent since 03:05 (no Watchdog): what is below may be out of date" in told.text
        assert "silent" not in other.text
        await bark(s)
        await s.advance(seconds=10)
        assert "silent" not in told.text
        await s.expect(DEVOPS, "back to normal")


async def test_a_required_watchdog_that_never_came_is_missing(tmp_path: Path) -> None:
    async with story(tmp_path, rules=rules_files(tmp_path / "rules", sources=REQUIRED)) as s:
        await s.settle()
        await quiet(s, 170)
        await s.expect_nothing()
        await quiet(s, 30)
        await s.advance(seconds=10)
        await s.expect(DEVOPS, "Signal of alertmanager is lost")


async def test_two_replicas_tell_of_a_lost_signal_once(tmp_path: Path) -> None:
    async with story(tmp_path, replicas=2, rules=rules_files(tmp_path / "rules", sources=SOURCES)) as s:
        await bark(s)
        await quiet(s, 190)
        await s.advance(seconds=10)
        await s.expect(DEVOPS, "Signal of alertmanager is lost")
        await s.advance(minutes=10)
        await s.expect_nothing()


async def test_a_silence_that_nobody_listened_to_proves_nothing(tmp_path: Path) -> None:
    """A suspended machine, or a start after ten minutes: the Watchdog is given its time anew, and no end is believed before it."""
    async with story(tmp_path, rules=rules_files(tmp_path / "rules", sources=SOURCES)) as s:
        dog = Dog(s)
        await dog.lives(2)
        since = s.clock.now()
        await s.fire(wire("a", since=since))
        await s.advance(seconds=10)
        await s.expect(DEVOPS, "🔴")
        await s.advance(minutes=10)
        await s.fire(wire("a", "resolved", since=since, ended=s.clock.now()))
        await quiet(s, 120)
        assert (await s.incidents())[-1].is_open
        await s.expect_nothing()
        await quiet(s, 65)
        await s.advance(seconds=10)
        await s.expect(DEVOPS, "Signal of alertmanager is lost")
        await quiet(s, 30)


async def test_a_silence_while_the_store_was_away_proves_nothing(tmp_path: Path) -> None:
    async with story(tmp_path, rules=rules_files(tmp_path / "rules", sources=SOURCES)) as s:
        await bark(s)
        await s.app.client.rename("{src}:all", "{src}:all-kept")
        await s.app.client.set("{src}:all", "what cannot be read")
        for _ in range(50):
            s.clock.advance(seconds=5)
            await asyncio.sleep(0.01)
        await s.app.client.rename("{src}:all-kept", "{src}:all")
        await quiet(s, 120)
        await s.expect_nothing()
        await bark(s)
        await quiet(s, 30)


async def test_a_signal_that_is_lost_again_is_lost_since_then(tmp_path: Path) -> None:
    async with story(tmp_path, rules=rules_files(tmp_path / "rules", sources=SOURCES)) as s:
        await bark(s)
        await quiet(s, 190)
        first = s.app.engine.signals.current["alertmanager"].lost_at
        await s.advance(seconds=10)
        await s.expect(DEVOPS, "Signal of alertmanager is lost")
        await bark(s)
        await quiet(s, 30)
        await s.expect(DEVOPS, "back to normal")
        assert s.app.engine.signals.current["alertmanager"].lost_at is None
        await quiet(s, 190)
        second = s.app.engine.signals.current["alertmanager"].lost_at
        assert first
        assert second
        assert second - first > timedelta(seconds=100)
        s._seen.update(range(len(s.api.sends())))
