"""The places notices go to, against far ends that speak HTTP: once there is once there, whatever the wire did."""

import hashlib
import hmac
import json
from dataclasses import replace

import pytest

from receiver.channels.notice_statuspage import StatuspageTarget
from receiver.channels.notice_target import Publication
from receiver.channels.notice_webhook import WebhookTarget
from receiver.clock import ManualClock
from receiver.core.delivery import Evidence
from receiver.core.notice import Impact, Phase
from receiver.core.notice_public import project
from receiver.core.notice_rules import NoticeChannel
from tests.builders import NOW
from tests.fakes.statuspage import Statuspage
from tests.notices.values import notice, rules, update

BOOK = rules()


@pytest.fixture
async def far():
    async with Statuspage() as found:
        yield found


@pytest.fixture
async def target():
    made = StatuspageTarget({"FAR": "far-key", "WRONG": "x"}.get)
    yield made
    await made.close()


def publication(far: Statuspage, *updates, secret: str = "FAR", **fields) -> Publication:
    public = project(notice(*updates))
    channel = NoticeChannel(name="far", kind="statuspage", address={"page": "p1", "url": far.url}, secret=secret, language="en", components={"checkout": "c1"})
    base = {"notice": public, "update": public.updates[0], "channel": channel, "page": BOOK.page, "components": BOOK.components, "key": "k"}
    return Publication(**{**base, **fields})


async def test_a_notice_becomes_an_incident_and_every_word_an_update(far, target):
    first = (await target.post(publication(far, update(1)))).outcome
    assert (first.evidence, first.ref) == (Evidence.OK, "far1/u1")
    words = (update(1), update(2, Phase.RESOLVED, Impact.OPERATIONAL, minutes=9))
    second = (await target.post(publication(far, *words, reply_to=first.ref))).outcome
    assert second.ref == "far1/u2"
    kept = far.incidents["far1"]
    assert (kept["status"], kept["components"], kept["metadata"]) == (
        "resolved",
        [{"id": "c1", "status": "operational"}],
        {"receiver": {"notice": "N2345678"}},
    )
    assert [u["body"] for u in kept["incident_updates"]] == ["word 2", "word 1"]
    assert not any(u["notified"] for u in kept["incident_updates"])


async def test_an_attempt_whose_answer_was_lost_is_found_again_and_not_repeated(far, target):
    one = publication(far, update(1))
    far.faults = [None, 0]  # the search is answered; the incident is made, and the answer to that lost
    lost = (await target.post(one)).outcome
    assert lost.evidence is Evidence.UNKNOWN
    assert len(far.incidents) == 1
    again = (await target.post(replace(one, is_retry=True))).outcome
    assert (again.evidence, again.ref, len(far.incidents)) == (Evidence.OK, "far1/u1", 1)
    assert len(far.incidents["far1"]["incident_updates"]) == 1


async def test_a_corrected_word_replaces_the_one_that_is_there(far, target):
    first = (await target.post(publication(far, update(1)))).outcome
    corrected = replace(update(1), texts={"en": replace(update(1).texts["en"], body="better")})
    done = (await target.post(publication(far, corrected, ref=first.ref))).outcome
    assert done.ref == first.ref
    assert [u["body"] for u in far.incidents["far1"]["incident_updates"]] == ["better"]


async def test_drift_is_what_the_far_end_shows(far, target):
    first = (await target.post(publication(far, update(1)))).outcome
    one = publication(far, update(1), reply_to=first.ref)
    assert await target.drift(one) == ""
    far.incidents["far1"]["components"][0]["status"] = "operational"
    assert await target.drift(one) == "operational"
    far.incidents["far1"]["status"] = "resolved"
    assert await target.drift(one) == "resolved"
    far.faults = [500]
    assert await target.drift(one) is None


@pytest.mark.parametrize(
    ("fault", "evidence"),
    [(420, Evidence.THROTTLED), (429, Evidence.THROTTLED), (401, Evidence.REFUSED), (422, Evidence.REFUSED), (302, Evidence.REFUSED), (410, Evidence.DEAD),
     (500, Evidence.UNKNOWN)],
)  # fmt: skip
async def test_what_the_far_end_answers_is_named(far, target, fault, evidence):
    far.faults = [fault]
    assert (await target.post(publication(far, update(1)))).outcome.evidence is evidence
    assert far.incidents == {}


async def test_a_wrong_key_is_said_and_a_missing_one_asks_nobody(far, target):
    assert (await target.post(publication(far, update(1), secret="WRONG"))).outcome.reason == "401: the API key is wrong"
    far.requests.clear()
    assert (await target.post(publication(far, update(1), secret="NONE"))).outcome.evidence is Evidence.REFUSED
    assert far.requests == []


async def test_a_webhook_is_signed_and_names_its_content(far):
    hook = WebhookTarget({"HOOK": "s3cret"}.get, ManualClock(NOW))
    channel = NoticeChannel(name="hook", kind="webhook", address={"url": f"{far.url}/hook", "private": "yes"}, secret="HOOK")
    one = replace(publication(far, update(1)), channel=channel, key="same")
    assert (await hook.post(one)).outcome.evidence is Evidence.OK
    body, headers = far.hooks[0]
    at, _, tag = headers["x-receiver-signature"].removeprefix("t=").partition(",v1=")
    assert hmac.compare_digest(tag, hmac.new(b"s3cret", f"{at}.".encode() + body, hashlib.sha256).hexdigest())
    assert int(at) == int(NOW.timestamp())
    assert headers["idempotency-key"] == "same"
    assert json.loads(body)["update"]["texts"]["en"]["body"] == "word 1"
    assert set(json.loads(body)) == {"page", "update", "notice"}
    far.faults = [302]
    assert (await hook.post(one)).outcome.evidence is Evidence.REFUSED
    await hook.close()


async def test_nobody_at_home_is_surely_not_sent():
    hook = WebhookTarget({}.get, ManualClock(NOW))
    channel = NoticeChannel(name="hook", kind="webhook", address={"url": "http://127.0.0.1:9/hook", "private": "yes"})
    public = project(notice(update(1)))
    one = Publication(notice=public, update=public.updates[0], channel=channel, page=BOOK.page, components=BOOK.components, key="k")
    assert (await hook.post(one)).outcome.evidence is Evidence.NOT_SENT
    await hook.close()


async def test_a_webhook_does_not_reach_our_own_network_unless_the_channel_permits_it(far):
    hook = WebhookTarget({}.get, ManualClock(NOW))
    channel = NoticeChannel(name="hook", kind="webhook", address={"url": f"{far.url}/hook"})
    outcome = (await hook.post(replace(publication(far, update(1)), channel=channel))).outcome
    assert outcome.evidence is Evidence.REFUSED
    assert "allow_private" in outcome.reason
    assert far.hooks == []
    await hook.close()
