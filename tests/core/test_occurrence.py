"""How often it began within a day: every return counts, a group remembers for its next incident, a crowd counts nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from receiver.core.decide import decide
from receiver.core.event import Acknowledge, Delivered, Resolve, Woke
from receiver.core.incident import OVERFLOW, STORM, State
from receiver.core.occurrence import MOST, is_untold
from receiver.core.plan import Reason
from receiver.store.incidents import decode_document, encode_document
from tests.builders import NOW, alert, incident, rulebook
from tests.core.paged import ANNA, LATER, MINUTE
from tests.core.test_flapping import Flap, flapping

HOUR = timedelta(hours=1)


def first(*earlier, **fields):
    """An incident that people are told of for the first time, of a group that began before."""
    return decide(incident(alert(), **fields), Woke(began=earlier), rulebook(), LATER)


def test_an_incident_that_is_told_has_begun_when_it_opened_and_only_once():
    one = Flap()
    assert one.at.begins == (NOW,)
    one.see(Acknowledge(**ANNA))
    one.see(Delivered(destination="admin-chat", ref="1", at=one.now))
    one.pass_time(MINUTE)
    assert one.at.begins == (NOW,)


def test_one_that_nobody_was_told_of_has_not_begun():
    held = decide(incident(alert()), Woke(began=(NOW - HOUR,)), rulebook(), NOW + timedelta(seconds=1))
    assert (held.reason, held.next.begins) == (Reason.GROUP_WAIT, ())
    over = decide(incident(alert(firing=False)), Woke(), rulebook(), LATER)
    assert (over.reason, over.next.begins) == (Reason.OVER_BEFORE_TOLD, ())


def test_the_next_incident_of_the_group_goes_on_counting():
    assert first(NOW - 3 * HOUR, NOW - HOUR).next.begins == (NOW - 3 * HOUR, NOW - HOUR, NOW)


def test_what_is_longer_ago_than_a_day_is_not_counted():
    day = timedelta(hours=24)
    assert first(NOW - day - MINUTE, NOW - day, NOW - day + MINUTE).next.begins == (NOW - day + MINUTE, NOW)


def test_what_is_kept_has_an_end():
    seen = first(*(NOW - MINUTE * n for n in range(1, 300))).next.begins
    assert len(seen) == MOST
    assert seen[-2:] == (NOW - MINUTE, NOW)


def test_a_return_counts():
    one = Flap()
    assert one.turn().reason is Reason.ALL_RESOLVED
    assert one.turn("a").reason is Reason.REOPENED
    assert one.at.begins == (NOW, one.now)


def test_a_return_after_a_persons_end_counts():
    one = Flap()
    one.see(Resolve(**ANNA))
    assert one.turn("a").reason is Reason.REOPENED
    assert len(one.at.begins) == 2


def test_returns_that_are_held_back_count_too_and_what_only_changes_does_not():
    one = flapping()
    assert len(one.at.begins) == 2
    one.turn("a")
    assert (one.plan.reason, len(one.at.begins)) == (Reason.FLAPPING, 3)
    one.pass_time(MINUTE)
    one.turn()
    assert len(one.at.begins) == 3, "an end is no beginning"


def test_something_new_in_the_quiet_of_one_that_flaps_counts_once():
    one = flapping()
    one.turn("b")
    assert one.plan.reason is Reason.REOPENED
    assert len(one.at.begins) == 3


def test_one_that_fires_steadily_has_not_begun_again():
    one = flapping()
    one.turn("a")
    one.pass_time(timedelta(minutes=10))
    assert one.plan.reason is Reason.STEADY
    assert len(one.at.begins) == 3


@pytest.mark.parametrize("crowd", [{"source": STORM}, {"group_key": f"{OVERFLOW}alertmanager"}])
def test_a_storm_and_an_overflow_count_nothing(crowd):
    plan = first(NOW - HOUR, **crowd)
    assert plan.next.announced_at
    assert plan.next.begins == ()
    assert not is_untold(plan.before), "nor are they asked about"
    over = replace(plan.next, state=State.RESOLVED, resolved_at=LATER)
    again = decide(over, Woke(), rulebook(), LATER + MINUTE)
    assert again.next.reopened == 1
    assert again.next.begins == ()


def test_the_store_keeps_it():
    kept = first(NOW - HOUR).next
    assert decode_document(encode_document(kept)).begins == kept.begins
