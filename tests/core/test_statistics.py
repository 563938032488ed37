"""Statistics are counted by hand here, from histories of a few lines."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.core.alert import AlertId, Severity
from receiver.core.condition import Condition, ConditionKind
from receiver.core.history import Past, Sent, TimelineEntry, episodes
from receiver.core.statistics import Spread, spread, summarize
from tests.builders import NOW, incident

DAY = timedelta(days=1)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def entry(after: float, reason: str, state: str = "triggered", by: str = "", text: str = "") -> TimelineEntry:
    return TimelineEntry(at=NOW + minutes(after), reason=reason, state=state, by=by, text=text)


def page(after: float, person: str = "anna", **fields) -> Sent:
    return Sent(**{"to": person, "person": person, "channel": "telegram", "kind": "incident", "sent_at": NOW + minutes(after), "is_page": True, **fields})


def past(*timeline: TimelineEntry, messages: tuple[Sent, ...] = (), names: tuple[str, ...] = ("HighErrorRate",), **fields) -> Past:
    held = {"announced_at": NOW, "severity": Severity.CRITICAL, **fields}
    return Past(incident=incident(**held), names=names, timeline=timeline, messages=messages)


def counted(*pasts: Past, since=NOW - DAY, until=NOW + DAY, zone: str = "UTC"):
    return summarize(pasts, since, until, zone)


ANSWERED = (entry(0, "opened"), entry(4, "acknowledged", "acknowledged", "anna"), entry(30, "all_resolved", "resolved"))


def test_the_time_to_acknowledge_and_to_resolve_count_from_the_beginning():
    found = counted(past(*ANSWERED))
    assert found.acknowledged == Spread(count=1, median=minutes(4), ninetieth=minutes(4), longest=minutes(4))
    assert found.resolved.median == minutes(30)
    assert (found.incidents, found.unanswered) == (1, 0)


def test_an_incident_that_comes_back_is_counted_from_its_return():
    again = (entry(40, "reopened"), entry(42, "acknowledged", "acknowledged", "boris"), entry(50, "resolved_by_hand", "resolved"))
    found = counted(past(*ANSWERED, *again))
    assert (found.incidents, found.acknowledged.count, found.acknowledged.longest) == (2, 2, minutes(4))
    assert sorted([one.ended_at - one.began_at for one in episodes(past(*ANSWERED, *again)) if one.ended_at]) == [minutes(10), minutes(30)]


def test_a_second_acknowledgement_of_an_episode_is_no_answer():
    twice = (entry(0, "opened"), entry(4, "acknowledged", "acknowledged"), entry(130, "lease_over"), entry(140, "acknowledged", "acknowledged"))
    assert counted(past(*twice)).acknowledged == Spread(count=1, median=minutes(4), ninetieth=minutes(4), longest=minutes(4))


def test_what_ended_with_nobodys_hand_is_unanswered_and_what_somebody_resolved_is_not():
    by_itself = past(entry(0, "opened"), entry(9, "all_resolved", "resolved"))
    by_hand = past(entry(0, "opened"), entry(9, "resolved_by_hand", "resolved", "anna"))
    assert counted(by_itself, by_hand).unanswered == 1


def test_nobody_was_told_of_what_was_over_before():
    found = counted(past(entry(0, "over_before_told", "resolved"), announced_at=None))
    assert (found.incidents, found.resolved.count, found.noisiest) == (0, 0, ())


def test_each_event_counts_by_its_own_instant():
    found = counted(past(*ANSWERED, messages=(page(0), page(5))), since=NOW + minutes(3))
    assert (found.incidents, found.acknowledged.count, found.pages) == (0, 1, {"anna": 1})


def test_pages_are_counted_by_person_or_place_and_by_the_hour_of_the_zone():
    rung = (page(0), page(61), page(0, "boris"), page(1, "", to="devops"), page(2, is_page=False), page(3, sent_at=None))
    found = counted(past(*ANSWERED, messages=rung), zone="Europe/Moscow")
    assert found.pages == {"anna": 2, "boris": 1, "devops": 1}
    assert {hour: count for hour, count in enumerate(found.hours) if count} == {6: 3, 7: 1}


def test_the_noisiest_rule_is_the_one_with_most_incidents_and_its_share_without_a_hand_is_said():
    untouched = past(entry(0, "opened"), entry(9, "all_resolved", "resolved"), names=("DiskFull", "HighErrorRate"))
    found = counted(past(*ANSWERED, messages=(page(0),)), untouched)
    assert [(one.alert, one.route, one.incidents, one.pages, one.untouched) for one in found.noisiest] == [
        ("HighErrorRate", "root", 2, 1, 1),
        ("DiskFull", "root", 1, 0, 1),
    ]


def test_an_incident_that_came_back_twice_flaps():
    returns = (*ANSWERED, entry(40, "reopened"), entry(41, "all_resolved", "resolved"), entry(45, "reopened"))
    (one,) = counted(past(*returns), past(*ANSWERED, entry(40, "reopened"))).flappers
    assert (one.returns, one.alert, one.service) == (2, "HighErrorRate", "shop-api")


def test_alerts_that_the_reconciler_ended_are_stranded():
    conditions = {AlertId(str(n)): Condition(kind=kind) for n, kind in enumerate((ConditionKind.CLEARED, ConditionKind.GONE, ConditionKind.SILENCED))}
    assert counted(past(*ANSWERED, resolved_at=NOW + minutes(30), conditions=conditions)).stranded == {"alertmanager": 2}
    assert counted(past(*ANSWERED, conditions=conditions)).stranded == {}, "it has not ended"


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ((entry(9, "all_resolved", "resolved"),), (1, 0)),
        ((entry(9, "alerts_changed"),), (1, 1)),
        ((entry(9, "signal_lost", text="prometheus"), entry(12, "signal_back")), (1, 1)),
        ((), (1, 0)),
        ((entry(9, "alerts_changed"), entry(10, "held_unconfirmed"), entry(11, "all_resolved", "resolved")), (2, 1)),
    ],
)
def test_a_held_recovery_is_false_when_it_fires_again(then, expected):
    found = counted(past(entry(0, "opened"), entry(5, "held_unconfirmed", text="alertmanager"), *then))
    assert (found.held, found.false) == expected


def test_a_signal_that_is_lost_while_alerts_fire_holds_no_recovery_back():
    assert counted(past(entry(0, "opened"), entry(5, "signal_lost"), entry(9, "alerts_changed"))).held == 0


@given(st.lists(st.integers(0, 10_000), min_size=1))
def test_a_spread_is_made_of_spans_that_were_measured(seconds):
    found = spread(timedelta(seconds=one) for one in seconds)
    assert {found.median, found.ninetieth, found.longest} <= {timedelta(seconds=one) for one in seconds}
    assert found.median <= found.ninetieth <= found.longest == timedelta(seconds=max(seconds))
    assert sum(timedelta(seconds=one) <= found.ninetieth for one in seconds) >= 0.9 * len(seconds)
