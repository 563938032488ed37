"""The week in minutes: what spans cover, what they leave, and how that is said."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.channels.links import _variables
from receiver.rules.load import load_rules
from receiver.rules.texts import LINK_VARIABLES
from receiver.rules.times import uncovered
from receiver.rules.week import DAY, DAYS, WEEK, describe, holes, minute, stretches
from receiver.rules.yaml import read_yaml
from tests.builders import NOW, alert

CLOCKS = st.integers(0, DAY - 1).map(lambda m: f"{m // 60:02}:{m % 60:02}")
SPANS = st.fixed_dictionaries({"from": CLOCKS, "to": CLOCKS}, optional={"days": st.lists(st.sampled_from(DAYS))})


@pytest.mark.parametrize(
    ("spans", "left"),
    [
        ([{"from": "00:00", "to": "24:00"}], ""),
        ([{"from": "22:00", "to": "08:00"}], "every day 08:00–22:00"),
        ([{"from": "22:00", "to": "08:00"}, {"from": "08:00", "to": "22:00"}], ""),
        ([{"from": "00:00", "to": "24:00", "days": ["mon", "tue", "wed", "thu", "fri"]}], "sat, sun 00:00–24:00"),
        ([{"from": "12:00", "to": "12:00"}], "every day 00:00–24:00"),
    ],
)
def test_what_is_left_is_said_once(spans: list[dict[str, Any]], left: str) -> None:
    assert describe(holes(stretch for span in spans for stretch in stretches(span))) == left


@given(st.lists(SPANS, max_size=4))
def test_every_minute_is_either_covered_or_left(spans: list[dict[str, Any]]) -> None:
    covered = {m for span in spans for begins, ends in stretches(span) for m in range(begins, ends)}
    left = [m for begins, ends in holes(s for span in spans for s in stretches(span)) for m in range(begins, ends)]
    assert sorted(left) == [m for m in range(WEEK) if m not in covered]


@pytest.mark.parametrize("text", ["8:00", "ab:cd", "", None, 8])
def test_what_is_no_clock_time_is_none(text: Any) -> None:
    assert minute(text) is None


def test_routes_that_share_matchers_but_not_the_whole_week_are_named() -> None:
    routes = (
        "version: 1\nroute:\n  id: root\n  destinations: [chat]\n  routes:\n"
        "    - {id: nights, matchers: [a=b], active: [nights]}\n"
        "    - {id: days, matchers: [a=b], active: [days]}\n"
        'windows:\n  nights: {timezone: UTC, times: [{from: "22:00", to: "08:00"}]}\n'
        '  days: {timezone: UTC, times: [{from: "09:00", to: "22:00"}]}\n'
    )
    (said,) = uncovered({"routes.yaml": read_yaml("routes.yaml", routes.encode())})
    assert said.startswith('routes.yaml:6: routes "nights", "days" share their matchers but leave every day 08:00–09:00 to the route above')
    assert list(uncovered({"routes.yaml": read_yaml("routes.yaml", routes.replace("09:00", "08:00").encode())})) == []
    other_zone = routes.replace("days: {timezone: UTC", "days: {timezone: Europe/Moscow")
    assert list(uncovered({"routes.yaml": read_yaml("routes.yaml", other_zone.encode())})) == []


def test_links_may_hold_what_a_message_fills_in() -> None:
    assert set(LINK_VARIABLES) == set(_variables(alert(), NOW, NOW))


def test_shipped_rules_leave_nothing_open() -> None:
    assert load_rules(Path(__file__).parents[2] / "routing_rules").warnings == ()
