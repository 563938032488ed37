"""Which alert speaks for its incident."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from receiver.core.alert import Alert, AlertId, AlertStatus, Severity, precedence
from tests.builders import NOW


def alert(name: str, severity: str = "critical", *, minutes: int = 0, resource: str = "") -> Alert:
    """Began so many minutes after the first one could have."""
    labels = {"alertname": name, "resource": resource}
    return Alert(
        id=AlertId(name), status=AlertStatus.FIRING, severity=Severity(severity), starts_at=NOW + timedelta(minutes=minutes), labels=labels, annotations={}
    )


PAIRS = {
    "worse before older": (alert("New", "critical", minutes=9), alert("Old", "warning")),
    "a warning before a note": (alert("New", "warning", minutes=9), alert("Old", "info")),
    "worse before what is the case now": (alert("Burn", "critical", resource="error-budget"), alert("Rate", "warning", resource="errors")),
    "what is the case now before a budget that began earlier": (alert("Rate", minutes=9, resource="errors"), alert("Burn", resource="error-budget")),
    "what names no resource is the case now": (alert("Down", minutes=9), alert("Burn", resource="error-budget")),
    "older before the name": (alert("Z"), alert("A", minutes=1)),
    "a budget that began earlier before a later one": (alert("Z", resource="error-budget"), alert("A", minutes=1, resource="error-budget")),
    "of the same instant by name": (alert("A"), alert("B")),
}


@pytest.mark.parametrize("why", PAIRS)
def test_of_two_alerts_the_one_people_need_first_speaks(why):
    first, second = PAIRS[why]
    assert precedence(first) < precedence(second)
    assert min(second, first, key=precedence) is first


def test_the_order_does_not_depend_on_the_order_of_arrival():
    order = [
        alert("Down"), alert("Rate", minutes=1, resource="errors"), alert("Burn", resource="error-budget"),
        alert("Slow", "warning"), alert("Burning", "warning", resource="error-budget"), alert("Note", "info"),
    ]  # fmt: skip
    for seed in range(20):
        assert sorted(random.Random(seed).sample(order, len(order)), key=precedence) == order


def test_an_end_changes_nothing_in_the_order():
    over = replace(alert("A"), status=AlertStatus.RESOLVED, ends_at=NOW)
    assert precedence(over) == precedence(alert("A"))
