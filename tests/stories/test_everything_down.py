"""Ten minutes of everything down: what still fires is open within a minute of the return, what ended is closed within three, told once."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from receiver.store.signals import Sightings
from tests.alertmanager import Pair, pair, real_now
from tests.builders import body, rules_files, wire
from tests.harness import ADMINS, DEVOPS, Story, redis_server, story

AWAY = timedelta(minutes=10)
ROUTES = """version: 1
route:
  id: root
  group_by: [service]
  group_wait: 10s
  destinations: [admin-chat]
  routes: [{id: critical, matchers: ['severity="critical"'], destinations: [devops]}]
"""
MANY = 2  # alerts of each kind; ten incidents in two minutes would be told as a storm


def names(kind: str) -> list[str]:
    return [f"{kind}-{n}" for n in range(MANY)]


def of(name: str) -> dict[str, str]:
    return {"alertname": "HighErrorRate", "service": name, "instance": "a", "severity": "critical", "environment": "prod"}


def scene(directory: Path, both: Pair) -> Path:
    peers = json.dumps([peer.url for peer in both.peers])
    dog = "{matchers: ['alertname=\"Watchdog\"'], interval: 2m, required: true}"
    sources = f"version: 1\nsources:\n  alertmanager: {{kind: alertmanager, peers: {peers}, watchdog: {dog}}}\n"
    return rules_files(directory / "rules", sources=sources, routes=ROUTES)


async def before(directory: Path, rules: Path, url: str, since: datetime) -> None:
    """`lasting` and `ending` are paged; then the store goes away, and what `new` and `brief` say lies on disk; then all of it is down."""
    async with story(directory, on=url, start=since, rules=rules) as s:
        await s.fire(wire("x", since=since - timedelta(hours=5), alertname="Watchdog", severity="none"))
        for name in (*names("lasting"), *names("ending")):
            await s.fire(wire("a", since=since, service=name))
        await s.advance(seconds=12)
        for _ in range(2 * MANY):
            await s.expect(DEVOPS, "🔴")
        await s.app.client.config_set("min-replicas-to-write", 1)
        for name in (*names("new"), *names("brief")):
            assert (await s.post(body(wire("a", since=s.clock.now(), service=name)))).status_code == 503
        await s.app.client.config_set("min-replicas-to-write", 0)
        assert s.app.watches.spool.count == 2 * MANY


async def hold(both: Pair, since: datetime) -> None:
    """What a Prometheus that is back tells: all that still fires, `unheard` among it, which nobody has ever told us of."""
    await both.hold(since - timedelta(hours=5), alertname="Watchdog", severity="none")
    for name in (*names("lasting"), *names("new"), *names("unheard")):
        await both.hold(since, **of(name))


async def until(s: Story, both: Pair, since: datetime, span: int, holds: Callable[[set[str], set[str]], bool]) -> int:
    """Seconds until this holds of the services that are open and of all that ever were; Prometheus and time go on."""
    for gone in range(0, span, 5):
        found = await s.incidents()
        ours = {
            one.route.group_labels["service"]: one
            for one in found
            if one and one.route and one.announced_at and "-receiver" not in one.route.group_labels["service"]
        }
        if holds({name for name, one in ours.items() if one.firing}, set(ours)):
            return gone
        if gone % 15 == 0:
            await hold(both, since)
            # The peers say when they heard the Watchdog by a clock that stands still here.
            await Sightings(s.app.client).see("alertmanager", alive_at=s.clock.now(), starts_at=since - timedelta(hours=5), gap=timedelta(minutes=2))
        await s.advance(seconds=5)
    raise AssertionError(f"not within {span} s: {sorted(name for name, one in ours.items() if one.firing)}")


@pytest.mark.parametrize("are_peers_down", [False, True], ids=["router-and-store", "alertmanagers-too"])
async def test_ten_minutes_of_everything_down(tmp_path: Path, are_peers_down: bool) -> None:
    since = real_now() - AWAY
    with pair(tmp_path) as both:
        for peer in both.peers:
            await peer.until_up()
        rules = scene(tmp_path, both)
        with redis_server(tmp_path) as url:
            await before(tmp_path, rules, url, since)
        if are_peers_down:
            for peer in both.peers:
                peer.kill()
                peer.start()
                await peer.until_up()
        with redis_server(tmp_path) as url:
            start = real_now() + (timedelta(0) if are_peers_down else timedelta(minutes=2))  # those that never were down are not young
            async with story(tmp_path, on=url, start=start, rules=rules) as s:
                fires = {*names("lasting"), *names("new"), *names("unheard")}
                open_after = await until(s, both, since, 60, lambda firing, _: fires <= firing)
                over_after = await until(s, both, since, 180 - open_after, lambda firing, _: firing == fires)
                print(f"open after {open_after} s, all that ended closed after {open_after + over_after} s")
                await s.advance(seconds=60)
                paged = [sent.text for sent in s.api.sends() if sent.chat == DEVOPS and "🔴" in sent.text]
                again = sorted(name for name in (*fires, *names("brief")) if any(name in text for text in paged))
                assert again == sorted([*names("new"), *names("unheard")]), "who was paged before is not paged again; what ended is not paged"
                ended = [sent.text for sent in s.api.sends() if "back to normal" in sent.text]
                assert sum("ending" in text for text in ended) == MANY
                assert not any(name in text for name in fires for text in ended)
                notices = [sent.text for sent in s.api.sends() if "No replica ran for" in sent.text or "Signal of" in sent.text or "store is back" in sent.text]
                assert len(notices) == 1, notices
                assert f"webhooks recovered from disk: {2 * MANY}" in notices[0]
                assert [sent.chat for sent in s.api.sends() if sent.text == notices[0]] == [ADMINS]
                s._seen.update(range(len(s.api.sends())))
