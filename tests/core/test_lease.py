"""An acknowledgement is a lease: asked about, kept, released, handed over, voided, and over."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from receiver.core.alert import Severity
from receiver.core.decide import decide
from receiver.core.event import (
    Acknowledge,
    Assign,
    Escalate,
    Keep,
    Release,
    Snooze,
    Woke,
)
from receiver.core.incident import Incident, State
from receiver.core.plan import Kind, Reason
from receiver.core.policy import VoidOn
from tests.builders import NOW, alert, incident
from tests.core.paged import ANNA, BORIS, LATER, MINUTE, POLICY, Life, book, step


def taken(**policy: Any) -> Life:
    life = Life(replace(POLICY, **policy))
    life.see(Acknowledge(**ANNA))
    return life


def test_an_acknowledgement_is_a_lease_and_its_owner_is_asked_before_it_ends():
    life = taken()
    assert (life.at.owner, life.at.lease_until, life.at.wake_at) == ("anna", LATER + timedelta(hours=2), LATER + timedelta(minutes=110))
    life.wake()
    assert life.plan.reason is Reason.STILL_ON_IT
    assert [(n.kind, n.destination.name) for n in life.plan.notifications] == [(Kind.STILL, "anna")]
    assert life.at.wake_at == LATER + timedelta(hours=2)


def test_a_short_lease_is_asked_about_in_its_last_quarter_however_often_it_was_kept():
    life = taken(lease=20 * MINUTE)
    assert life.at.wake_at == LATER + 15 * MINUTE
    for _ in range(3):
        life.wake()
        life.see(Keep(**ANNA))
        assert (life.plan.reason, life.at.wake_at) == (Reason.KEPT, life.now + 15 * MINUTE)


def test_a_lease_that_ends_unanswered_begins_the_policy_anew():
    life = taken()
    life.wake()
    life.wake()
    assert (life.plan.reason, life.at.state, life.rung(), life.at.owner) == (Reason.LEASE_OVER, State.TRIGGERED, ["anna"], "")
    assert life.at.escalation.step == 0


def test_a_lease_that_ran_out_during_downtime_is_asked_about_first():
    life = taken()
    life.now += timedelta(hours=9)
    assert life.see(Woke()).reason is Reason.STILL_ON_IT
    assert life.at.lease_until == life.now + timedelta(minutes=10)


def test_the_question_goes_to_the_chats_when_its_owner_cannot_be_reached():
    life = taken()
    life.wake()
    life.lost("anna")
    assert [(n.kind, n.destination.name) for n in life.plan.notifications] == [(Kind.STILL, "admin-chat")]
    assert life.lost("anna").notifications == ()


def joined(life: Life, severity: Severity = Severity.CRITICAL, since: datetime = LATER) -> Incident:
    more = alert("b", severity=severity, since=since, alertname="MesApiDown")
    return replace(life.at, alerts={**life.at.alerts, more.id: more})


def test_a_new_alert_voids_the_acknowledgement_where_the_policy_says_so():
    life = taken(void_on=(VoidOn.NEW_ALERT,))
    life.at = joined(life)
    life.see(Woke())
    assert (life.plan.reason, life.plan.text, life.at.state, life.rung()) == (Reason.VOIDED, "new-alert: MesApiDown", State.TRIGGERED, ["anna"])
    assert life.plan.notifications[-1].args["because"] == "voided"
    assert life.plan.notifications[-1].args["by"] == "Anna"


def test_elsewhere_a_new_alert_is_shown_and_nobody_is_paged_again():
    life = taken()
    life.at = joined(life)
    life.see(Woke())
    assert (life.plan.reason, life.at.state, life.rung()) == (Reason.ALERTS_CHANGED, State.ACKNOWLEDGED, [])


def test_a_worse_severity_voids_and_the_one_who_has_it_is_paged_with_those_on_call():
    life = Life(replace(POLICY, void_on=(VoidOn.WORSE_SEVERITY,), steps=(step("boris"), step("vera"))))
    life.at = replace(life.at, severity=Severity.WARNING, alerts=incident(alert("x")).alerts)
    life.see(Acknowledge(**ANNA))
    life.at = joined(life)
    life.see(Woke())
    assert (life.plan.reason, life.plan.text, sorted(life.rung())) == (Reason.VOIDED, "worse-severity: critical", ["anna", "boris"])


def test_who_releases_it_is_left_out_of_the_next_page():
    life = taken()
    life.see(Release(**ANNA))
    assert (life.plan.reason, life.at.state, life.rung()) == (Reason.RELEASED, State.TRIGGERED, ["boris"])


def test_who_is_assigned_is_paged_and_has_it_once_they_take_it():
    life = taken()
    life.see(Assign(**ANNA, to="vera"))
    assert (life.plan.reason, life.at.state, life.rung()) == (Reason.ASSIGNED, State.TRIGGERED, ["vera"])
    life.wake()
    assert life.rung() == ["boris"], "no answer: the policy goes on where it was"
    life.see(Acknowledge(by="vera", name="Vera"))
    assert life.at.owner == "vera"


def test_assigning_to_oneself_is_taking_it_and_to_nobody_is_impossible():
    life = Life()
    assert life.see(Assign(**ANNA, to="anna")).reason is Reason.ACKNOWLEDGED
    assert life.see(Assign(**ANNA, to="nobody")).reason is Reason.NOT_POSSIBLE


def test_escalating_by_hand_pages_the_next_step_now():
    life = taken()
    life.see(Escalate(**ANNA))
    assert (life.plan.reason, life.at.state, life.rung()) == (Reason.ESCALATED_BY_HAND, State.TRIGGERED, ["boris"])


def test_without_a_policy_escalating_tells_the_fallback():
    one = decide(incident(alert()), Woke(), book(), LATER).next
    plan = decide(one, Escalate(**ANNA), book(), LATER)
    assert (plan.reason, [(n.kind, n.destination.name) for n in plan.notifications if n.kind is Kind.YOUR_TURN]) == (
        Reason.ESCALATED_BY_HAND,
        [(Kind.YOUR_TURN, "admin-chat"), (Kind.YOUR_TURN, "devops")],
    )


def test_a_snooze_holds_everything_and_its_end_begins_anew():
    life = taken()
    life.see(Snooze(**ANNA, until=LATER + timedelta(hours=3)))
    assert (life.plan.reason, life.at.state, life.at.wake_at) == (Reason.SNOOZED, State.SNOOZED, LATER + timedelta(hours=3))
    life.wake()
    assert (life.plan.reason, life.at.state, life.rung()) == (Reason.SNOOZE_OVER, State.TRIGGERED, ["anna"])


@pytest.mark.parametrize("span", [timedelta(0), timedelta(seconds=-1), timedelta(days=8)])
def test_a_snooze_ends_in_the_future_and_within_a_week(span):
    assert Life().see(Snooze(**BORIS, until=LATER + span)).reason is Reason.NOT_POSSIBLE


def test_what_nobody_was_told_of_yet_can_be_taken_or_resolved_and_nothing_else():
    fresh = incident(alert(), announced_at=None)
    for event in (Keep(**ANNA), Release(**ANNA), Assign(**ANNA, to="vera"), Escalate(**ANNA), Snooze(**ANNA, until=LATER)):
        assert decide(fresh, event, book(), NOW).reason is Reason.NOT_POSSIBLE
