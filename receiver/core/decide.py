"""`decide(incident, event, rules, now) -> Plan`: the only place where anything is decided. Called by `engine` and `trial`.

Pure: `now` is an argument, the incident is a value, nothing is awaited. Every branch ends in a named `Reason`. What follows stands in
`life` (alerts), `parts` (what other incidents mean for it), `timers` (time), `reach` (deliveries) and `hands` (people); while it is
`collection` that has it nobody is told; the one wake-up of an incident is the first of all deadlines.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from receiver.core.collection import gather
from receiver.core.event import Delivered, DeliveryTrouble, Event, Gathered, Observed, Pictured, Reported, Woke
from receiver.core.hands import press
from receiver.core.incident import Incident, State
from receiver.core.life import gathered, observed, reported
from receiver.core.mute import Mutes, find_mutes
from receiver.core.occurrence import counted
from receiver.core.parts import linked, look_around
from receiver.core.picture import pictured
from receiver.core.plan import Plan
from receiver.core.reach import delivered, trouble
from receiver.core.rulebook import RuleBook
from receiver.core.storm import spread, spread_now
from receiver.core.timers import deadline

# The allowed moves; a property test walks every pair that is not here.
TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.TRIGGERED: frozenset({State.ACKNOWLEDGED, State.SNOOZED, State.RESOLVED}),
    State.ACKNOWLEDGED: frozenset({State.TRIGGERED, State.SNOOZED, State.RESOLVED}),
    State.SNOOZED: frozenset({State.TRIGGERED, State.ACKNOWLEDGED, State.RESOLVED}),
    State.RESOLVED: frozenset({State.TRIGGERED}),
}


def decide(incident: Incident, event: Event, rules: RuleBook, now: datetime) -> Plan:
    """What follows from this event for this incident at this instant (UTC)."""
    mutes = find_mutes(incident, rules, now)
    match event:
        case Woke():
            plan = linked(with_wake(look_around(incident, event, rules, mutes, now), mutes))
            plan = gather(counted(plan, event.began, now), rules, now)
            return _passed_on(spread(plan, ""), now) if incident.is_storm else plan
        case Reported(conditions=conditions):
            plan = reported(incident, conditions)
        case Delivered():
            plan = delivered(incident, event)
        case DeliveryTrouble():
            plan = trouble(incident, event, rules, now)
        case Observed(evidence=evidence):
            plan = observed(incident, evidence)
        case Gathered(digest=digest):
            plan = gathered(incident, digest)
        case Pictured():
            plan = pictured(incident, now)
        case _:
            plan = spread(press(incident, event, rules, mutes, now), event.by)
    if plan.next is incident:
        return plan
    if plan.next.spread is not None:
        return replace(plan, next=replace(plan.next, wake_at=now))
    plan = gather(plan, rules, now)
    is_stale = incident.announced_at is not None and plan.next.wake_at == incident.wake_at  # what it was is kept by the store until it comes
    return linked(with_wake(replace(plan, next=replace(plan.next, wake_at=None)) if is_stale else plan, mutes))


def _passed_on(plan: Plan, now: datetime) -> Plan:
    """A storm looks again at once until what was done to it has reached all of its members."""
    if plan.next.spread is None:
        return plan
    todo = spread_now(plan.next)
    return replace(plan, spread=todo, next=replace(plan.next, wake_at=now) if todo else replace(plan.next, spread=None))


def with_wake(plan: Plan, mutes: Mutes) -> Plan:
    """The plan with the first of its deadlines as the wake-up."""
    at = deadline(plan.next, mutes)
    wake_at = plan.next.wake_at
    if at is None or (wake_at is not None and wake_at <= at):
        return plan
    return replace(plan, next=replace(plan.next, wake_at=at))
