"""An incident that comes and goes: told once, held until it is quiet, and nothing that is new is ever held."""

from dataclasses import replace
from datetime import timedelta

import pytest

from receiver.core.alert import Severity
from receiver.core.event import Acknowledge, Reported, Resolve, Snooze
from receiver.core.flap import MOST, Flaps, changed
from receiver.core.incident import State
from receiver.core.plan import Kind, Priority, Reason
from receiver.core.policy import VoidOn
from receiver.core.rulebook import Noise
from receiver.core.signal import Signal
from receiver.store.incidents import decode_document, encode_document
from tests.builders import NOW, alert
from tests.core.paged import ANNA, MINUTE, POLICY, Life, Woke

HOLD = 10 * MINUTE


class Flap(Life):
    """Its alerts come and go."""

    def turn(self, *firing: str, gone: tuple[str, ...] = ("a",), severity: Severity = Severity.CRITICAL, after: timedelta = 2 * MINUTE):
        """After a while these fire and those are over."""
        self.now += after
        live = [alert(name, severity=severity, since=self.now) for name in firing]
        over = [replace(alert(name, firing=False, severity=severity), ends_at=self.now) for name in gone if name not in firing]
        self.at = replace(self.at, alerts={**self.at.alerts, **{one.id: one for one in (*over, *live)}})
        return self.see(Woke())

    def kinds(self) -> list[Kind]:
        return [one.kind for one in self.plan.notifications]

    def loud(self) -> list[tuple[Kind, str]]:
        return [(one.kind, one.destination.name) for one in self.plan.notifications if one.kind is not Kind.INCIDENT]

    def pass_time(self, span: timedelta):
        self.now += span
        return self.see(Woke())


def flapping(**fields) -> Flap:
    """Fired, ended, fired again, and all clear for the second time: that is four changes."""
    one = Flap(**fields)
    assert one.turn().reason is Reason.ALL_RESOLVED
    assert one.turn("a").reason is Reason.REOPENED
    one.turn()
    return one


def test_the_change_that_is_one_too_many_is_told_once_and_ends_nothing():
    one = flapping()
    assert (one.plan.reason, one.plan.text) == (Reason.FLAPPING, "4 changes in 6 min")
    assert (Kind.FLAPPING, "admin-chat") in one.loud()
    assert Kind.ENDED not in one.kinds()
    assert one.at.state is State.TRIGGERED
    assert one.plan.wake_at == one.now + HOLD


def test_from_then_on_ends_and_returns_only_edit_until_it_has_been_quiet():
    one = flapping()
    for firing in (("a",), (), ("a",), ()):
        one.turn(*firing, after=MINUTE)
        assert (one.plan.reason, one.loud(), one.kinds()[:1]) == (Reason.FLAPPING, [], [Kind.INCIDENT])
        assert one.at.flaps.quiet_at == one.now + HOLD
    assert one.at.reopened == 1
    assert one.plan.text == "8 changes in 10 min"


def test_quiet_and_all_clear_is_the_end_and_the_count_begins_anew():
    one = flapping()
    one.turn("a")
    one.turn()
    assert one.pass_time(HOLD - MINUTE).reason is Reason.NOTHING_NEW
    assert one.pass_time(MINUTE).reason is Reason.ALL_RESOLVED
    assert Kind.ENDED in one.kinds()
    assert one.turn("a").reason is Reason.REOPENED, "within half an hour of five changes, but it was quiet"


def test_quiet_and_firing_is_said_aloud_and_the_escalation_goes_on():
    one = flapping()
    one.turn("a")
    first = one.at.escalation
    assert first
    one.reached("telegram:1")
    plan = one.pass_time(HOLD)
    assert plan.reason is Reason.STEADY
    assert (Kind.FLAPPING, "admin-chat") in one.loud()
    assert any(n.priority is Priority.PAGE for n in plan.notifications if n.kind is Kind.FLAPPING), "critical and nobody's: it rings"
    assert one.at.escalation
    assert one.at.escalation.step >= first.step
    assert not one.at.flaps.is_held
    assert one.turn().reason is Reason.ALL_RESOLVED


def test_an_unacknowledged_escalation_keeps_its_time_and_waits_only_while_all_is_clear():
    one = flapping()
    held = one.at.escalation
    assert held
    assert one.pass_time(9 * MINUTE).reason is Reason.NOTHING_NEW, "overdue, but nothing fires"
    assert one.at.escalation == held
    one.turn("a", after=MINUTE / 2)
    reasons = [one.plan.reason, one.see(Woke()).reason]
    assert Reason.ESCALATED in reasons
    assert one.at.escalation
    assert one.at.escalation.step == held.step + 1


def test_after_the_last_step_a_fire_for_good_begins_the_policy_anew():
    one = flapping()
    assert one.at.escalation
    one.turn("a")
    one.at = replace(one.at, escalation=replace(one.at.escalation, is_exhausted=True))
    plan = one.pass_time(HOLD)
    assert plan.reason is Reason.STEADY
    assert one.at.escalation
    assert (one.at.escalation.step, one.at.escalation.is_exhausted) == (0, False)
    assert any(n.priority is Priority.PAGE and n.destination.person == "anna" for n in plan.notifications)


@pytest.mark.parametrize("clear", [True, False])
def test_a_worse_severity_breaks_the_hold_at_once(clear):
    one = Flap()
    one.at = replace(one.at, severity=Severity.WARNING, alerts={a.id: a for a in (alert("a"),)})
    one.turn(severity=Severity.WARNING)
    one.turn("a", severity=Severity.WARNING)
    one.turn(severity=Severity.WARNING)
    if not clear:
        one.turn("a", severity=Severity.WARNING)
    assert one.at.flaps.is_held
    one.turn("a", severity=Severity.CRITICAL)
    assert one.plan.reason is Reason.GOT_WORSE
    assert (Kind.WORSE, "admin-chat") in one.loud()
    assert not one.at.flaps.is_held


def test_a_new_alert_where_all_was_clear_calls_again_at_once():
    one = flapping()
    one.see(Acknowledge(**ANNA))
    one.turn("b")
    assert one.plan.reason is Reason.REOPENED
    assert any(n.priority is Priority.PAGE and n.destination.person == "anna" for n in one.plan.notifications)
    assert (Kind.REOPENED, "admin-chat") in one.loud()
    assert (one.at.state, one.at.flaps.is_held, one.at.reopened) == (State.TRIGGERED, False, 2)


def test_a_new_alert_beside_one_that_fires_ends_the_hold_and_the_acknowledgement():
    one = flapping(policy=replace(POLICY, void_on=(VoidOn.NEW_ALERT,)))
    one.turn("a")
    one.see(Acknowledge(**ANNA))
    one.turn("a", "b")
    assert one.plan.reason is Reason.VOIDED
    assert not one.at.flaps.is_held


def test_alerts_that_flap_in_turns_between_two_severities_do_not_get_worse_each_time():
    one = Flap()
    for firing in (("a", "b"), (), ("a", "b"), ()):
        one.turn(*firing, gone=("a", "b"))
    assert one.at.flaps.is_held
    one.turn("b", severity=Severity.WARNING)
    assert (one.plan.reason, one.loud(), one.at.severity) == (Reason.FLAPPING, [], Severity.CRITICAL)


def test_an_odd_limit_is_reached_by_a_return_which_still_calls():
    one = Flap(noise=Noise(flap_changes=3))
    one.turn()
    plan = one.turn("a")
    assert plan.reason is Reason.FLAPPING
    assert (Kind.FLAPPING, "admin-chat") in one.loud()
    assert any(n.priority is Priority.PAGE and n.destination.person == "anna" for n in plan.notifications)
    assert Kind.REOPENED not in one.kinds()


def test_changes_that_are_further_apart_than_within_are_no_flapping():
    one = Flap()
    for firing in ((), ("a",), (), ("a",), ()):
        one.turn(*firing, after=12 * MINUTE)
        assert one.plan.reason in (Reason.ALL_RESOLVED, Reason.REOPENED)


def test_what_a_person_closed_begins_a_new_count():
    one = Flap()
    one.turn()
    one.turn("a")
    one.see(Resolve(**ANNA))
    assert one.at.state is State.RESOLVED
    assert one.turn("a").reason is Reason.REOPENED
    assert one.turn().reason is Reason.ALL_RESOLVED


def test_a_snooze_outlasts_the_hold_in_silence():
    one = flapping()
    one.turn("a")
    one.see(Snooze(**ANNA, until=one.now + 60 * MINUTE))
    plan = one.pass_time(HOLD)
    assert (plan.reason, one.loud(), one.at.state) == (Reason.STEADY, [], State.SNOOZED)


def test_an_end_that_no_watchdog_confirms_is_no_change():
    one = Flap()
    one.turn()
    one.turn("a")
    one.now += MINUTE
    over = {i: replace(a, status="resolved", ends_at=one.now) for i, a in one.at.alerts.items()}
    lost = Signal(source="", lost_at=one.now)
    one.at = replace(one.at, alerts={i: replace(a, source="prometheus") for i, a in over.items()})
    plan = one.see(Woke(signals={"prometheus": replace(lost, source="prometheus")}))
    assert plan.reason is Reason.SIGNAL_LOST
    assert not one.at.flaps.is_held


def test_while_its_signal_is_lost_a_held_incident_looks_again_later_and_not_at_once():
    one = flapping()
    one.at = replace(one.at, alerts={i: replace(a, source="prometheus") for i, a in one.at.alerts.items()})
    one.now += HOLD
    plan = one.see(Woke(signals={"prometheus": Signal(source="prometheus", lost_at=one.now)}))
    assert plan.reason is Reason.SIGNAL_LOST
    assert plan.wake_at
    assert plan.wake_at > one.now


def test_the_count_survives_a_restart_and_old_documents_are_read():
    one = flapping()
    again = decode_document(encode_document(one.at))
    assert again.flaps == one.at.flaps
    assert len(again.flaps.changes) == 4
    assert decode_document(encode_document(one.at).replace(b'"flaps"', b'"unknown"')).flaps == Flaps()


def test_another_word_in_between_does_not_lose_the_wake_up():
    one = flapping()
    quiet_at = one.at.flaps.quiet_at
    one.see(Reported(conditions={}))
    assert one.at.flaps.quiet_at == quiet_at


def test_the_changes_that_are_kept_are_bounded():
    flaps = Flaps()
    for second in range(3 * MOST):
        flaps = changed(flaps, is_clear=bool(second % 2), within=timedelta(hours=9), now=NOW + timedelta(seconds=second))
    assert len(flaps.changes) == MOST
