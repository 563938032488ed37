"""Which incident is only a part of another: a symptom by the catalogue, or more of the same system. Finding it and asking whether it still
carries. Pure.

Called by `core.parts`, which makes plans of the answers. Wrong is worse than none: whatever is not sure leaves an incident on its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from receiver.core.alert import Severity
from receiver.core.collection import is_meant
from receiver.core.incident import Incident, IncidentId, State
from receiver.core.mute import find_mutes, is_all_muted
from receiver.core.part import Part, Symptom
from receiver.core.rulebook import RuleBook

MOST_SYMPTOMS = 50
LOOK_AGAIN = timedelta(seconds=30)
LOOK_SOON = timedelta(seconds=5)  # until the cause lists it
SLACK = timedelta(minutes=5)  # an incident may be looked at for the first time that long after it began
_NOTES = ("summary", "summary_ru")
Around = Mapping[IncidentId, Incident]


@dataclass(frozen=True, kw_only=True, slots=True)
class Near:
    """Whose incidents are needed for a decision: of the systems it stands on, of its own, and of those that stand on it."""

    below: tuple[str, ...] = ()
    above: tuple[str, ...] = ()
    ids: tuple[IncidentId, ...] = ()


def system_of(incident: Incident) -> str:
    """The service by which the incident is correlated: the one its route groups by, or nothing."""
    return incident.route.group_labels.get("service", "") if incident.route else ""


def began_at(incident: Incident) -> datetime:
    """When what fires now began; not before the incident itself, and anew when it fired again."""
    return max(incident.opened_at, min((alert.starts_at for alert in incident.alerts.values() if alert.is_firing), default=incident.opened_at))


def near(incident: Incident, rules: RuleBook, now: datetime) -> Near:
    """What must be known of others to decide about this one: nothing for most of a long life."""
    service, by = system_of(incident), rules.correlation
    if by is None or not service:
        return Near(ids=_linked(incident))
    is_young = not incident.is_alone and now - began_at(incident) <= by.within + SLACK
    below = tuple(rules.graph.below(service)) if incident.is_part or is_young else ()
    return Near(below=below, above=(service, *rules.graph.above(service)), ids=_linked(incident))


def _linked(incident: Incident) -> tuple[IncidentId, ...]:
    own = (IncidentId(incident.part.cause),) if incident.part and incident.is_open else ()
    return (*own, *incident.symptoms)


def _ways(incident: Incident, rules: RuleBook) -> Mapping[str, tuple[str, ...]]:
    """The systems where its cause may be, each with the way to it: its own, and those it stands on."""
    service = system_of(incident)
    return {service: (service,), **rules.graph.below(service)}


def _standing(incident: Incident) -> tuple[bool, int, datetime, str, tuple[int, str]]:
    """Of several of one system the least in this order carries the others: heard, worst, first, lowest number. By its own alerts, not its parts'."""
    worst = max((alert.severity.rank for alert in incident.alerts.values() if alert.is_firing), default=0)
    return incident.is_quiet, -worst, began_at(incident), incident.group_key, _number(incident.id)  # a trial gives other numbers


def _stands_above(one: Incident, other: Incident, within: timedelta) -> bool:
    """True when `one` carries `other` of the same system. Something as bad that comes later is news: nobody who took the first has taken it."""
    first, second = _standing(one), _standing(other)
    return first < second and (first[:2] < second[:2] or abs(began_at(one) - began_at(other)) <= within)


def find_cause(incident: Incident, around: Around, rules: RuleBook, now: datetime) -> Part | None:
    """The worst incident of the same system, else the nearest system below that is broken and began at about the same time; of several the first.

    It is no part itself. Distance, then standing or when it began, then the number decide: the same on every replica.
    """
    by = rules.correlation
    if by is None or incident.is_alone or incident.digest or not incident.is_firing:
        return None
    ways, service = _ways(incident, rules), system_of(incident)
    same = [one for one in around.values() if system_of(one) == service != "" and one.id != incident.id]
    worse = sorted((one for one in same if _stands_above(one, incident, by.within)), key=_standing)
    below = [one for one in around.values() if system_of(one) in ways and system_of(one) != service and abs(began_at(incident) - began_at(one)) <= by.within]
    below.sort(key=lambda one: (len(ways[system_of(one)]), began_at(one), _number(one.id)))
    for cause in (*worse, *below):
        if _explains(cause, incident, rules, now) and find_cause(cause, around, rules, now) is None:
            return make_part(incident, cause, rules, now)
    return _with(incident, same, around, rules, now)


def _with(incident: Incident, same: Sequence[Incident], around: Around, rules: RuleBook, now: datetime) -> Part | None:
    """Where another incident of the same system is a symptom already, whenever that began, this one belongs to the same cause."""
    for one in same:
        cause = around.get(IncidentId(one.part.cause)) if one.is_part and one.part and one.is_firing else None
        is_below = cause is not None and system_of(cause) in rules.graph.below(system_of(incident))
        if cause is not None and is_below and not _environments(one).isdisjoint(_environments(incident)) and _explains(cause, incident, rules, now):
            return make_part(incident, cause, rules, now)
    return None


def make_part(incident: Incident, cause: Incident, rules: RuleBook, now: datetime, *, since: datetime | None = None) -> Part:
    """The link to this cause, with what a message says of it."""
    service, lead = system_of(incident), _lead(cause)
    is_listed = incident.id in cause.symptoms
    return Part(
        cause=cause.id,
        service=system_of(cause),
        way=_ways(incident, rules).get(system_of(cause), (service, system_of(cause))),
        where=rules.graph.lines.get(service, "") if system_of(cause) != service else "",
        since=since or now,
        look_at=now + (LOOK_AGAIN if is_listed else LOOK_SOON),
        name=lead[0],
        notes=lead[1],
    )


def _explains(cause: Incident, incident: Incident, rules: RuleBook, now: datetime) -> bool:
    """Whether this one may take another symptom now: it is broken, people hear of it, and it is in the same environment."""
    if cause.id == incident.id or not cause.is_open or cause.is_part or cause.lead is None or cause.lead.severity is Severity.INFO:
        return False
    if cause.state is State.SNOOZED or _refusal(cause, incident, rules, now):
        return False
    return not _environments(cause).isdisjoint(_environments(incident))


def _refusal(cause: Incident, incident: Incident, rules: RuleBook, now: datetime) -> str:
    """Why an open incident does not carry this one: people would hear of neither."""
    if cause.is_alone:
        return "split"
    if cause.is_paused:
        return "storm"  # it is told by the storm, which tells of its symptoms too
    if cause.is_suppressed:
        return "silenced"
    if is_all_muted(cause, find_mutes(cause, rules, now)):
        return "maintenance"
    if cause.is_quiet and not incident.is_quiet:
        return "quiet"
    if incident.id not in cause.symptoms and len(cause.symptoms) >= MOST_SYMPTOMS:
        return "full"
    return ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Carried:
    """Whether a part is still carried: by which link, or `why` not any more."""

    part: Part | None = None
    why: str = ""


def still_carried(incident: Incident, part: Part, around: Around, rules: RuleBook, now: datetime) -> Carried:
    """The link as it is now. A cause that became a symptom itself hands its parts on; one that is over keeps them for a short while."""
    by, cause = rules.correlation, around.get(IncidentId(part.cause))
    seen = {part.cause}
    while cause is not None and cause.is_part and cause.part is not None and cause.part.cause not in seen:
        seen.add(cause.part.cause)
        cause = around.get(IncidentId(cause.part.cause))
    if by is None or cause is None or cause.id == incident.id or system_of(cause) not in _ways(incident, rules):
        return Carried(why="rules" if by is None or cause is not None else "gone")
    made = make_part(incident, cause, rules, now, since=part.since if cause.id == part.cause else None)
    if cause.is_open:
        why = _refusal(cause, incident, rules, now)
        return Carried(why=why) if why else Carried(part=made)
    if cause.resolved_by or cause.resolved_at is None:
        return Carried(why="resolved by hand")
    until = cause.resolved_at + by.settle
    return Carried(why="over") if now >= until else Carried(part=replace(made, look_at=until))


def symptoms_of(incident: Incident, around: Around) -> dict[IncidentId, Symptom]:
    """The parts that say of themselves that this one carries them, oldest first; for an incident that is split, none."""
    mine = sorted((one for one in around.values() if one.is_part and one.part and one.part.cause == incident.id), key=lambda one: _number(one.id))
    return {} if incident.is_alone else {one.id: describe(one) for one in mine[:MOST_SYMPTOMS]}


def describe(part: Incident) -> Symptom:
    """What the cause's incident shows of a part."""
    name, notes = _lead(part)
    return Symptom(
        service=system_of(part),
        severity=part.severity,
        firing=len(part.firing),
        name=name,
        notes=notes,
        where=part.part.where if part.part else "",
        taken_by=part.acknowledged_by,
        destinations=part.route.destinations if part.route else (),
        policies=part.route.policies if part.route else (),
        is_collected=part.is_collected or (part.announced_at is None and is_meant(part.route, part.severity)),
    )


def _lead(incident: Incident) -> tuple[str, dict[str, str]]:
    lead = incident.lead or next(iter(incident.alerts.values()), None)
    return (lead.name, {name: lead.annotations[name] for name in _NOTES if lead.annotations.get(name)}) if lead else ("", {})


def _environments(incident: Incident) -> set[str]:
    return {alert.labels.get("environment", "") for alert in incident.alerts.values() if alert.is_firing}


def _number(incident_id: str) -> tuple[int, str]:
    number = incident_id.rpartition("-")[2]
    return (int(number) if number.isascii() and number.isdigit() else 0, incident_id)
