"""What an incident makes of people: every press, command and call ends here. Called by `decide`."""

from dataclasses import replace
from datetime import datetime, timedelta

from receiver.core.escalation import hand_over, ways_of
from receiver.core.event import Acknowledge, Assign, Escalate, Keep, Leave, Press, Release, Resolve, Snooze, Split
from receiver.core.incident import Incident, State
from receiver.core.life import end
from receiver.core.mute import Mutes, first_end, is_held
from receiver.core.paging import again, climb, start, told, untaken, with_places
from receiver.core.parts import give_back, press_part, split
from receiver.core.plan import Kind, Plan, Priority, Reason
from receiver.core.rulebook import RuleBook
from receiver.core.storm import TAKEN_APART
from receiver.core.telling import living, merge, to_all
from receiver.core.timers import describe, lease_of

LONGEST_SNOOZE = timedelta(days=7)


def press(incident: Incident, event: Press, rules: RuleBook, mutes: Mutes, now: datetime) -> Plan:
    """What follows from what somebody asked for; what is over stays over."""
    if incident.state is State.RESOLVED:
        return Plan(before=incident, next=incident, reason=Reason.ALREADY_RESOLVED, by=event.by)
    found, is_given_back = press_part(incident, event)
    plan = give_back(incident) if is_given_back else _pressed(found, event, rules, mutes, now)
    after = incident if plan.next is found else plan.next
    return replace(plan, before=incident, next=after, by=event.by)


def _pressed(incident: Incident, event: Press, rules: RuleBook, mutes: Mutes, now: datetime) -> Plan:
    match event:
        case Acknowledge(by=by, name=name):
            return _acknowledge(incident, by, name, rules, mutes, now)
        case Resolve(by=by, name=name):
            return _resolve(incident, by, name, now)
        case Split():
            return _split(incident, event, now) if incident.is_storm and incident.announced_at else split(incident, event, rules, now)
        case _ if incident.announced_at is None:
            return _impossible(incident)  # nobody has heard of it yet
        case Keep(by=by, name=name):
            return _keep(incident, by, name, rules, mutes, now)
        case Release():
            return _release(incident, event, rules, now)
        case Leave():
            return _leave(incident, rules, now)
        case _:
            return _single_out(incident, event, rules, mutes, now)


def _single_out(incident: Incident, event: Assign | Escalate | Snooze, rules: RuleBook, mutes: Mutes, now: datetime) -> Plan:
    """What is meant for this one incident: should a storm have spoken for it, it speaks for itself from now on."""
    alone = _apart(incident) if incident.is_paused else incident
    match event:
        case Assign():
            plan = _assign(alone, event, rules, mutes, now)
        case Escalate():
            plan = _escalate(alone, event, rules, now)
        case Snooze():
            plan = _snooze(alone, event, now)
    return replace(plan, before=incident, next=incident if plan.next is alone else plan.next)


def _acknowledge(incident: Incident, by: str, name: str, rules: RuleBook, mutes: Mutes, now: datetime) -> Plan:
    if incident.state is State.ACKNOWLEDGED:
        return Plan(before=incident, next=incident, reason=Reason.ALREADY_ACKNOWLEDGED)
    span = lease_of(incident, rules)
    taken = replace(
        untaken(incident),
        state=State.ACKNOWLEDGED,
        acknowledged_by=name,
        acknowledged_at=now,
        answered_at=incident.answered_at or now,
        owner=by,
        leased_at=now,
        lease_until=None if span is None else now + span,
        lease_alerts=len(incident.alerts),
    )
    if is_held(incident, mutes):
        return Plan(before=incident, next=replace(taken, wake_at=first_end(mutes)), reason=Reason.ACKNOWLEDGED)
    return Plan(before=incident, next=taken, reason=Reason.ACKNOWLEDGED, notifications=living(taken))


def _resolve(incident: Incident, by: str, name: str, now: datetime) -> Plan:
    hushed = {a.id: a.starts_at for a in incident.firing}
    over = replace(incident, resolved_by=name, end_reason="resolved by hand", hushed=hushed)
    if incident.is_storm:
        over = replace(over, owner=by)
    return end(incident, over, Reason.RESOLVED_BY_HAND, now)


def _keep(incident: Incident, by: str, name: str, rules: RuleBook, mutes: Mutes, now: datetime) -> Plan:
    """Still on it. Whoever says so has it from now on; of what nobody has it is an acknowledgement."""
    if incident.state is State.TRIGGERED:
        return _acknowledge(incident, by, name, rules, mutes, now)
    span = lease_of(incident, rules)
    if incident.state is not State.ACKNOWLEDGED or span is None:
        return _impossible(incident)
    kept = replace(incident, asked_at=None, leased_at=now, lease_until=now + span, lease_alerts=len(incident.alerts))
    if by != incident.owner:
        kept = replace(kept, owner=by, acknowledged_by=name, acknowledged_at=now)
    return Plan(before=incident, next=kept, reason=Reason.KEPT, notifications=living(kept) if by != incident.owner else ())


def _release(incident: Incident, event: Release, rules: RuleBook, now: datetime) -> Plan:
    if incident.state is State.TRIGGERED:
        return _impossible(incident)
    excused = (incident.owner,) if incident.owner in rules.people else ()
    free, notifications = again(incident, rules, now, "released", by=event.name, excused=excused)
    return Plan(before=incident, next=free, reason=Reason.RELEASED, text=describe(free), notifications=notifications)


def _assign(incident: Incident, event: Assign, rules: RuleBook, mutes: Mutes, now: datetime) -> Plan:
    person = rules.people.get(event.to)
    if person is None or not ways_of(person):
        return _impossible(incident)
    if event.to == event.by:
        return _acknowledge(replace(incident, state=State.TRIGGERED), event.by, event.name, rules, mutes, now)
    asked = replace(untaken(incident), escalation=hand_over(incident.escalation, person, rules, now, event.name))
    after, notifications = told(incident, asked, rules, now)
    return Plan(before=incident, next=after, reason=Reason.ASSIGNED, text=person.id, notifications=notifications)


def _escalate(incident: Incident, event: Escalate, rules: RuleBook, now: datetime) -> Plan:
    free = untaken(incident)
    higher = climb(free, rules, now, because="by_hand", by=event.name) if free.escalation else start(free, rules, now, because="by_hand", by=event.name)
    if higher.escalation is not None:
        after, notifications = told(incident, higher, rules, now)
        return Plan(before=incident, next=after, reason=Reason.ESCALATED_BY_HAND, text=describe(after), notifications=notifications)
    wider = with_places(free, rules.fallback_destinations())
    args = {"because": "by_hand", "by": event.name, "about": "", "waited": str(int((now - incident.opened_at).total_seconds()))}
    loud = to_all(wider, wider.places, Kind.YOUR_TURN, args, Priority.PAGE)
    return Plan(before=incident, next=wider, reason=Reason.ESCALATED_BY_HAND, notifications=merge(loud, living(wider)))


def _snooze(incident: Incident, event: Snooze, now: datetime) -> Plan:
    if not now < event.until <= now + LONGEST_SNOOZE:
        return _impossible(incident)
    asleep = replace(untaken(incident), state=State.SNOOZED, snoozed_until=event.until, snoozed_by=event.name, lease_alerts=len(incident.alerts))
    text = f"until {event.until.isoformat(timespec='seconds')}"
    return Plan(before=incident, next=asleep, reason=Reason.SNOOZED, text=text, notifications=living(asleep))


def _split(incident: Incident, event: Split, now: datetime) -> Plan:
    """The storm is taken apart; what is left of it says so."""
    if not incident.is_storm:
        return _impossible(incident)
    hushed = {a.id: a.starts_at for a in incident.firing}
    apart = replace(incident, state=State.RESOLVED, resolved_at=now, resolved_by=event.name, end_reason=TAKEN_APART, hushed=hushed, owner=event.by)
    return Plan(before=incident, next=apart, reason=Reason.SPLIT, notifications=living(apart))


def _leave(incident: Incident, rules: RuleBook, now: datetime) -> Plan:
    """Told by itself from now on, as if it had just been opened, unless that was done before the storm."""
    if not incident.digest:
        return _impossible(incident)
    alone = _apart(incident)
    if incident.state is not State.TRIGGERED or not incident.is_silent:
        return Plan(before=incident, next=alone, reason=Reason.SPLIT, notifications=living(alone))
    paging = start(alone, rules, now)
    if paging.escalation is None and incident.route and incident.route.policies:
        paging = with_places(paging, rules.fallback_destinations())
    after, notifications = told(incident, paging, rules, now)
    return Plan(before=incident, next=after, reason=Reason.SPLIT, text=describe(after), notifications=notifications)


def _apart(incident: Incident) -> Incident:
    return replace(incident, is_silent=False, is_paused=False)


def _impossible(incident: Incident) -> Plan:
    return Plan(before=incident, next=incident, reason=Reason.NOT_POSSIBLE)
