"""What the numbers carry, and what they do not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from receiver.core.evidence import Doubt, Evidence, Flow, Remedy, Saturated, find_remedy, is_news, weigh
from receiver.core.trend import Trend

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
RISING = Trend(at=NOW, last=70, per_hour=10, error=2, span=timedelta(hours=3))


@pytest.mark.parametrize(
    ("kind", "resource", "said", "remedy"),
    [
        ("service", "cpu", {}, Remedy.HORIZONTAL),
        ("frontend", "memory", {}, Remedy.HORIZONTAL),
        ("database", "cpu", {}, Remedy.VERTICAL),
        ("database", "disk", {}, Remedy.GROW),
        ("database", "pool", {}, Remedy.SLOW_QUERY),
        ("queue", "depth", {}, Remedy.CONSUMERS),
        ("service", "cpu", {"cpu": "vertical"}, Remedy.VERTICAL),
        ("external", "cpu", {}, Remedy.UNKNOWN),
        ("service", "ink", {}, Remedy.UNKNOWN),
    ],
)
def test_the_remedy_is_the_catalogues_or_what_is_usual_for_the_kind(kind, resource, said, remedy):
    assert find_remedy(kind, resource, said) is remedy


def test_a_steady_trend_gives_a_time_and_a_remedy():
    found = weigh(NOW, "mes-api", "cpu", trend=RISING, limit=100, unit="%", remedy=Remedy.HORIZONTAL)
    assert found.runs_out_at == NOW + timedelta(hours=3)
    assert found.earliest == NOW + timedelta(hours=2.5)
    assert found.latest == NOW + timedelta(hours=3.75)
    assert (found.remedy, found.doubt) == (Remedy.HORIZONTAL, Doubt.NONE)


@pytest.mark.parametrize(
    ("trend", "doubt"),
    [
        (replace(RISING, error=12), Doubt.UNSTEADY),
        (replace(RISING, span=timedelta(minutes=20)), Doubt.SHORT),
        (replace(RISING, per_hour=-10), Doubt.FALLING),
        (None, Doubt.NO_NUMBERS),
    ],
)
def test_numbers_that_do_not_carry_a_conclusion_give_neither_time_nor_advice(trend, doubt):
    found = weigh(NOW, "mes-api", "cpu", trend=trend, limit=100, unit="%", remedy=Remedy.HORIZONTAL)
    assert (found.doubt, found.remedy, found.runs_out_at) == (doubt, Remedy.UNKNOWN, None)


def test_what_is_full_already_needs_no_trend_for_its_remedy():
    full = replace(RISING, last=99, per_hour=0, error=5)
    found = weigh(NOW, "shop-db", "pool", trend=full, limit=100, remedy=Remedy.SLOW_QUERY)
    assert (found.remedy, found.doubt) == (Remedy.SLOW_QUERY, Doubt.NONE)


def test_consumers_are_counted_from_what_one_of_them_does():
    found = weigh(NOW, "message-queue", "depth", trend=RISING, flow=Flow(arriving=310, done=240, workers=6), remedy=Remedy.CONSUMERS)
    assert (found.needed, found.with_reserve) == (8, 10)


def test_consumers_that_keep_up_are_not_told_to_be_more():
    found = weigh(NOW, "message-queue", "depth", trend=RISING, flow=Flow(arriving=200, done=240, workers=6), remedy=Remedy.CONSUMERS)
    assert (found.needed, found.with_reserve) == (0, 0)


SAID = Evidence(at=NOW, service="s", resource="cpu", value=70, limit=100, runs_out_at=NOW + timedelta(hours=3), remedy=Remedy.HORIZONTAL)


@pytest.mark.parametrize(
    ("changed", "news"),
    [
        ({}, False),
        ({"value": 72.0}, False),
        ({"runs_out_at": NOW + timedelta(hours=3, minutes=10)}, False),
        ({"runs_out_at": NOW + timedelta(hours=2)}, True),
        ({"runs_out_at": None}, True),
        ({"remedy": Remedy.VERTICAL}, True),
        ({"also": (Saturated(service="x", resource="cpu"),)}, True),
    ],
)
def test_only_another_conclusion_edits_the_message(changed, news):
    assert is_news(SAID, replace(SAID, **changed)) is news


def test_the_first_evidence_is_news():
    assert is_news(None, SAID)
