"""What time alone brings to an open incident: the next step, the question of a lease and its end, the end of a snooze. Called by `life`.

After downtime an overdue timer is one step, not all that were missed; a lease that ran out unasked is asked about first.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from receiver.core.destination import Destination
from receiver.core.escalation import ways_of
from receiver.core.incident import Incident, State
from receiver.core.mute import Mutes, first_end, is_all_muted
from receiver.core.paging import again, climb, policy_for, told
from receiver.core.plan import Kind, Plan, Priority, Reason
from receiver.core.policy import LEASE
from receiver.core.rulebook import RuleBook
from receiver.core.telling import priority_of, to_all

LONGEST_QUESTION = timedelta(minutes=10)


def deadline(incident: Incident, mutes: Mutes) -> datetime | None:
    """When (UTC) time alone changes this incident next; none when only people or alerts can."""
    if incident.part is not None and incident.is_open:
        return incident.part.look_at
    # Where the end is not believed the source's Watchdog is waited for instead.
    quiet_at = incident.flaps.quiet_at if incident.is_open and not (incident.flaps.waits and incident.signal_source) else None
    at = _timer(incident, mutes)
    return at if quiet_at is None else quiet_at if at is None else min(at, quiet_at)


def _timer(incident: Incident, mutes: Mutes) -> datetime | None:
    """Of the escalation, the lease or the snooze. While a flapping incident is all clear nothing is due: whatever is late comes when it fires."""
    if incident.flaps.waits:
        return None
    if incident.announced_at is None or incident.is_paused:
        return None
    match incident.state:
        case State.TRIGGERED:
            return _escalation_due(incident, mutes)
        case State.ACKNOWLEDGED if incident.lease_until is not None:
            return incident.lease_until if incident.asked_at else _ask_at(incident, incident.lease_until)
        case State.SNOOZED:
            return incident.snoozed_until
        case _:
            return None


def due(incident: Incident, rules: RuleBook, mutes: Mutes, now: datetime) -> Plan | None:
    """What follows when a deadline has come; none when none has."""
    at = _timer(incident, mutes)
    if at is None or at > now:
        return None
    match incident.state:
        case State.TRIGGERED:
            return _climb(incident, rules, now)
        case State.ACKNOWLEDGED:
            return _lease(incident, rules, now)
        case _:
            awake, notifications = again(incident, rules, now, "snooze_over", by=incident.snoozed_by)
            return Plan(before=incident, next=awake, reason=Reason.SNOOZE_OVER, notifications=notifications)


def lease_of(incident: Incident, rules: RuleBook) -> timedelta | None:
    """How long an acknowledgement of this incident holds; none where nobody was paged and nobody will be."""
    policy = policy_for(incident, rules)
    if policy is not None:
        return policy.lease
    return LEASE if incident.escalation or priority_of(incident) is Priority.PAGE else None


def question(incident: Incident, rules: RuleBook) -> tuple[Destination, ...]:
    """Where the owner of an incident is asked: in person, else where everybody reads."""
    owner = rules.people.get(incident.owner)
    ways = ways_of(owner) if owner else ()
    return (ways[0].destination,) if ways else incident.destinations


def _escalation_due(incident: Incident, mutes: Mutes) -> datetime | None:
    """Planned work that explains everything puts the next step off to its end; what Alertmanager holds back, until it does no more."""
    if incident.escalation is None or incident.is_quiet or incident.is_suppressed:
        return None
    at, end = incident.escalation.due_at, first_end(mutes)
    return max(at, end) if end and is_all_muted(incident, mutes) else at


def _ask_at(incident: Incident, until: datetime) -> datetime:
    """Ten minutes before the end, or a quarter of the lease when that is shorter."""
    return until - min(LONGEST_QUESTION, (until - (incident.leased_at or until)) / 4)


def _climb(incident: Incident, rules: RuleBook, now: datetime) -> Plan:
    climbed = climb(incident, rules, now, because="nobody")
    is_over = climbed.escalation is not None and climbed.escalation.is_exhausted
    after, notifications = told(incident, climbed, rules, now)
    return Plan(before=incident, next=after, reason=Reason.EXHAUSTED if is_over else Reason.ESCALATED, text=describe(after), notifications=notifications)


def _lease(incident: Incident, rules: RuleBook, now: datetime) -> Plan:
    until = incident.lease_until or now
    if incident.asked_at is None:
        answer = max(until, now + (until - _ask_at(incident, until)))
        asked = replace(incident, asked_at=now, lease_until=answer)
        notifications = to_all(asked, question(asked, rules), Kind.STILL, priority=Priority.RELEASE)
        return Plan(before=incident, next=asked, reason=Reason.STILL_ON_IT, notifications=notifications)
    free, notifications = again(incident, rules, now, "lease_over", by=incident.acknowledged_by)
    return Plan(before=incident, next=free, reason=Reason.LEASE_OVER, text=describe(free), notifications=notifications)


def describe(incident: Incident) -> str:
    """Who is paged, for the timeline."""
    turn = incident.escalation
    if turn is None:
        return ""
    names = ", ".join(dict.fromkeys(way.owner for way in turn.ways)) or "nobody"
    return f"step {turn.step + 1} of {len(turn.policy.steps)}, round {turn.round + 1}: {names}"
