"""The judge of the campaign of timers bites: each way to break the promise, in a made-up log of what rang, is a fault by its name."""

import random
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from receiver.clock import ManualClock
from tests.builders import NOW
from tests.faults.far_end import FarEnd, Ring
from tests.faults.rings import Figures, Happened, judge

FIRST = NOW + timedelta(seconds=2)
A = Ring(at=FIRST, incident="INC-1", person="a", is_marked=False, is_silent=False, is_confirmed=True)
B, C = replace(A, at=FIRST + timedelta(minutes=2), person="b"), replace(A, at=FIRST + timedelta(minutes=5), person="c")
GOOD = (A, B, C)
Spans = tuple[tuple[datetime, datetime], ...]
TAKEN = FIRST + timedelta(minutes=1)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def faults(*rings: Ring, taken: datetime | None = None, stalls: Spans = (), outages: Spans = (), repairs: int = 0) -> list[str]:
    """The names of what this log breaks."""
    far = FarEnd(ManualClock(NOW), random.Random(1), lambda: None)
    far.rings = list(rings)
    far.asked = {("INC-1", ring.person): ring.at for ring in reversed(rings)}
    happened = Happened(fired={"svc-1": NOW}, ids={"svc-1": "INC-1"}, acks={"INC-1": taken} if taken else {}, stalls=list(stalls), outages=list(outages))
    figures = Figures(seed=1, repairs=repairs)
    judge(figures, happened, far)
    return [fault.partition(":")[0].partition(" by ")[0] for fault in figures.faults()]


def test_what_rang_as_it_must_breaks_nothing() -> None:
    assert faults(*GOOD) == []
    assert faults(A, taken=TAKEN) == []
    assert faults(replace(A, is_confirmed=False), replace(A, at=FIRST + seconds(2), is_marked=True), B, C) == []
    assert faults(A, replace(A, at=FIRST + seconds(20), is_marked=True), B, C) == [], "a lease that ran out: nobody knows of the first one"


@pytest.mark.parametrize(
    ("name", "rings", "taken"),
    [
        ("missed", (), None),
        ("missed", (A,), None),
        ("missed", (A, B), None),
        ("missed", (A, replace(B, at=B.at + seconds(151)), replace(C, at=C.at + seconds(151))), None),
        ("doubled", (*GOOD, replace(B, at=B.at + seconds(12))), None),
        ("doubled", (*GOOD, replace(A, at=A.at)), None),
        ("repeated", (*GOOD, replace(A, at=A.at + seconds(3), is_marked=True)), None),
        ("after_ack", (A, replace(B, at=TAKEN + seconds(13))), TAKEN),
        ("after_ack", GOOD, TAKEN),
        ("early", (A, replace(B, at=A.at + seconds(60)), replace(C, at=A.at + seconds(240))), None),
    ],
)
def test_each_broken_promise_is_a_fault_by_its_name(name: str, rings: tuple[Ring, ...], taken: datetime | None) -> None:
    assert name in faults(*rings, taken=taken)


def test_a_timer_that_is_late_by_three_seconds_is_late_unless_a_frozen_replica_held_it() -> None:
    late = (A, replace(B, at=B.at + seconds(3)), replace(C, at=C.at + seconds(3)))
    assert faults(*late) == ["late"]
    assert faults(*late, stalls=((B.at - seconds(1), B.at + seconds(30)),)) == []


def test_a_page_that_a_dead_replica_held_when_time_jumped_is_due_after_the_jump() -> None:
    deadline = A.at + timedelta(minutes=4)
    jump = (deadline + seconds(10), deadline + timedelta(minutes=7))
    after = (A, replace(B, at=jump[1] + seconds(20)), replace(C, at=jump[1] + timedelta(minutes=3)))
    assert "missed" in faults(*after)
    assert "missed" not in faults(*after, outages=(jump,))


def test_who_takes_it_while_a_dead_replica_still_holds_its_first_page_is_not_paged_for_it() -> None:
    assert faults(taken=NOW + seconds(6)) == []
    assert faults(taken=NOW + seconds(40)) == ["missed"]


def test_a_wake_up_that_the_auditor_had_to_mend_is_a_fault() -> None:
    assert faults(*GOOD, repairs=1) == ["1 repairs"]


def test_an_hour_counts_from_the_decision_that_waited_while_time_jumped() -> None:
    jump = (C.at + timedelta(minutes=60), C.at + timedelta(minutes=70))
    late, next_one = replace(C, at=jump[1] + seconds(3)), replace(C, at=jump[0] + timedelta(minutes=60))
    assert faults(*GOOD, late, next_one, outages=(jump,)) == []
    assert "doubled" in faults(*GOOD, late, next_one)
    assert "doubled" in faults(*GOOD, late, replace(late, at=late.at + seconds(40)), outages=(jump,))
