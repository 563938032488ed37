"""Before customers hear anything, real Alertmanagers are asked: no card without their word, no end while they still list the alerts."""

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from receiver.core.notice_plan import Confirmation
from receiver.core.notice_record import Stage
from tests.alertmanager import Pair, pair, real_now
from tests.builders import wire
from tests.harness import Story, story
from tests.notices.town import ANNA, CHANNEL, OLEG, ROUTES, SUPPORT, town
from tests.stories.test_watchdog import bark

ADMINS = "-1001000000001"
ALERT = {"alertname": "HighErrorRate", "service": "shop-api", "instance": "a", "severity": "critical", "environment": "prod"}
OTHER = {"alertname": "Kept", "service": "batch", "severity": "info"}  # keeps the peers from being empty, and belongs to somebody else


@contextlib.asynccontextmanager
async def scene(directory: Path, **rules: str) -> AsyncIterator[tuple[Story, Pair]]:
    """The story's clock is two minutes ahead of the peers': they are not young."""
    with pair(directory) as both:
        peers = json.dumps([peer.url for peer in both.peers])
        sources = f"version: 1\nsources:\n  alertmanager: {{kind: alertmanager, peers: {peers}}}\n"
        for peer in both.peers:
            await peer.until_up()
        await both.hold(real_now() - timedelta(seconds=30), **OTHER)
        async with story(directory, start=real_now() + timedelta(minutes=2), rules=town(directory / "rules", sources=sources, **rules)) as s:
            yield s, both
            for at, _ in s._news(ADMINS):
                s._seen.add(at)


async def press(s: Story, card, label: str, user: int) -> None:
    await s.api.press(card, label, user)
    await s.settle()


async def test_a_card_comes_once_alertmanager_says_the_same(tmp_path: Path) -> None:
    async with scene(tmp_path) as (s, both):
        since = real_now() - timedelta(seconds=5)
        await both.hold(since, **ALERT)
        await s.fire(wire("a", since=since))
        await s.advance(seconds=11)
        await s.advance(minutes=3)
        await s.expect(SUPPORT, "DRAFT", "Checkout — partial outage")


async def test_no_card_comes_while_alertmanager_cannot_be_asked_and_the_reason_is_told(tmp_path: Path) -> None:
    async with scene(tmp_path) as (s, both):
        for peer in both.peers:
            peer.kill()
        since = real_now() - timedelta(seconds=5)
        await s.fire(wire("a", since=since))
        await s.advance(seconds=11)
        await s.advance(minutes=3)
        assert s._news(SUPPORT) == []
        (held,) = await s.app.notices.desk.recent()
        assert (held.stage, held.waits_for) == (Stage.HELD, "not_confirmed")
        assert [d.verb for d in await s.app.chat.audit.deeds(50)].count("notice not_confirmed") == 1
        await s.api.say(SUPPORT, "/notice", OLEG)
        await s.expect(SUPPORT, "held", "Alertmanager does not confirm that they fire")
        for peer in both.peers:
            peer.start()
            await peer.until_up()
        await both.hold(since, **ALERT)
        await s.advance(seconds=31)
        await s.expect(SUPPORT, "DRAFT", "Checkout — partial outage")


async def test_a_person_may_speak_while_the_machine_still_doubts(tmp_path: Path) -> None:
    async with scene(tmp_path) as (s, both):
        for peer in both.peers:
            peer.kill()
        await s.fire(wire("a", since=s.clock.now()))
        await s.advance(seconds=11)
        await s.advance(minutes=3)
        await s.api.say(SUPPORT, "/notice checkout unavailable", OLEG)
        seen = [(await s.expect(SUPPORT)).text for _ in range(2)]
        assert any("is drafted" in text for text in seen)
        assert any("DRAFT" in text for text in seen)
        (offered,) = await s.app.notices.desk.recent()
        assert (offered.stage, len(offered.incidents)) == (Stage.OPEN, 1), "the held one, with its incident"


async def test_an_alert_that_no_peer_knows_is_not_confirmed(tmp_path: Path) -> None:
    async with scene(tmp_path, routes=ROUTES.replace("hold: 3m", "hold: 1s")) as (s, _):
        await s.fire(wire("a", since=s.clock.now()))
        await s.advance(seconds=11)
        assert s._news(SUPPORT) == []
        (held,) = await s.app.notices.desk.recent()
        assert held.waits_for == "not_confirmed"


async def test_a_source_whose_watchdog_is_silent_brings_no_card(tmp_path: Path) -> None:
    sources = "version: 1\nsources:\n  alertmanager: {kind: alertmanager, watchdog: {matchers: ['alertname=\"Watchdog\"'], interval: 2m}}\n"
    async with story(tmp_path, rules=town(tmp_path / "rules", sources=sources)) as s:
        await bark(s)
        for _ in range(4):
            await s.advance(minutes=1)
        await s.fire(wire("a", since=s.clock.now()))
        for _ in range(7):
            await s.advance(minutes=1)
        assert s._news(SUPPORT) == []
        (held,) = await s.app.notices.desk.recent()
        assert held.waits_for == "no_watchdog"
        for at, _ in s._news(ADMINS):
            s._seen.add(at)


async def test_what_comes_and_goes_brings_no_card(tmp_path: Path) -> None:
    async with story(tmp_path, rules=town(tmp_path / "rules")) as s:
        engine = s.app.notices.engine
        engine.senses = replace(engine.senses, is_flapping=lambda _: True)
        await s.fire(wire("a", since=s.clock.now()))
        await s.advance(seconds=11)
        await s.advance(minutes=3)
        assert [n.waits_for for n in await s.app.notices.desk.recent()] == ["flapping"]
        engine.senses = replace(engine.senses, is_flapping=lambda _: False)
        await s.advance(seconds=31)
        await s.expect(SUPPORT, "DRAFT")
        for at, _ in s._news(ADMINS):
            s._seen.add(at)


async def test_a_flapping_incident_brings_a_card_only_once_it_fires_for_good(tmp_path: Path) -> None:
    async with story(tmp_path, rules=town(tmp_path / "rules")) as s:
        for _ in range(2):
            since = s.clock.now()
            await s.fire(wire("a", since=since))
            await s.advance(seconds=11)
            await s.fire(wire("a", "resolved", since=since, ended=s.clock.now()))
            await s.advance(seconds=30)
        await s.fire(wire("a", since=s.clock.now()))
        await s.advance(seconds=1)
        await s.advance(minutes=9)
        assert {n.waits_for for n in await s.app.notices.desk.recent() if n.stage is Stage.HELD} == {"flapping"}
        assert s._news(SUPPORT) == []
        await s.advance(minutes=1)
        await s.advance(seconds=31)
        await s.expect(SUPPORT, "DRAFT")
        for at, _ in s._news(ADMINS):
            s._seen.add(at)


async def test_no_end_is_suggested_while_alertmanager_still_lists_the_alert(tmp_path: Path) -> None:
    async with scene(tmp_path) as (s, both):
        since = real_now() - timedelta(seconds=5)
        await both.hold(since, **ALERT)
        await s.fire(wire("a", since=since))
        await s.advance(seconds=11)
        await s.advance(minutes=3)
        card = await s.expect(SUPPORT, "DRAFT")
        await press(s, card, "Approve", ANNA)
        await press(s, card, "Approve", OLEG)
        await s.advance(seconds=20)
        await s.expect(CHANNEL)
        await s.fire(wire("a", "resolved", since=since, ended=s.clock.now()))
        await s.settle()
        assert "no proof of recovery: Alertmanager itself still lists them" in card.text
        assert not [label for label in card.labels() if "Resolve" in label or "Monitoring" in label]
        await both.hold(since, until=timedelta(seconds=-1), **ALERT)
        await s.advance(seconds=31)
        assert "no proof" not in card.text
        assert [label for label in card.labels() if "onitoring" in label]


async def test_absence_counts_only_where_every_peer_answers_and_is_not_young(tmp_path: Path) -> None:
    async with scene(tmp_path) as (s, both):
        await both.hold(real_now(), **ALERT)
        await s.fire(wire("a", since=s.clock.now()))
        await s.advance(seconds=11)
        (incident,) = await s.incidents()
        confirm = s.app.notices.engine.senses.confirm
        assert await confirm([incident]) == {Confirmation.FIRING}
        await both.hold(real_now() - timedelta(seconds=9), until=timedelta(seconds=-1), **ALERT)
        s.clock.advance(seconds=6)
        assert await confirm([incident]) == {Confirmation.GONE}
        both.peers[1].kill()
        s.clock.advance(seconds=6)
        assert await confirm([incident]) == {Confirmation.UNSURE}
        elsewhere = replace(incident, alerts={i: replace(a, source="grafana") for i, a in incident.alerts.items()})
        assert await confirm([elsewhere]) == {Confirmation.UNKNOWN}
