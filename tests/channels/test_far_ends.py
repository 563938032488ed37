"""The contract of every channel that leaves the house, run against a real server for each: what was proved, and what arrived."""

import json
import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from receiver.channels.base import Evidence
from receiver.core.alert import Severity
from receiver.telemetry.logs import configure, get_logger
from tests.builders import NOW, alert, incident
from tests.channels.ends import CRITICAL, ENDS, SECRETS

HTTP = sorted(set(ENDS) - {"email"})
LONGTAIL = ("slack", "mattermost", "ntfy", "twilio", "matrix")
HOSTILE = 'down\r\nBcc: everybody@example.com\r\n\r\n<script>alert(1)</script> \u202egnp.exe\x00 \ud800 & "@channel'


@pytest.fixture(params=sorted(ENDS))
async def end(request):
    async with ENDS[request.param]() as found:
        yield found


async def test_a_message_arrives_in_the_form_its_server_takes(end):
    outcome = await end.channel.send(end.place, end.message())
    assert (outcome.evidence, outcome.reason) == (Evidence.OK, "")
    assert outcome.ref
    assert len(end.texts()) == 1
    assert "7.8 % of responses are HTTP 500" in end.texts()[0]


async def test_an_edit_is_an_update_or_nothing_and_never_a_second_message(end):
    ref = (await end.channel.send(end.place, end.message())).ref
    later = replace(incident(alert("shop-api-2", severity=Severity.CRITICAL), **CRITICAL), version=2)
    assert (await end.channel.edit(end.place, ref, end.message(later))).evidence is Evidence.OK
    assert len(end.texts()) == (2 if end.edits else 1)
    if end.edits:
        keys = [json.loads(text).get("dedup_key") or json.loads(text)["incident"]["id"] for text in end.texts()]
        assert len(set(keys)) == 1


EVIDENCE = {
    "refused": Evidence.REFUSED,
    "throttled": Evidence.THROTTLED,
    "dead": Evidence.DEAD,
    "broken": Evidence.UNKNOWN,
    "gateway": Evidence.UNKNOWN,
    "dropped": Evidence.UNKNOWN,
    "silent": Evidence.UNKNOWN,
}


SPECIAL = {
    ("email", "broken"): Evidence.THROTTLED,  # a mail server that says "try again" has surely not taken the mail
    ("matrix", "throttled"): Evidence.OK,  # the library waits there and asks again by itself
}


# A mail server stands behind no gateway.
DOES = [(name, how) for name in sorted(ENDS) for how in EVIDENCE if (name, how) != ("email", "gateway")]


@pytest.mark.parametrize(("end", "how"), DOES, indirect=["end"])
async def test_what_the_far_end_does_is_classified(end, how):
    end.misbehave(how)
    outcome = await end.channel.send(end.place, end.message())
    expected = SPECIAL.get((end.name, how), EVIDENCE[how])
    assert outcome.evidence is expected, outcome
    if expected is Evidence.OK:
        return
    assert outcome.reason
    assert outcome.ref == ""


@pytest.mark.parametrize("end", sorted(set(ENDS) - {"matrix"}), indirect=True)  # Matrix's plugin waits and asks again by itself: OK above
async def test_a_far_end_that_asks_for_time_gets_it(end):
    end.misbehave("throttled")
    after = (await end.channel.send(end.place, end.message())).retry_after
    assert after == {"email": timedelta(seconds=60)}.get(end.name, timedelta(seconds=30 if end.name in LONGTAIL else 7))


@pytest.mark.parametrize("name", sorted(set(ENDS) - {"slack", "twilio"}))  # their address is fixed in the library, none can be left behind
async def test_where_nobody_listens_nothing_was_sent(name):
    async with ENDS[name]() as end:
        sent_to, channel = end.place, end.channel
    async with ENDS[name]() as other:  # the first server is gone, its address remains
        fresh = type(channel)
        assert fresh is type(other.channel)
        if name == "email":
            other.channel._server = channel._server
        elif name == "pagerduty":
            other.channel._url = channel._url
        else:
            other.channel._secret = channel._secret
        outcome = await other.channel.send(sent_to, other.message())
        assert outcome.evidence is Evidence.NOT_SENT, outcome


@pytest.mark.parametrize("name", [name for name in sorted(ENDS) if name != "email"])
async def test_a_secret_that_is_not_set_is_named_by_its_setting(name):
    async with ENDS[name]() as end:
        outcome = await end.channel.send(replace(end.place, secret="FORGOTTEN"), end.message())
        assert (outcome.evidence, outcome.reason) == (Evidence.DEAD, "RECEIVER_SECRET_FORGOTTEN is not set")
        assert end.texts() == []


async def test_hostile_text_arrives_as_text(end):
    hostile = alert("x", severity=Severity.CRITICAL, alertname=HOSTILE, service=HOSTILE)
    told = incident(replace(hostile, annotations={"summary": HOSTILE}), **CRITICAL)
    assert (await end.channel.send(end.place, end.message(told))).evidence is Evidence.OK
    (text,) = end.texts()
    shown = json.loads(text)["text"] + json.loads(text)["incident"]["title"] if end.name == "webhook" else text  # its alerts are raw, for programs
    assert "\u202e" not in shown
    assert "\x00" not in shown


async def test_a_long_text_is_cut_to_what_the_place_takes(end):
    many = [alert(f"shop-api-{n}", severity=Severity.CRITICAL, alertname="Ошибок🔴" * 30 + str(n)) for n in range(300)]
    assert (await end.channel.send(end.place, end.message(incident(*many, **CRITICAL)))).evidence is Evidence.OK
    assert len(end.texts()) == 1


async def test_no_secret_is_in_any_outcome_or_log_line(end, capsys):
    root, level = logging.getLogger(), logging.getLogger().level
    kept = root.handlers[:]
    configure("DEBUG")
    try:
        outcomes = [await end.channel.send(end.place, end.message())]
        for how in ("refused", "broken", "dead"):
            end.misbehave(how)
            outcomes.append(await end.channel.send(end.place, end.message()))
        for outcome in outcomes:
            get_logger("test").warning("delivery", reason=outcome.reason, outcome=repr(outcome))
        printed = "".join(capsys.readouterr())
        assert "delivery" in printed
        shown = printed + repr(outcomes)
        assert [secret for secret in SECRETS if secret in shown] == []
    finally:
        root.handlers[:] = kept
        root.setLevel(level)


def test_the_list_of_far_ends_holds_every_channel():
    from receiver.app.channels import CHANNELS

    assert set(CHANNELS) - {"telegram", "browser", "longtail", "sms"} <= set(ENDS)
    assert NOW
