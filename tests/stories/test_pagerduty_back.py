"""Acknowledged at PagerDuty, acknowledged here: signed, once, and without an echo."""

import hashlib
import hmac
import json
import uuid

import pytest

from receiver.channels.pagerduty import dedup_key
from receiver.core.incident import State
from receiver.web.pagerduty import is_signed
from tests.builders import wire
from tests.harness import DEVOPS, story

SECRET = "a signing secret that must not leak"
USER = {"id": "PLH1HKV", "type": "user_reference", "summary": "Anna at PagerDuty"}
OURS = {"id": "PEVENTS", "type": "events_api_v2_inbound_integration_reference", "summary": "Events API v2"}


@pytest.fixture
async def it(tmp_path):
    async with story(tmp_path, RECEIVER_SECRET_PAGERDUTY_WEBHOOK=f"an older one, {SECRET}") as told:
        await told.fire(wire())
        await told.advance(seconds=11)
        await told.expect(DEVOPS, "INC-1")
        told._seen.update(range(len(told.api.sends())))
        yield told
        await told.settle()
        told._seen.update(range(len(told.api.sends())))


def event(it, kind="incident.acknowledged", agent=USER, key=None, **changed):
    data = {"id": "PGR0VU2", "type": "incident", "status": "acknowledged", "incident_key": key or dedup_key(it.app.key, "INC-1", 0)}
    body = {"id": uuid.uuid4().hex, "event_type": kind, "resource_type": "incident", "occurred_at": it.clock.now().isoformat(), "agent": agent, "data": data}
    return json.dumps({"event": {**body, **changed}}).encode()


async def say(it, body, secret=SECRET, header=None):
    proof = "v1=" + "0" * 64 + ",v1=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return await it.post(body, "/webhooks/pagerduty", x_pagerduty_signature=proof if header is None else header)


async def states(it):
    return [incident.state for incident in await it.incidents()]


async def test_an_acknowledgement_there_is_one_here(it):
    answer = await say(it, event(it))
    assert (answer.status_code, answer.json()) == (202, {"result": "acknowledged"})
    (incident,) = await it.incidents()
    assert (incident.state, incident.acknowledged_by) == (State.ACKNOWLEDGED, "Anna at PagerDuty")
    assert [entry.by for entry in await it.app.incidents.timeline(incident.id)][-1] == "pagerduty:PLH1HKV"


async def test_a_resolution_there_is_one_here(it):
    assert (await say(it, event(it, "incident.resolved"))).json() == {"result": "resolved_by_hand"}
    assert await states(it) == [State.RESOLVED]


async def test_the_same_event_has_its_effect_once(it):
    body = event(it)
    await say(it, body)
    version = (await it.incidents())[0].version
    assert (await say(it, body)).json() == {"result": "came before"}
    assert (await it.incidents())[0].version == version


@pytest.mark.parametrize(
    ("change", "result"),
    [
        ({"agent": OURS}, "nobody's doing"),
        ({"agent": None}, "nobody's doing"),
        ({"kind": "incident.annotated"}, "nothing to do for this event"),
        ({"kind": "pagey.ping"}, "nothing to do for this event"),
        ({"key": "somebody else's"}, "no incident of ours"),
        ({"key": "INC-1.0.000000000000"}, "no incident of ours"),
        ({"occurred_at": "2026-11-20T00:00:00Z"}, "too old"),
    ],
)
async def test_what_is_no_persons_doing_changes_nothing(it, change, result):
    answer = await say(it, event(it, **change))
    assert (answer.status_code, answer.json()) == (202, {"result": result})
    assert await states(it) == [State.TRIGGERED]


async def test_an_event_of_an_earlier_episode_changes_nothing(it):
    assert (await say(it, event(it, key=dedup_key(it.app.key, "INC-1", 7)))).json() == {"result": "of an earlier episode"}
    assert (await say(it, event(it, key=dedup_key(it.app.key, "INC-999", 0)))).json() == {"result": "no longer kept"}
    assert await states(it) == [State.TRIGGERED]


@pytest.mark.parametrize("header", ["", "v1=", "v1=" + "0" * 64, "v0=" + "0" * 64, "nonsense"])
async def test_without_the_signature_nobody_is_let_in(it, header):
    assert (await say(it, event(it), header=header)).status_code == 401
    assert (await say(it, event(it), secret="another")).status_code == 401
    assert await states(it) == [State.TRIGGERED]


async def test_what_is_signed_and_no_event_is_refused(it):
    for body in (b"{}", b"[]", b"not json", b'{"event": {}}', b'{"event": {"id": "", "event_type": "x", "occurred_at": "now"}}'):
        assert (await say(it, body)).status_code == 400


def test_without_a_secret_no_signature_is_right():
    assert not is_signed(b"x", "v1=" + hmac.new(b"", b"x", hashlib.sha256).hexdigest(), "")
    assert not is_signed(b"x", "v1=" + hmac.new(b"", b"x", hashlib.sha256).hexdigest(), " , ")
