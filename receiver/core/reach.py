"""What an incident makes of its deliveries: one that is confirmed starts the wait, one that fails goes on to the next way. Called by `decide`."""

from dataclasses import replace
from datetime import datetime

from receiver.core.escalation import fail, has_next_step, next_way, ring
from receiver.core.event import Delivered, DeliveryTrouble
from receiver.core.incident import Incident, State
from receiver.core.paging import climb, told, with_places
from receiver.core.plan import Kind, Notification, Plan, Priority, Reason
from receiver.core.policy import Escalation, Way
from receiver.core.rulebook import RuleBook
from receiver.core.telling import living, merge, priority_of, to_all, turn_args
from receiver.core.timers import describe


def is_awaited(incident: Incident, destination: str) -> bool:
    """True when a delivery to this destination changes what follows: the first one of the turn, or one after a failure."""
    turn = incident.escalation
    if incident.state is not State.TRIGGERED or turn is None or turn.way(destination) is None:
        return False
    return turn.delivered_at is None or destination in turn.failed or not turn.has_rung(destination)


def has_failed(incident: Incident, destination: str) -> bool:
    """True when that a destination can't be reached is no news."""
    turn = incident.escalation
    if turn is not None and turn.way(destination) is not None:
        return destination in turn.failed or incident.state is not State.TRIGGERED
    return destination in incident.failed


def delivered(incident: Incident, event: Delivered) -> Plan:
    """It got there: the wait of this level counts from the first of them."""
    turn = incident.escalation
    way = turn.way(event.destination) if turn else None
    if turn is None or way is None or not is_awaited(incident, event.destination):
        return Plan(before=incident, next=incident, reason=Reason.NOTHING_NEW)
    reached = replace(
        ring(turn, way.destination),
        delivered_at=turn.delivered_at or event.at,
        failed=tuple(name for name in turn.failed if name != event.destination),
    )
    failed = {name: why for name, why in incident.failed.items() if name != event.destination}
    after = replace(incident, escalation=reached, failed=failed)
    return Plan(before=incident, next=after, reason=Reason.DELIVERED, text=f"{way.owner} by {way.destination.channel}")


def trouble(incident: Incident, event: DeliveryTrouble, rules: RuleBook, now: datetime) -> Plan:
    """It did not: the next channel of the person, the next step when nobody of this one can be reached, else the fallback."""
    name, turn = event.destination, incident.escalation
    marked = replace(incident, failed={**incident.failed, name: event.why})
    if incident.is_part:
        return Plan(before=incident, next=marked, reason=Reason.NOTHING_NEW)  # its cause's incident has its own deliveries
    if turn is not None and turn.way(name) is not None and incident.state is State.TRIGGERED:
        if name in turn.failed:
            return Plan(before=incident, next=incident, reason=Reason.NOTHING_NEW)
        return _lost(incident, marked, fail(turn, name), event, rules, now)
    if _is_asked(incident, name):
        again = to_all(marked, incident.destinations, Kind.STILL, priority=Priority.RELEASE)
        reason = Reason.FELL_BACK if again and incident.failed.get(name) != event.why else Reason.NOTHING_NEW
        return Plan(before=incident, next=marked, reason=reason, notifications=again if reason is Reason.FELL_BACK else ())
    if any(place.name == name and place.person for place in incident.places):
        return Plan(before=incident, next=marked, reason=Reason.NOTHING_NEW)
    return _fall_back(incident, marked, event, rules)


def _lost(before: Incident, failed: Incident, turn: Escalation, event: DeliveryTrouble, rules: RuleBook, now: datetime) -> Plan:
    marked = replace(failed, escalation=turn)
    text = f"{event.destination}: {event.why}"
    instead = next_way(turn, event.destination, now)
    if instead is not None:
        sooner = replace(marked, escalation=ring(turn, instead.destination))
        rung = merge((_at_once(turn, instead, now),), living(sooner))
        return Plan(before=before, next=sooner, reason=Reason.FELL_BACK, text=f"{text}; {instead.destination.name} now", notifications=rung)
    if not turn.is_unreachable:
        return Plan(before=before, next=marked, reason=Reason.FELL_BACK, text=text, notifications=living(marked))
    if has_next_step(turn):
        after, notifications = told(before, climb(marked, rules, now, because="unreachable"), rules, now)
        return Plan(before=before, next=after, reason=Reason.ESCALATED, text=f"{text}; {describe(after)}", notifications=notifications)
    after, notifications = told(before, marked, rules, now)
    others = tuple(one for one in notifications if one.kind is not Kind.YOUR_TURN)
    return Plan(before=before, next=after, reason=Reason.UNREACHABLE, text=text, notifications=others)


def _at_once(turn: Escalation, way: Way, now: datetime) -> Notification:
    """A way that still waits for its time, without its delay."""
    kind = Kind.YOUR_TURN if turn.has_rung(way.destination.name) else Kind.INCIDENT
    return Notification(kind=kind, destination=way.destination, priority=Priority.PAGE, args=turn_args(turn, now), turn=turn.turn)


def _is_asked(incident: Incident, name: str) -> bool:
    """True when that destination is where the owner was asked whether they still have it."""
    asked = incident.state is State.ACKNOWLEDGED and incident.asked_at is not None
    return asked and bool(incident.owner) and name.partition("/")[0] == incident.owner


def _fall_back(incident: Incident, marked: Incident, event: DeliveryTrouble, rules: RuleBook) -> Plan:
    there = {place.name for place in incident.destinations}
    wider = with_places(marked, rules.fallback_destinations())
    added = tuple(place for place in wider.destinations if place.name not in there)
    if not added:
        is_known = incident.failed.get(event.destination) == event.why
        return Plan(before=incident, next=wider, reason=Reason.NOTHING_NEW if is_known else Reason.NO_FALLBACK_LEFT)
    notifications = to_all(wider, added, Kind.INCIDENT, priority=priority_of(wider))
    return Plan(before=incident, next=wider, reason=Reason.FELL_BACK, notifications=notifications if incident.announced_at else ())
