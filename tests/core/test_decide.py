"""What follows from what: every transition, allowed and forbidden."""

from dataclasses import replace
from datetime import timedelta

import pytest

from receiver.core.alert import Severity
from receiver.core.decide import TRANSITIONS, decide
from receiver.core.event import Acknowledge, Assign, Delivered, DeliveryTrouble, Escalate, Event, Keep, Release, Resolve, Snooze, Woke
from receiver.core.incident import Incident, State
from receiver.core.plan import Kind, Plan, Priority, Reason
from receiver.core.rulebook import Person
from tests.builders import CHAT, NOW, PAGED, alert, incident, rulebook

LATER = NOW + timedelta(seconds=10)
ANNA = Acknowledge(by="anna", name="Anna")


def plan(before: Incident, event: Event, now=LATER, fallback=()) -> Plan:
    return decide(before, event, rulebook(*fallback), now)


def opened(*alerts, **fields) -> Incident:
    return plan(incident(*alerts, **fields), Woke()).next


def kinds(p: Plan) -> list[Kind]:
    return [n.kind for n in p.notifications]


def test_a_new_incident_waits_for_its_group_before_it_is_told():
    p = plan(incident(alert()), Woke(), NOW)
    assert (p.reason, p.notifications, p.wake_at) == (Reason.GROUP_WAIT, (), LATER)


def test_after_the_group_wait_every_destination_is_told_once():
    p = plan(incident(alert(), destinations=(CHAT, PAGED)), Woke())
    assert p.reason is Reason.OPENED
    assert [(n.kind, n.destination.name) for n in p.notifications] == [(Kind.INCIDENT, "admin-chat"), (Kind.INCIDENT, "devops")]


def test_a_critical_alert_is_a_page_and_a_warning_is_not():
    assert plan(incident(alert(severity=Severity.CRITICAL)), Woke()).notifications[0].priority is Priority.PAGE
    assert plan(incident(alert()), Woke()).notifications[0].priority is Priority.CHAT


def test_what_is_over_before_anybody_was_told_is_not_told():
    p = plan(incident(alert(firing=False)), Woke())
    assert (p.reason, p.notifications, p.is_archived) == (Reason.OVER_BEFORE_TOLD, (), True)


def test_a_repeat_changes_nothing():
    p = plan(opened(alert()), Woke())
    assert (p.reason, p.notifications, p.is_change) == (Reason.NOTHING_NEW, (), False)


def test_a_second_alert_of_the_group_edits_and_does_not_page_again():
    one = opened(alert("a"))
    two = replace(one, alerts={**one.alerts, **incident(alert("b")).alerts})
    p = plan(two, Woke())
    assert (p.reason, kinds(p)) == (Reason.ALERTS_CHANGED, [Kind.INCIDENT])


def test_a_worse_severity_is_said_aloud():
    one = opened(alert("a"))
    p = plan(replace(one, alerts={**one.alerts, **incident(alert("b", severity=Severity.CRITICAL)).alerts}), Woke())
    assert (p.reason, kinds(p), p.next.severity) == (Reason.GOT_WORSE, [Kind.INCIDENT, Kind.WORSE], Severity.CRITICAL)


def test_when_the_worst_alert_is_over_the_severity_falls_without_a_word():
    both = opened(alert("a"), alert("b", severity=Severity.CRITICAL))
    p = plan(replace(both, alerts=incident(alert("a"), alert("b", severity=Severity.CRITICAL, firing=False)).alerts), Woke())
    assert (p.reason, kinds(p), p.next.severity) == (Reason.ALERTS_CHANGED, [Kind.INCIDENT], Severity.WARNING)


def test_a_new_system_is_said_aloud():
    one = opened(alert("a"))
    p = plan(replace(one, alerts={**one.alerts, **incident(alert("b", service="mes-api")).alerts}), Woke())
    assert (p.reason, p.notifications[-1].args["systems"]) == (Reason.GOT_WORSE, "mes-api")


def test_the_end_edits_the_message_and_releases_those_who_were_paged():
    one = opened(alert("a", severity=Severity.CRITICAL))
    p = plan(replace(one, alerts=incident(alert("a", firing=False)).alerts), Woke())
    assert (p.reason, kinds(p), p.next.state) == (Reason.ALL_RESOLVED, [Kind.INCIDENT, Kind.ENDED], State.RESOLVED)
    assert p.wake_at == LATER + timedelta(minutes=30)


def test_truncated_alerts_hold_the_end_back():
    one = opened(alert("a"))
    p = plan(replace(one, alerts=incident(alert("a", firing=False)).alerts, truncated=3), Woke())
    assert (p.reason, p.next.state) == (Reason.HELD_TRUNCATED, State.TRIGGERED)


def test_firing_again_within_the_window_reopens_and_voids_the_acknowledgement():
    one = plan(opened(alert("a")), ANNA).next
    over = plan(replace(one, alerts=incident(alert("a", firing=False)).alerts), Woke()).next
    p = plan(replace(over, alerts=one.alerts), Woke())
    assert (p.reason, p.next.state, p.next.reopened, p.next.acknowledged_by) == (Reason.REOPENED, State.TRIGGERED, 1, "")
    assert kinds(p) == [Kind.INCIDENT, Kind.REOPENED]


def test_after_the_window_the_incident_is_closed():
    over = plan(replace(opened(alert("a")), alerts=incident(alert("a", firing=False)).alerts), Woke()).next
    assert plan(over, Woke(), LATER + timedelta(minutes=29)).reason is Reason.REOPEN_WINDOW
    p = plan(over, Woke(), LATER + timedelta(minutes=30))
    assert (p.reason, p.is_archived, p.wake_at) == (Reason.CLOSED, True, None)


def test_the_first_to_acknowledge_has_it_and_the_second_is_told():
    p = plan(opened(alert()), ANNA)
    assert (p.reason, p.next.acknowledged_by, kinds(p)) == (Reason.ACKNOWLEDGED, "Anna", [Kind.INCIDENT])
    second = plan(p.next, Acknowledge(by="boris", name="Boris"))
    assert (second.reason, second.next.acknowledged_by, second.notifications) == (Reason.ALREADY_ACKNOWLEDGED, "Anna", ())


def test_resolved_by_hand_stays_quiet_until_something_newer_fires():
    one = plan(opened(alert("a")), Resolve(by="anna", name="Anna")).next
    assert (one.state, one.resolved_by, one.wake_at) == (State.RESOLVED, "Anna", None)
    assert plan(one, Woke()).reason is Reason.QUIET_AFTER_RESOLVE
    newer = replace(one, alerts=incident(alert("a", since=NOW + timedelta(minutes=1))).alerts)
    assert plan(newer, Woke()).reason is Reason.REOPENED
    other = replace(one, alerts={**one.alerts, **incident(alert("b")).alerts})
    assert plan(other, Woke()).reason is Reason.REOPENED


def test_what_is_resolved_can_be_neither_taken_nor_resolved_again():
    over = plan(opened(alert()), Resolve(by="anna", name="Anna")).next
    assert plan(over, ANNA).reason is Reason.ALREADY_RESOLVED
    assert plan(over, Resolve(by="b", name="B")).reason is Reason.ALREADY_RESOLVED


def test_a_dead_destination_falls_back_once():
    trouble = DeliveryTrouble(destination="admin-chat", why="blocked")
    p = plan(opened(alert()), trouble, fallback=(PAGED,))
    assert (p.reason, [n.destination.name for n in p.notifications]) == (Reason.FELL_BACK, ["devops"])
    again = plan(p.next, trouble, fallback=(PAGED,))
    assert (again.reason, again.notifications) == (Reason.NOTHING_NEW, ())


def test_nobody_left_to_fall_back_to_is_a_reason_of_its_own():
    assert plan(opened(alert()), DeliveryTrouble(destination="admin-chat", why="x"), fallback=(CHAT,)).reason is Reason.NO_FALLBACK_LEFT


PEOPLE = {one: Person(id=one, name=one.title(), telegram=n) for n, one in enumerate(("anna", "boris"), 1)}
BY = {"by": "boris", "name": "Boris"}
EVENTS: tuple[Event, ...] = (
    Woke(),
    ANNA,
    Resolve(by="b", name="B"),
    DeliveryTrouble(destination="admin-chat", why="x"),
    Keep(**BY),
    Release(**BY),
    Assign(**BY, to="anna"),
    Escalate(**BY),
    Snooze(**BY, until=LATER + timedelta(hours=1)),
    Delivered(destination="anna", ref="1", at=LATER),
)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", EVENTS, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("firing", [True, False])
@pytest.mark.parametrize("announced", [None, NOW])
def test_no_event_moves_a_state_where_the_table_does_not_allow(state, event, firing, announced):
    before = incident(alert(firing=firing), state=state, announced_at=announced, resolved_at=NOW if state is State.RESOLVED else None)
    after = decide(before, event, rulebook(PAGED, people=PEOPLE), LATER).next.state
    assert after is state or after in TRANSITIONS[state]
