"""Rules that cry wolf: what people judged not for customers is counted for the rule that asked, on its next card and in the statistics."""

from dataclasses import replace
from pathlib import Path

import pytest

from receiver.cli.stats import lines
from receiver.core.notice_event import Dismissed
from receiver.core.notice_record import Cause, Dismissal, Stage
from receiver.core.wolf import count_cries
from tests.builders import wire
from tests.harness import Story, story
from tests.notices.flow import ANNA, Flow
from tests.notices.test_story import ADMINS, press
from tests.notices.town import OLEG, SUPPORT, SVETA, town
from tests.notices.values import notice

ERRORS, SLOW = Cause(alert="Errors", route="critical"), Cause(alert="Slow", route="critical")


def test_drafts_are_counted_for_each_rule_that_asked_and_the_worst_comes_first():
    judged = {"stage": Stage.DISMISSED, "dismissal": Dismissal.FALSE_ALARM}
    notices = [
        notice(causes=(ERRORS,)),
        notice(causes=(ERRORS, SLOW), **judged),
        notice(causes=(SLOW,), stage=Stage.DISMISSED, dismissal=Dismissal.INTERNAL),
        notice(causes=(), **judged),  # begun by hand: no rule asked for it
        notice(causes=(SLOW,), stage=Stage.MERGED),
    ]
    found = [(one.cause, one.drafts, one.unwanted, dict(one.why)) for one in count_cries(notices)]
    assert found == [(SLOW, 3, 2, {"false_alarm": 1, "internal": 1}), (ERRORS, 2, 1, {"false_alarm": 1})]


def test_who_asked_is_kept_with_the_draft_and_outlives_its_incidents():
    flow = Flow()
    flow.facts = replace(flow.facts, causes=(ERRORS,))
    flow.drafted()
    flow.facts = replace(flow.facts, causes=(), firing=0)
    flow(Dismissed(actor=ANNA, why=Dismissal.INTERNAL))
    assert [(one.cause, one.unwanted) for one in count_cries([flow.notice])] == [(ERRORS, 1)]


@pytest.fixture
async def told(tmp_path: Path):
    async with story(tmp_path, rules=town(tmp_path / "rules")) as found:
        yield found
        for at, _ in found._news(ADMINS):
            found._seen.add(at)


async def card_of(s: Story, service: str, **labels: str):
    await s.fire(wire(service=service, since=s.clock.now(), **labels))
    await s.advance(seconds=11)
    await s.advance(minutes=3)
    return await s.expect(SUPPORT, "DRAFT")


async def test_the_next_card_of_the_rule_and_the_statistics_say_how_often_it_was_turned_down(told):
    s = told
    first = await card_of(s, "shop-api")
    assert "within 30 days" not in first.text
    await press(s, first, "Not for customers", SVETA)
    await press(s, first, "False alarm", SVETA)
    other = await card_of(s, "catalog-api", alertname="Slow")
    assert "within 30 days" not in other.text, "another rule asked for it"
    second = await card_of(s, "shop-db")
    assert "Not for customers before: 1 of 1 draft within 30 days by HighErrorRate (critical), false alarm 1" in second.text
    await press(s, second, "Not for customers", OLEG)
    await press(s, second, "Internal only", OLEG)

    asked = {"params": {"since": "7d"}, "headers": {"authorization": f"Bearer {s.app.api_token}"}}
    found = (await s.http.get("/api/v1/stats", **asked)).json()
    row = {"alertname": "HighErrorRate", "route": "critical", "drafts": 2, "not_for_customers": 2, "why": {"internal": 1, "false_alarm": 1}}
    calm = {"alertname": "Slow", "route": "critical", "drafts": 1, "not_for_customers": 0, "why": {}}
    assert found["drafts_for_customers"] == [row, calm]
    said = "\n".join(lines(found))
    assert "alertname      route     drafts  not_for_customers  why" in said
    assert "HighErrorRate  critical  2       2                  internal 1, false alarm 1" in said

    asked["params"]["since"] = "1m"
    assert (await s.http.get("/api/v1/stats", **asked)).json()["drafts_for_customers"] == []
