"""One incident through every channel: what each far end has seen by the time it is over."""

import contextlib
import json
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from receiver.channels.pagerduty import dedup_key
from tests.builders import NOW, wire
from tests.channels.ends import HOOK_KEY, MOST_TOKEN, ROUTING_KEY, mattermost_takes, pagerduty_takes
from tests.fakes.http_end import HttpEnd, Reply
from tests.harness import ROOT, Story, story

PLACES = """version: 1
destinations:
  admin-chat: {{channel: telegram, chat: -1001000000001}}
  pagerduty: {{channel: pagerduty, secret: PD}}
  hook: {{channel: webhook, url: "{hook}/incidents", secret: HOOK, allow_private: true}}
  team: {{channel: longtail, secret: MM}}
fallback: [admin-chat]
"""
ROUTES = "version: 1\nroute: {id: root, group_by: [service], group_wait: 0s, destinations: [pagerduty, hook, team]}\n"


@dataclass
class Ends:
    pagerduty: HttpEnd
    hook: HttpEnd
    team: HttpEnd


@contextlib.contextmanager
def ends() -> Iterator[Ends]:
    with HttpEnd(pagerduty_takes) as pagerduty, HttpEnd(lambda _: Reply(204)) as hook, HttpEnd(mattermost_takes) as team:
        yield Ends(pagerduty, hook, team)


@pytest.fixture
async def told(tmp_path) -> AsyncIterator[tuple[Story, Ends]]:
    with ends() as far:
        rules = tmp_path / "rules"
        shutil.copytree(ROOT / "routing_rules", rules, ignore=shutil.ignore_patterns("examples", ".schema", "notices.yaml"))
        for name in ("schedules.yaml", "escalation.yaml"):
            Path(rules / name).unlink(missing_ok=True)
        (rules / "destinations.yaml").write_text(PLACES.format(hook=far.hook.url))
        (rules / "routes.yaml").write_text(ROUTES)
        environ = {
            "RECEIVER_PAGERDUTY_API_URL": far.pagerduty.url,
            "RECEIVER_SECRET_PD": ROUTING_KEY,
            "RECEIVER_SECRET_HOOK": HOOK_KEY,
            "RECEIVER_SECRET_MM": f"mmost://127.0.0.1:{far.team.port}/{MOST_TOKEN}",
        }
        async with story(tmp_path, rules=rules, **environ) as it:
            yield it, far


async def test_an_incident_from_its_first_alert_to_its_end(told):
    it, far = told
    await it.fire(wire())
    await it.advance(seconds=1)
    await it.fire(wire(), wire("b", since=NOW))
    await it.advance(seconds=5)
    ended = it.clock.now()
    await it.fire(wire(status="resolved", ended=ended), wire("b", "resolved", since=NOW, ended=ended))
    await it.advance(seconds=5)
    await it.advance(seconds=5)
    events = [asked.json for asked in far.pagerduty.took]
    assert [event["event_action"] for event in events] == ["trigger", "trigger", "resolve", "resolve"]
    assert {event["dedup_key"] for event in events} == {dedup_key(it.app.key, "INC-1", 0)}
    posts = [asked.json for asked in far.hook.took]
    assert [(post["kind"], post["incident"]["state"]) for post in posts][-2:] in (
        [("incident", "resolved"), ("ended", "resolved")],
        [("ended", "resolved"), ("incident", "resolved")],
    )
    assert len({asked.headers["idempotency-key"] for asked in far.hook.took}) == len(posts)
    texts = [asked.json["text"] for asked in far.team.took]
    assert len(texts) == 2, "an edit is no message there"
    assert "back to normal" in texts[1]
    assert json.dumps(events).count(ROUTING_KEY) == len(events)


async def test_an_end_that_pages_nobody_is_told_where_nothing_can_be_edited(told):
    it, far = told
    await it.fire(wire(severity="warning"))
    await it.advance(seconds=1)
    await it.fire(wire(status="resolved", severity="warning", ended=it.clock.now()))
    await it.advance(seconds=5)
    assert ["back to normal" in asked.json["text"] for asked in far.team.took] == [False, True]
    assert [asked.json["kind"] for asked in far.hook.took] == ["incident", "incident"]


async def test_a_far_end_that_does_not_answer_is_asked_again_and_says_it_once(told):
    it, far = told
    far.pagerduty.script += [Reply(503), Reply(then="drop", performed=True)]
    await it.fire(wire())
    for _ in range(4):
        await it.advance(seconds=10)
    await it.expect("-1001000000001", "INC-1")  # a page does not wait for one channel alone
    assert len({asked.json["dedup_key"] for asked in far.pagerduty.took}) == 1
    (sent,) = [slot for slot in await it.app.outbox.slots((await it.incidents())[0].id) if "pagerduty" in slot["mid"]]
    assert (sent["st"], sent["unknowns"]) == ("sent", "0")


async def test_a_channel_this_installation_has_not_leads_to_the_fallback(tmp_path):
    with ends() as far:
        rules = tmp_path / "rules"
        shutil.copytree(ROOT / "routing_rules", rules, ignore=shutil.ignore_patterns("examples", ".schema", "notices.yaml"))
        (rules / "destinations.yaml").write_text(
            PLACES.format(hook=far.hook.url).replace("{channel: pagerduty, secret: PD}", "{channel: email, to: [ops@example.com]}")
        )
        (rules / "routes.yaml").write_text(ROUTES.replace("[pagerduty, hook, team]", "[pagerduty]"))
        async with story(tmp_path, rules=rules) as it:
            await it.fire(wire())
            await it.advance(seconds=1)
            await it.expect("-1001000000001", "INC-1")
