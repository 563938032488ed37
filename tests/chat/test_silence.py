"""Silences made from the chat, in a real Alertmanager: what they cover is seen before, they end with the incident and by a press."""

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.builders import NOW, rules_files, wire
from tests.chat.test_commands import ask, deeds
from tests.fakes.real_alertmanager import RealAlertmanager, running
from tests.harness import ADMINS, ANNA, BORIS, DEVOPS, SVETA, Story, free_port, story

LABELS = {"alertname": "HighErrorRate", "service": "shop-api", "severity": "critical", "environment": "prod"}
ROUTES = """version: 1
route: {id: root, group_by: [environment], group_wait: 10s, reopen_within: 30m, destinations: [devops]}
"""


def labels(instance: str, **changed: str) -> dict[str, str]:
    return {**LABELS, "instance": instance, **changed}


@contextlib.asynccontextmanager
async def here(directory, *, replicas: int = 1) -> AsyncIterator[tuple[Story, RealAlertmanager]]:
    """A story at the machine's own time: Alertmanager knows no other. Its first peer is away."""
    rules = rules_files(directory / "rules", routes=ROUTES)
    with running(directory, free_port()) as am:
        urls = f"http://127.0.0.1:{free_port()}, {am.url}"
        async with story(directory, rules=rules, replicas=replicas, RECEIVER_ALERTMANAGER_URLS=urls) as s:
            s.clock.advance(seconds=(datetime.now(UTC) - NOW).total_seconds())
            am.fire(labels("a"), labels("b"), labels("c", environment="test"))
            since = s.clock.now()
            await s.fire(wire("a", since=since), wire("b", since=since))
            await s.advance(seconds=10)
            yield s, am


async def test_the_button_shows_what_it_would_cover_and_the_silence_is_alertmanagers_own(tmp_path):
    async with here(tmp_path) as (s, am):
        told = await s.expect(DEVOPS)
        await s.api.press(told, "🔇", ANNA)
        asked = await s.expect(DEVOPS)
        assert asked.text.splitlines()[:3] == [
            "🔇 Silence INC-1?",
            "Now it covers 2 alerts (0 of them outside this incident):",
            'alertname="HighErrorRate", environment="prod", service="shop-api", severity="critical"',
        ]
        assert asked.labels() == ["30 min", "2 h", "until 09:00", "Only this alert", "Cancel"]
        kept = asked.button("2 h")
        await s.api.press(asked, "2 h", ANNA)
        assert asked.text.startswith("🔇 INC-1: silenced by Anna until ")
        await s.api.press(asked, "", ANNA, data=kept)  # what comes again after a crash
        (made,) = am.silences()
        assert (made["createdBy"], made["comment"].startswith("INC-1 silenced in the chat by Anna ")) == ("Anna", True)
        assert {m["name"]: m["value"] for m in made["matchers"]} == LABELS
        ends = datetime.fromisoformat(made["endsAt"].replace("Z", "+00:00"))
        assert abs(ends - s.clock.now() - timedelta(hours=2)) < timedelta(seconds=30)
        assert am.silenced() == {"a", "b"}
        assert "silenced by Anna until" in (await ask(s, "/why INC-1")).text
        assert (await ask(s, "/why INC-1", BORIS)).text.count("Anna") == 1
        reasons = [(e.reason, e.by) for e in await s.app.incidents.timeline("INC-1")]
        assert reasons.count(("silenced", "anna")) == 1
        await s.api.press(asked, "Undo", BORIS)
        assert asked.text == "🔔 INC-1: тишина снята (Борис)"
        assert (am.silences(), am.silenced()) == ([], set())


async def test_alerts_of_others_are_counted_and_one_alert_alone_may_be_chosen(tmp_path):
    async with here(tmp_path) as (s, am):
        await s.expect(DEVOPS)
        am.fire(labels("x"), labels("y"))
        asked = await ask(s, "/silence 1", BORIS, DEVOPS)
        assert "⚠ Сейчас это закроет 4 алерта (из них вне этого инцидента: 2):" in asked.text
        await s.api.press(asked, "Только этот алерт", BORIS)
        assert "Сейчас это закроет 1 алерт (из них вне этого инцидента: 0):" in asked.text
        assert 'instance="' in asked.text
        await s.api.press(asked, "30 мин", BORIS)
        assert am.silenced() in ({"a"}, {"b"})
        assert ("boris", "silence", "INC-1", "silenced") in await deeds(s)


async def test_it_ends_with_the_incident_once_for_two_replicas(tmp_path):
    async with here(tmp_path, replicas=2) as (s, am):
        told = await s.expect(DEVOPS)
        asked = await ask(s, "/silence INC-1 45m", ANNA, DEVOPS)
        assert asked.labels() == ["Silence", "Cancel"]
        await s.api.press(asked, "Silence", ANNA)
        assert am.silenced() == {"a", "b"}
        await s.api.press(told, "🟢", ANNA)
        await s.advance(seconds=5)
        await s.expect(DEVOPS, "closed by Anna")
        for app in s.apps:
            await app.chat.silencer.turn()
        assert am.silences() == []
        assert asked.text.startswith("🔔 INC-1: silence ended with the incident")
        assert [e.reason for e in await s.app.incidents.timeline("INC-1")].count("silence_over") == 1


async def test_a_new_system_ends_it_early_and_somebody_elses_hand_is_seen(tmp_path):
    async with here(tmp_path) as (s, am):
        await s.expect(DEVOPS)
        asked = await ask(s, "/silence INC-1 2h", ANNA, DEVOPS)
        await s.api.press(asked, "Silence", ANNA)
        await s.app.chat.silencer.turn()
        assert asked.text.startswith("🔇")
        await s.fire(wire("a", since=s.clock.now()), wire("d", service="shop-db", since=s.clock.now()))
        await s.advance(seconds=5)
        await s.expect(DEVOPS, "Shop DB")
        await s.app.chat.silencer.turn()
        assert asked.text.startswith("🔔 INC-1: silence ended early, it spreads: shop-db")
        assert am.silences() == []
        again = await ask(s, "/silence INC-1 2h", ANNA, DEVOPS)
        await s.api.press(again, "Silence", ANNA)
        am.expire(am.silences()[0]["id"])
        await s.app.chat.silencer.turn()
        assert again.text.startswith("🔔 INC-1: silence ended in Alertmanager")


async def test_a_crash_between_alertmanager_and_the_store_makes_no_second_silence(tmp_path):
    async with here(tmp_path) as (s, am):
        await s.expect(DEVOPS)
        asked = await ask(s, "/silence INC-1 2h", ANNA, DEVOPS)
        kept = asked.button("Silence")
        await s.api.press(asked, "Silence", ANNA)
        ((name, made),) = (await s.app.chat.silencer._silences.held()).items()
        raw = (await s.app.client.hget("{amend}:silences", name)).replace(made.silence_id.encode(), b"")
        await s.app.client.hset("{amend}:silences", name, raw)
        await s.api.press(asked, "", ANNA, data=kept)
        assert [one["id"] for one in am.silences()] == [made.silence_id]
        assert (await s.app.chat.silencer._silences.held())[name].silence_id == made.silence_id


async def test_who_may_not_silences_nothing_and_cancel_does_not_either(tmp_path):
    async with here(tmp_path) as (s, am):
        told = await s.expect(DEVOPS)
        assert "may not" in (await s.api.press(told, "🔇", SVETA))["text"]
        asked = await ask(s, "/silence INC-1", ANNA, DEVOPS)
        assert "may not" in (await s.api.press(asked, "2 h", SVETA))["text"]
        await s.api.press(asked, "Cancel", ANNA)
        assert asked.text == "Cancelled, nothing is silenced."
        assert am.silences() == []


@pytest.mark.parametrize(
    ("urls", "says"), [("", "Set RECEIVER_ALERTMANAGER_URLS"), ("http://127.0.0.1:9", "Alertmanager does not answer: 127.0.0.1:9: ConnectError")]
)
async def test_without_an_alertmanager_it_says_so(tmp_path, urls, says):
    async with story(tmp_path, rules=rules_files(tmp_path / "rules"), RECEIVER_ALERTMANAGER_URLS=urls) as s:
        await s.fire(wire())
        await s.advance(seconds=10)
        told = await s.expect(DEVOPS)
        assert says in (await ask(s, "/silence INC-1 2h", ANNA, ADMINS)).text
        assert says in (await s.api.press(told, "🔇", ANNA))["text"]
