"""PagerDuty's episodes and states, the hook's body and signature, and addresses nobody may point us at."""

import json
import socket
from dataclasses import replace
from datetime import timedelta

import pytest

from receiver.channels.base import Evidence
from receiver.channels.guarded import is_public
from receiver.channels.pagerduty import dedup_key, episode_of
from receiver.channels.webhook import WebhookChannel
from receiver.clock import ManualClock
from receiver.core.alert import Severity
from receiver.core.incident import IncidentId, State
from tests.builders import NOW, alert, incident
from tests.channels.ends import CRITICAL, HOOK_KEY, KEY, RENDERER, pagerduty, place, webhook
from tests.fakes.http_end import HttpEnd, Reply

TOLD = incident(alert("shop-api-2", severity=Severity.CRITICAL), **CRITICAL)


@pytest.mark.parametrize(
    ("state", "action"),
    [(State.TRIGGERED, "trigger"), (State.ACKNOWLEDGED, "acknowledge"), (State.SNOOZED, "acknowledge"), (State.RESOLVED, "resolve")],
)
async def test_pagerduty_follows_the_state(state, action):
    async with pagerduty() as end:
        assert (await end.channel.edit(end.place, "x", end.message(replace(TOLD, state=state)))).evidence is Evidence.OK
        assert [json.loads(text)["event_action"] for text in end.texts()] == [action]


@pytest.mark.parametrize("severity", Severity)
async def test_pagerduty_knows_how_bad_it_is_and_where_to_look(severity):
    async with pagerduty() as end:
        await end.channel.send(end.place, end.message(replace(TOLD, severity=severity)))
        (event,) = [json.loads(text) for text in end.texts()]
        payload = event["payload"]
        assert payload["severity"] == severity.value
        assert (payload["source"], payload["class"], payload["component"]) == ("shop-api-2", "HighErrorRate", "shop-api")
        assert (event["client"], event["client_url"]) == ("Incident receiver", "https://incidents.example")
        assert payload["timestamp"] == NOW.isoformat()


async def test_an_incident_that_fires_again_is_a_new_episode_and_the_last_one_is_closed():
    async with pagerduty() as end:
        await end.channel.edit(end.place, "x", end.message(replace(TOLD, reopened=1)))
        events = [json.loads(text) for text in end.texts()]
        assert [(e["event_action"], e["dedup_key"]) for e in events] == [("trigger", dedup_key(KEY, "INC-1", 1)), ("resolve", dedup_key(KEY, "INC-1", 0))]


async def test_a_key_pagerduty_does_not_take_is_a_dead_address():
    async with pagerduty() as end:
        end.channel._secret = {"KEY": "tooshortbutsecret"}.get
        outcome = await end.channel.send(end.place, end.message())
        assert outcome.evidence is Evidence.DEAD
        assert "routing_key" in outcome.reason
        assert "tooshortbutsecret" not in outcome.reason


def test_a_dedup_key_leads_back_to_its_episode_and_only_ours_does():
    key = dedup_key(KEY, "INC-412", 3)
    assert episode_of(KEY, key) == (IncidentId("INC-412"), 3)
    assert episode_of(b"another installation", key) is None
    assert [episode_of(KEY, text) for text in ("", "INC-412", key + "0", key.replace("412", "413"), "x" * 300)] == [None] * 5


async def test_the_hook_says_what_the_incident_is_and_its_key_is_that_of_the_version():
    async with webhook() as end:
        await end.channel.send(end.place, end.message())
        await end.channel.edit(end.place, "x", end.message(replace(TOLD, version=2)))
        await end.channel.edit(end.place, "x", end.message(replace(TOLD, version=2)))
        first, second, third = [json.loads(text) for text in end.texts()]
        assert first["key"] == "INC-1.incident.0.there:1"
        assert second["key"] == third["key"] == "INC-1.incident.0.there:2"
        assert (first["schema"], first["kind"], first["destination"], first["language"]) == ("incident/1", "incident", "there", "en")
        told = first["incident"]
        assert (told["id"], told["state"], told["severity"], told["firing"], told["alerts_total"]) == ("INC-1", "triggered", "critical", 1, 1)
        assert told["alerts"][0]["labels"]["instance"] == "shop-api-2"


async def test_a_wrong_signature_is_refused_by_whoever_checks_it():
    async with webhook() as end:
        end.channel._secret = {"KEY": "another key"}.get
        assert (await end.channel.send(end.place, end.message())).evidence is Evidence.DEAD
        assert end.texts() == []


async def test_a_redirect_is_not_followed():
    async with webhook() as end:
        end.http.script.append(Reply(302, headers={"location": f"{end.http.url}/elsewhere"}))
        outcome = await end.channel.send(end.place, end.message())
        assert (outcome.evidence, len(end.http.asked)) == (Evidence.DEAD, 1)


async def test_a_date_to_come_back_at_is_a_span_from_its_own_clock():
    async with webhook() as end:
        dates = {"retry-after": "Mon, 23 Nov 2026 03:03:30 GMT", "date": "Mon, 23 Nov 2026 03:02:00 GMT"}
        end.http.script.append(Reply(429, headers=dates))
        outcome = await end.channel.send(end.place, end.message())
        assert (outcome.evidence, outcome.retry_after) == (Evidence.THROTTLED, timedelta(seconds=90))


FORBIDDEN = (
    "http://127.0.0.1:{port}/x",
    "http://localhost:{port}/x",
    "http://[::1]:{port}/x",
    "http://[::ffff:127.0.0.1]:{port}/x",
    "http://[::ffff:7f00:1]:{port}/x",
    "http://2130706433:{port}/x",
    "http://0x7f.1:{port}/x",
    "http://0.0.0.0:{port}/x",
    "http://169.254.169.254/latest/meta-data",
    "http://100.64.0.1/x",
    "http://10.1.2.3/x",
    "http://192.168.1.1/x",
    "http://[fe80::1]/x",
    "http://[fd00::1]/x",
    "http://[64:ff9b::7f00:1]/x",
)


@pytest.mark.parametrize("url", FORBIDDEN)
async def test_nobody_can_point_the_hook_at_our_own_network(url, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with HttpEnd(lambda asked: Reply(204)) as far:
        channel = WebhookChannel({"KEY": HOOK_KEY}.get, ManualClock(NOW), budget=2)
        there = place("webhook", url=url.format(port=far.port))
        message = RENDERER.render("incident", TOLD, language="en", timezone="UTC", now=NOW, services={}, slot="s")
        outcome = await channel.send(there, message)
        await channel.close()
        assert outcome.evidence is Evidence.DEAD, outcome
        assert "allow_private" in outcome.reason
        assert far.asked == []


async def test_a_name_with_one_private_address_among_public_ones_is_refused(monkeypatch):
    """What resolves is looked at whole, and what is connected to was looked at: a name cannot change its mind in between."""
    asked = []

    async def both(self, host, port, **_):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in ("93.184.216.34", "127.0.0.1")]

    monkeypatch.setattr("asyncio.base_events.BaseEventLoop.getaddrinfo", both)
    channel = WebhookChannel({"KEY": HOOK_KEY}.get, ManualClock(NOW), budget=2)
    message = RENDERER.render("incident", TOLD, language="en", timezone="UTC", now=NOW, services={}, slot="s")
    outcome = await channel.send(place("webhook", url="http://rebind.example/x"), message)
    await channel.close()
    assert (outcome.evidence, asked) == (Evidence.DEAD, ["rebind.example"])


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "8.8.8.8", "2002:0808:0808::1"])
def test_addresses_of_the_open_internet(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "address", ["2002:7f00:1::", "::", "255.255.255.255", "224.0.0.1", "192.0.2.1", "198.18.0.1", "64:ff9b:1::1", "nonsense", "::ffff:10.0.0.1"]
)
def test_addresses_that_are_not(address):
    assert not is_public(address)
