"""Whom an incident pages when: steps, rounds, ways, leases, and what ends them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from receiver.core.alert import Severity
from receiver.core.decide import decide
from receiver.core.destination import Destination
from receiver.core.escalation import ways_of
from receiver.core.event import (
    Acknowledge,
    Resolve,
    Snooze,
    Woke,
)
from receiver.core.incident import State
from receiver.core.plan import Kind, Priority, Reason
from receiver.core.policy import Aim, Policy, Step, Target, VoidOn, merge
from receiver.core.rulebook import PageStep, Person
from tests.builders import CHAT, PAGED, alert, incident
from tests.core.paged import ANNA, LATER, MINUTE, PEOPLE, POLICY, Life, step


def test_the_first_step_is_paged_with_the_chats_and_whatever_the_severity():
    life = Life()
    assert [(n.kind, n.destination.name, n.priority) for n in life.plan.notifications] == [
        (Kind.INCIDENT, "anna", Priority.PAGE),
        (Kind.INCIDENT, "admin-chat", Priority.PAGE),
    ]
    assert life.at.wake_at == LATER + 10 * MINUTE, "twice the wait while nothing is delivered"


def test_the_wait_begins_with_the_first_confirmed_delivery_of_the_level():
    life = Life()
    life.now += 2 * MINUTE
    assert (life.reached("anna").reason, life.at.wake_at) == (Reason.DELIVERED, LATER + 7 * MINUTE)
    life.now += MINUTE
    assert life.reached("anna").reason is Reason.NOTHING_NEW
    assert life.at.wake_at == LATER + 7 * MINUTE


def test_a_late_delivery_never_makes_a_level_longer_than_twice_its_wait():
    life = Life()
    life.now += 8 * MINUTE
    life.reached("anna")
    assert life.at.wake_at == LATER + 10 * MINUTE


def test_a_delivery_of_an_earlier_level_does_not_start_the_wait_of_this_one():
    life = Life()
    life.wake()
    life.reached("anna")
    assert life.at.escalation.delivered_at is None


def test_each_level_pages_its_own_and_rounds_follow_rounds_until_everybody_was_tried():
    life = Life()
    seen = []
    for _ in range(6):
        life.wake()
        seen.append((life.plan.reason.value, life.rung()))
    assert seen == [
        ("escalated", ["boris"]),
        ("escalated", ["vera", "anna", "boris"]),
        ("escalated", ["anna"]),
        ("escalated", ["boris"]),
        ("escalated", ["anna", "boris", "vera"]),
        ("exhausted", []),
    ]
    assert {n.destination.name for n in life.plan.notifications if n.kind is Kind.NOBODY} == {"admin-chat", "devops"}


def test_after_everybody_was_tried_the_last_step_is_paged_from_hour_to_hour():
    life = Life()
    while life.plan.reason is not Reason.EXHAUSTED:
        life.wake()
    for _ in range(3):
        assert life.at.wake_at == life.now + timedelta(hours=1)
        life.wake()
        assert (life.plan.reason, sorted(life.rung())) == (Reason.EXHAUSTED, ["anna", "boris", "vera"])


def test_an_overdue_escalation_is_one_step_after_hours_of_downtime():
    life = Life()
    life.now += timedelta(hours=6)
    life.see(Woke())
    assert (life.plan.reason, life.rung(), life.at.escalation.step) == (Reason.ESCALATED, ["boris"], 1)
    assert life.at.wake_at > life.now
    assert life.see(Woke()).reason is Reason.NOTHING_NEW


def test_when_all_of_a_step_fail_the_next_is_taken_at_once():
    life = Life()
    assert (life.lost("anna").reason, life.rung()) == (Reason.ESCALATED, ["boris"])
    assert life.lost("anna").reason is Reason.NOTHING_NEW or life.at.escalation.step == 1


def test_one_of_several_failing_is_not_the_step_failing():
    life = Life(replace(POLICY, steps=(step("anna", "boris"), step("vera"))))
    assert (life.lost("anna").reason, life.at.escalation.step) == (Reason.FELL_BACK, 0)
    assert (life.lost("boris").reason, life.rung()) == (Reason.ESCALATED, ["vera"])


def test_when_nobody_of_the_last_step_can_be_reached_the_fallback_hears_at_once_and_the_next_round_comes():
    life = Life(replace(POLICY, steps=(step("anna"),)))
    life.lost("anna")
    assert life.plan.reason is Reason.UNREACHABLE
    assert {n.destination.name for n in life.plan.notifications if n.kind is Kind.NOBODY} == {"admin-chat", "devops"}
    assert life.at.wake_at == LATER + 5 * MINUTE
    life.wake()
    assert life.rung() == ["anna"]


def test_a_persons_next_channel_comes_at_once_when_one_fails_and_else_at_its_time():
    anna = replace(
        PEOPLE["anna"],
        channels={"sms": Destination(name="sms", channel="longtail")},
        email="a@example.com",
        page_by=(PageStep(channel="telegram"), PageStep(channel="sms", after=4 * MINUTE)),
    )
    life = Life(people={**PEOPLE, "anna": anna})
    assert [(n.destination.name, n.after) for n in life.plan.notifications if n.destination.person] == [("anna", timedelta(0)), ("anna/sms", 4 * MINUTE)]
    life.now += MINUTE
    life.lost("anna")
    assert life.plan.reason is Reason.FELL_BACK
    assert [(n.destination.name, n.after) for n in life.plan.notifications if n.turn] == [("anna/sms", timedelta(0))]
    assert (life.lost("anna/sms").reason, life.rung()) == (Reason.ESCALATED, ["boris"])


def test_ways_are_those_that_can_find_the_person():
    bare = Person(id="x", name="X", email="x@example.com", page_by=(PageStep(channel="telegram"), PageStep(channel="sms"), PageStep(channel="email")))
    assert [way.destination.name for way in ways_of(bare)] == ["x/email"]
    assert [way.destination.address for way in ways_of(replace(bare, page_by=(), telegram=7))] == [{"chat": 7}]
    assert ways_of(Person(id="x", name="X")) == ()


def test_a_step_of_nobody_is_passed_over_and_named():
    life = Life(replace(POLICY, steps=(Step(targets=(Target(aim=Aim.SCHEDULE, name="gap"),), wait=MINUTE), step("boris"))))
    assert (life.rung(), life.at.escalation.holes) == (["boris"], ("gap",))


def test_a_policy_of_nobody_tells_the_fallback_in_the_same_decision():
    life = Life(people={})
    assert {n.destination.name for n in life.plan.notifications if n.kind is Kind.NOBODY} == {"admin-chat", "devops"}
    assert life.at.wake_at is not None


def test_services_and_teams_and_chats_can_be_paged():
    targets = (Target(aim=Aim.SERVICE, name="from-alert"), Target(aim=Aim.DESTINATION, name="devops", destination=PAGED))
    from receiver.core.rulebook import Service

    services = {"shop-api": Service(id="shop-api", team="ops")}
    life = Life(Policy(name="devops", steps=(Step(targets=targets, wait=MINUTE),)), services=services, teams={"ops": ("boris", "vera")})
    assert [n.destination.name for n in life.plan.notifications if n.turn] == ["boris", "vera", "devops"]


def test_notify_tells_a_chat_once_and_calls_it_again_when_its_step_comes():
    life = Life(replace(POLICY, steps=(step("anna"), step("boris", notify=(CHAT, PAGED)))))
    life.wake()
    chats = [(n.kind, n.destination.name) for n in life.plan.notifications if not n.destination.person]
    assert (Kind.YOUR_TURN, "admin-chat") in chats
    assert [kind for kind, name in chats if name == "devops"] == [Kind.INCIDENT]


def test_no_place_hears_two_loud_or_two_living_messages_of_one_decision():
    life = Life()
    for _ in range(8):
        life.wake()
        heard = [(n.destination.name, n.kind is Kind.INCIDENT) for n in life.plan.notifications]
        assert len(heard) == len(set(heard))


def test_a_quiet_route_tells_the_first_step_without_a_page_and_never_escalates():
    life = Life()
    base = incident(alert(severity=Severity.CRITICAL))
    quiet = replace(base, route=replace(base.route, policies=("devops",), is_quiet=True))
    plan = decide(quiet, Woke(), life.rules, LATER)
    assert {n.priority for n in plan.notifications} == {Priority.CHAT}
    assert plan.wake_at is None


def test_two_policies_of_one_incident_are_one():
    other = Policy(name="dba", steps=(step("vera", wait=2),), repeat=3, lease=timedelta(hours=1), void_on=(VoidOn.NEW_ALERT,))
    both = merge([POLICY, other])
    assert both is not None
    assert [[t.name for t in s.targets] for s in both.steps] == [["anna", "vera"], ["boris"], ["anna", "boris", "vera"]]
    assert (both.steps[0].wait, both.repeat, both.lease, both.void_on) == (2 * MINUTE, 3, timedelta(hours=1), (VoidOn.NEW_ALERT,))


@pytest.mark.parametrize(
    "event",
    [Acknowledge(**ANNA), Resolve(**ANNA), Snooze(**ANNA, until=LATER + timedelta(hours=5))],
    ids=lambda e: type(e).__name__,
)
def test_nobody_is_paged_any_more_once_somebody_has_it(event):
    life = Life()
    life.see(event)
    assert life.rung() == []
    life.now = LATER + timedelta(hours=1)
    assert life.see(Woke()).notifications == () or life.at.state is State.RESOLVED
    assert life.lost("anna").notifications == ()
