"""Where a value is going, and how sure that is."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from receiver.core.trend import Sample, find_exhaustion, fit_trend

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def samples(minutes: int, at_hour, noise: float = 0.0, seed: int = 1) -> list[Sample]:
    rng = random.Random(seed)
    return [Sample(at=START + timedelta(minutes=m), value=at_hour(m / 60) + rng.gauss(0, noise)) for m in range(minutes + 1)]


def test_a_straight_line_is_found_exactly():
    trend = fit_trend(samples(180, lambda h: 40 + 5 * h))
    assert trend is not None
    assert trend.per_hour == pytest.approx(5)
    assert trend.last == pytest.approx(55)
    assert trend.error == pytest.approx(0, abs=1e-9)
    assert trend.is_steady


def test_the_limit_is_met_when_the_line_meets_it_and_the_interval_holds_it():
    trend = fit_trend(samples(180, lambda h: 40 + 5 * h, noise=1.5))
    assert trend is not None
    found = find_exhaustion(trend, 100)
    assert found is not None
    likely = START + timedelta(hours=12)
    assert abs(found.at - likely) < timedelta(hours=1)
    assert found.latest is not None
    assert found.earliest < found.at < found.latest
    assert found.earliest < likely < found.latest


def test_noise_without_a_direction_is_hardly_ever_called_a_trend():
    found = [fit_trend(samples(180, lambda _: 70, noise=8, seed=seed)) for seed in range(40)]
    assert sum(trend is not None and trend.is_steady for trend in found) <= 2


def test_twenty_minutes_are_too_short_to_speak_of_a_trend():
    trend = fit_trend(samples(20, lambda h: 40 + 50 * h))
    assert trend is not None
    assert not trend.is_steady
    assert find_exhaustion(trend, 100) is None


def test_a_value_that_moves_away_from_the_limit_never_meets_it():
    trend = fit_trend(samples(180, lambda h: 90 - 5 * h))
    assert trend is not None
    assert find_exhaustion(trend, 100) is None
    assert find_exhaustion(trend, 0) is not None


def test_what_lies_beyond_a_month_is_not_foretold():
    trend = fit_trend(samples(180, lambda h: 40 + 0.01 * h))
    assert trend is not None
    assert find_exhaustion(trend, 100) is None


def test_samples_that_are_no_numbers_are_left_out():
    broken = [Sample(at=START + timedelta(minutes=m), value=float("nan")) for m in range(60)]
    assert fit_trend(broken) is None
    assert fit_trend([]) is None


@pytest.mark.parametrize("found", [samples(1, lambda h: 100.0), [Sample(at=START, value=100.0) for _ in range(5)]], ids=["two", "at one instant"])
def test_too_few_samples_say_where_it_stands_and_nothing_of_where_it_goes(found):
    trend = fit_trend(found)
    assert trend is not None
    assert (trend.last, trend.per_hour, trend.is_steady) == (100.0, 0.0, False)
    assert find_exhaustion(trend, 200) is None
