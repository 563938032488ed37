"""What the numbers carry, and what they do not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from receiver.core.evidence import Doubt, Evidence, Flow, Saturated, Spread, is_news, weigh
from receiver.core.remedy import Remedy
from receiver.core.trend import Trend

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
RISING = Trend(at=NOW, last=70, per_hour=10, error=2, span=timedelta(hours=3))


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


def test_twice_the_room_lasts_as_long_as_the_rate_says():
    found = weigh(NOW, "message-queue", "depth", trend=replace(RISING, last=48_000, per_hour=25_000), limit=100_000, remedy=Remedy.CONSUMERS)
    assert found.postpones == timedelta(hours=4)
    still = weigh(NOW, "message-queue", "depth", trend=replace(RISING, per_hour=0), limit=100, remedy=Remedy.CONSUMERS)
    assert still.postpones is None


def test_a_queue_that_nobody_reads_needs_no_trend_for_its_remedy():
    flat = replace(RISING, per_hour=0, span=timedelta(minutes=10))
    found = weigh(NOW, "message-queue", "depth", trend=flat, flow=Flow(arriving=310, done=0, workers=0), remedy=Remedy.CONSUMERS)
    assert (found.remedy, found.doubt, found.needed) == (Remedy.CONSUMERS, Doubt.NONE, 0)


@pytest.mark.parametrize(
    ("spread", "needed", "doubt"),
    [
        (Spread(instances=2, mean=96.0), 3, Doubt.NONE),
        (Spread(instances=6, mean=90.0), 8, Doubt.NONE),
        (Spread(instances=2, mean=60.0), 0, Doubt.NONE),
        (Spread(instances=3, mean=50.0), 0, Doubt.UNEVEN),
        (Spread(instances=1, mean=97.0), 2, Doubt.NONE),
        (None, 0, Doubt.NONE),
    ],
)
def test_instances_are_counted_when_all_are_full_and_advised_against_when_one_is(spread, needed, doubt):
    found = weigh(NOW, "mes-api", "cpu", trend=replace(RISING, last=97), limit=100, spread=spread, remedy=Remedy.HORIZONTAL)
    assert (found.needed, found.doubt) == (needed, doubt)
    assert found.remedy is (Remedy.UNKNOWN if doubt else Remedy.HORIZONTAL)


def test_a_database_with_one_full_machine_is_not_advised_by_the_others():
    found = weigh(NOW, "shop-db", "cpu", trend=replace(RISING, last=97), limit=100, spread=Spread(instances=3, mean=40.0), remedy=Remedy.VERTICAL)
    assert (found.remedy, found.needed) == (Remedy.VERTICAL, 0)


def test_errors_need_no_trend_and_say_one_only_when_it_is_steady():
    jump = replace(RISING, error=12)
    found = weigh(NOW, "shop-api", "errors", trend=jump, unit="%", remedy=Remedy.FIND_CAUSE)
    assert (found.remedy, found.doubt, found.per_hour) == (Remedy.FIND_CAUSE, Doubt.NONE, None)
    assert weigh(NOW, "shop-api", "errors", trend=RISING, unit="%", remedy=Remedy.FIND_CAUSE).per_hour == 10


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
