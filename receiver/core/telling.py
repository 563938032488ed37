"""Who is told what: the notifications of a plan. Pure; called by the modules `decide` is made of.

Every place has one living message and hears at most one loud one of a decision.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from receiver.core.alert import Severity
from receiver.core.destination import Destination
from receiver.core.incident import Incident, State
from receiver.core.plan import Kind, Notification, Priority
from receiver.core.policy import Escalation


def priority_of(incident: Incident) -> Priority:
    """How urgent the incident's messages are to places that many read."""
    return Priority.PAGE if incident.severity is Severity.CRITICAL and not incident.is_quiet else Priority.CHAT


def priority_at(incident: Incident, place: Destination) -> Priority:
    """Who is paged in person is paged whatever the severity: the route asked for it."""
    return Priority.PAGE if place.person and not incident.is_quiet else priority_of(incident)


def living(incident: Incident) -> tuple[Notification, ...]:
    """The living message everywhere it is."""
    return to_all(incident, incident.places, Kind.INCIDENT)


def to_all(
    incident: Incident, places: Iterable[Destination], kind: Kind, args: Mapping[str, str] | None = None, priority: Priority | None = None
) -> tuple[Notification, ...]:
    """One kind of message to all of these places."""
    return tuple(
        Notification(kind=kind, destination=place, priority=priority_at(incident, place) if priority is None else priority, args=args or {}) for place in places
    )


def worse(incident: Incident, args: Mapping[str, str]) -> tuple[Notification, ...]:
    """It got worse: loud wherever somebody works on it or is asked to."""
    return to_all(incident, concerned(incident), Kind.WORSE, args)


def ended(incident: Incident) -> tuple[Notification, ...]:
    """It is over: the living message says so where it can be edited, a new one only releases those who were paged."""
    is_page = priority_of(incident) is Priority.PAGE
    places = [place for place in incident.places if is_page or (place.person and not incident.is_quiet) or not place.is_editable]
    return to_all(incident, places, Kind.ENDED, priority=Priority.RELEASE)


def concerned(incident: Incident) -> tuple[Destination, ...]:
    """The places where it is somebody's work now: those of many, and the people who are paged or have it."""
    return tuple(place for place in incident.places if not place.person or is_asked(incident, place))


def is_asked(incident: Incident, place: Destination) -> bool:
    """True while the incident is this person's: they have it, or it is their turn and nobody has it."""
    if incident.state is State.ACKNOWLEDGED:
        return place.person == incident.owner
    turn = incident.escalation
    return incident.state is State.TRIGGERED and turn is not None and turn.way(place.name) is not None


def pages(before: Incident, after: Incident, now: datetime) -> tuple[Notification, ...]:
    """Everybody whose turn it is. Who has the living message already is rung by a reply to it, the others by the message itself."""
    turn = after.escalation
    if turn is None:
        return ()
    args = turn_args(turn, now)
    known = {place.name for place in before.places}
    found = []
    for way in turn.ways:
        kind = Kind.YOUR_TURN if way.destination.name in known else Kind.INCIDENT
        priority = Priority.CHAT if after.is_quiet else Priority.PAGE
        found.append(Notification(kind=kind, destination=way.destination, priority=priority, args=args, after=way.after, turn=turn.turn))
    told = [place for place in turn.current.notify if place.name in known] if args and not turn.is_exhausted else []
    found += [
        Notification(kind=Kind.YOUR_TURN, destination=place, priority=priority_of(after), args=args, turn=turn.turn)
        for place in told
        if not turn.way(place.name)
    ]
    return tuple(found)


def turn_args(turn: Escalation, now: datetime) -> dict[str, str]:
    """Why this turn is taken, as templates are told; nothing for the very first one, which needs no reason."""
    if not turn.because:
        return {}
    return {"because": turn.because, "by": turn.by, "about": turn.about, "waited": str(int((now - turn.since).total_seconds()))}


def merge(*groups: Iterable[Notification]) -> tuple[Notification, ...]:
    """All of them, but to each place one living and one loud message: the first that is named."""
    found: dict[tuple[str, bool], Notification] = {}
    for group in groups:
        for one in group:
            found.setdefault((one.destination.name, one.kind is Kind.INCIDENT), one)
    living_first = sorted(found.values(), key=lambda one: one.kind is not Kind.INCIDENT)
    return tuple(living_first)
