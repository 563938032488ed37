"""What an incident makes of others: as a symptom it waits inside its cause's incident, as a cause it carries its symptoms. Called by `decide`.

Each side decides for itself, from what it sees of the other, and asks the other to look (`Plan.touches`): no step needs both at once, and
a step that is lost is made up for by the part's own next look.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from receiver.core.condition import describe_end
from receiver.core.correlation import Around, began_at, describe, find_cause, still_carried, symptoms_of, system_of
from receiver.core.event import Assign, Escalate, Press, Release, Split, Woke
from receiver.core.flap import Flaps
from receiver.core.incident import Incident, IncidentId, State
from receiver.core.life import end, fresh, hold_end, look, woke
from receiver.core.mute import Mutes
from receiver.core.paging import again, policy_for, start, told, untaken
from receiver.core.part import Part
from receiver.core.plan import Kind, Notification, Plan, Reason
from receiver.core.rulebook import RuleBook
from receiver.core.signal import mark
from receiver.core.telling import living, merge

_WAITS = (Reason.GROUP_WAIT, Reason.MAINTENANCE)
_EDITS = (Reason.ALERTS_CHANGED, Reason.NOTHING_NEW)


def look_around(incident: Incident, event: Woke, rules: RuleBook, mutes: Mutes, now: datetime) -> Plan:
    """What follows from a wake-up, with what stands around the incident."""
    listed = _listed(incident, event.around, rules)
    if listed.is_part and listed.part is not None:
        plan = _part(listed, listed.part, event, rules, mutes, now)
    else:
        plan = woke(listed, rules, mutes, event, now)
        cause = find_cause(listed, event.around, rules, now) if plan.next.is_open and plan.reason not in _WAITS else None
        plan = _carry(incident, listed, plan, rules, now) if cause is None else _join(listed, cause, plan, event, mutes, now)
    if incident.symptoms != plan.next.symptoms and plan.reason in _EDITS:
        plan = replace(plan, reason=Reason.SYMPTOMS_CHANGED, text=_names(plan.next))
    return _touching(replace(plan, before=incident), event.around, rules)


def linked(plan: Plan) -> Plan:
    """Whatever else happened: those it carries look at what became of it, and the one that carries it at what became of it."""
    before, after = plan.before, plan.next
    found: list[IncidentId] = []
    if before.symptoms and _shelter(before) != _shelter(after):
        found += before.symptoms
    if after.is_part and after.part and before.is_part and describe(before) != describe(after):
        found.append(IncidentId(after.part.cause))
    if before.part and before.is_open and (not after.is_part or (after.part and after.part.cause != before.part.cause)):
        found.append(IncidentId(before.part.cause))
    return replace(plan, touches=tuple(dict.fromkeys((*plan.touches, *found)))) if found else plan


def split(incident: Incident, event: Split, rules: RuleBook, now: datetime) -> Plan:
    """On its own from now on: a part rings for itself, a cause lets go of all it carries."""
    if not incident.is_part and not incident.symptoms:
        return Plan(before=incident, next=incident, reason=Reason.NOT_POSSIBLE)
    alone = replace(incident, part=None, symptoms={}, is_alone=True)
    if not incident.is_part:
        return Plan(before=incident, next=alone, reason=Reason.SPLIT, text=_names(incident), notifications=living(alone))
    text = f"from {incident.part.cause}" if incident.part else ""
    if incident.announced_at is None:
        return Plan(before=incident, next=replace(alone, wake_at=now), reason=Reason.SPLIT, text=text)
    after, notifications = _resume(incident, alone, rules, now, "split", event.name)
    return Plan(before=incident, next=after, reason=Reason.SPLIT, text=text, notifications=notifications)


def press_part(incident: Incident, event: Press) -> tuple[Incident, bool]:
    """The part as a press finds it, and whether giving it back calls nobody: its cause has called already.

    Who asks for somebody by name wants them to come: such an incident stands on its own again.
    """
    if not incident.is_part:
        return incident, False
    if isinstance(event, Escalate | Assign):
        return replace(incident, part=None, is_alone=True), False
    return incident, isinstance(event, Release) and incident.state is not State.TRIGGERED


def give_back(incident: Incident) -> Plan:
    """Nobody has this part any more; its cause still rings."""
    free = untaken(incident)
    return Plan(before=incident, next=free, reason=Reason.RELEASED, notifications=_edits(free))


def _listed(incident: Incident, around: Around, rules: RuleBook) -> Incident:
    """The incident with its symptoms as they are, and everybody who would have heard of them among those who hear of it."""
    found = symptoms_of(incident, around)
    if found == incident.symptoms:
        return incident
    there = {place.name for place in incident.destinations}
    names = dict.fromkeys(each for one in found.values() for name in one.destinations for each in rules.places_of(name))
    added = tuple(rules.destinations[name] for name in names if name not in there and name in rules.destinations)
    return replace(incident, symptoms=found, destinations=incident.destinations + added)


def _carry(before: Incident, listed: Incident, plan: Plan, rules: RuleBook, now: datetime) -> Plan:
    """Where a symptom's route pages and the cause's does not, the cause pages. Who hears of it only now gets the message and no reply to it."""
    after, new = plan.next, {place.name for place in listed.places} - {place.name for place in before.places}
    if before.announced_at is not None and new:
        plan = replace(plan, notifications=tuple(one for one in plan.notifications if one.kind is Kind.INCIDENT or one.destination.name not in new))
    is_told = after.announced_at is not None and after.state is State.TRIGGERED and not after.is_quiet
    if not is_told or not after.symptoms or after.escalation is not None or policy_for(after, rules) is None:
        return plan
    paging, notifications = told(plan.before, start(after, rules, now, because="symptom"), rules, now, plan.notifications)
    return replace(plan, next=paging, reason=Reason.GOT_WORSE, notifications=notifications)


def _join(incident: Incident, cause: Part, plan: Plan, event: Woke, mutes: Mutes, now: datetime) -> Plan:
    """It becomes a part: its message says so where there is one, its escalation stands still, nobody is called."""
    base = mark(incident, event.signals) if incident.is_open else fresh(incident, now)
    joined = replace(look(base, mutes), part=cause, symptoms={}, flaps=Flaps(), wake_at=cause.look_at)
    return Plan(before=incident, next=joined, reason=Reason.JOINED, text=_link(cause), notifications=_edits(joined))


def _part(incident: Incident, part: Part, event: Woke, rules: RuleBook, mutes: Mutes, now: datetime) -> Plan:
    seen = mark(incident, event.signals)
    looked = replace(look(seen, mutes), wake_at=None)
    if not incident.is_firing and not incident.truncated:
        if seen.signal_source:
            held = hold_end(incident, looked, now)
            return replace(held, next=replace(held.next, part=replace(part, look_at=held.next.wake_at or now)))
        ended = end(incident, replace(looked, end_reason=describe_end(incident.conditions.values())), Reason.ALL_RESOLVED, now)
        return replace(ended, notifications=_only_edits(ended.notifications))
    carried = still_carried(incident, part, event.around, rules, now)
    if carried.part is None:
        return _leave(seen, part, carried.why, event, rules, mutes, now)
    kept = replace(looked, part=carried.part)
    is_moved = carried.part.cause != part.cause
    is_news = is_moved or looked.told != incident.told
    reason = Reason.JOINED if is_moved else Reason.ALERTS_CHANGED if is_news else Reason.NOTHING_NEW
    return Plan(before=incident, next=kept, reason=reason, text=_link(carried.part) if is_moved else "", notifications=_edits(kept) if is_news else ())


def _leave(seen: Incident, part: Part, why: str, event: Woke, rules: RuleBook, mutes: Mutes, now: datetime) -> Plan:
    """Its cause carries it no more and it still fires: its own life goes on, and rings."""
    free, text = replace(seen, part=None), f"{part.cause}: {why}"
    if seen.announced_at is None:
        plan = woke(free, rules, mutes, event, now)
        return replace(plan, reason=Reason.LEFT, text=text) if plan.reason is Reason.OPENED else plan
    after, notifications = _resume(seen, replace(look(free, mutes), wake_at=None), rules, now, "cause_over", part.cause)
    return Plan(before=seen, next=after, reason=Reason.LEFT, text=text, notifications=notifications)


def _resume(before: Incident, free: Incident, rules: RuleBook, now: datetime, because: str, by: str) -> tuple[Incident, tuple[Notification, ...]]:
    """What somebody has, or put off, stays theirs; what nobody has calls again."""
    if free.state is not State.TRIGGERED or free.is_quiet:
        return free, living(free)
    return again(free, rules, now, because, by=by)


def _touching(plan: Plan, around: Around, rules: RuleBook) -> Plan:
    """Who must look: the cause that does not list it as it is, and those that may be its symptoms from now on."""
    after = plan.next
    found: list[IncidentId] = []
    if after.is_part and after.part:
        cause = around.get(IncidentId(after.part.cause))
        if cause is None or cause.symptoms.get(after.id) != describe(after):
            found.append(IncidentId(after.part.cause))
        found += after.symptoms
        found += [one.id for one in around.values() if one.part and one.is_part and one.part.cause == after.id]
    elif plan.reason in (Reason.OPENED, Reason.REOPENED, Reason.FLAPPING, Reason.LEFT) or after.severity.rank > plan.before.severity.rank:
        found += _may_join(after, around, rules)
    return replace(plan, touches=tuple(dict.fromkeys(found))) if found else plan


def _may_join(cause: Incident, around: Around, rules: RuleBook) -> Iterable[IncidentId]:
    by, service = rules.correlation, system_of(cause)
    above = rules.graph.above(service)
    for one in around.values():
        is_close = system_of(one) == service or (by and system_of(one) in above and abs(began_at(one) - began_at(cause)) <= by.within)
        if by and is_close and one.is_open and not one.is_alone and not one.is_part:
            yield one.id


def _shelter(incident: Incident) -> tuple[object, ...]:
    """What of a cause decides whether it carries."""
    cause = incident.part.cause if incident.part else ""
    return incident.is_open, incident.is_suppressed, cause, incident.is_alone, incident.is_paused


def _edits(incident: Incident) -> tuple[Notification, ...]:
    return living(incident) if incident.announced_at else ()


def _only_edits(notifications: tuple[Notification, ...]) -> tuple[Notification, ...]:
    return merge(one for one in notifications if one.kind is Kind.INCIDENT)


def _link(part: Part) -> str:
    return f"{part.cause}: {' → '.join(part.way)} ({part.where})" if part.where else f"{part.cause}: same system, {part.service}"


def _names(incident: Incident) -> str:
    return ", ".join(f"{one.service} ({i})" for i, one in incident.symptoms.items())
