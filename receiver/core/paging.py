"""An incident and its escalation together: beginning it, going on, and the notifications of a turn. Called by `life`, `timers`, `hands`, `reach`."""

from dataclasses import replace
from datetime import datetime

from receiver.core.destination import Destination
from receiver.core.escalation import begin, take_turn
from receiver.core.incident import Incident, State
from receiver.core.plan import Kind, Notification, Priority
from receiver.core.policy import Policy
from receiver.core.rulebook import RuleBook
from receiver.core.telling import living, merge, pages, to_all

Told = tuple[Incident, tuple[Notification, ...]]


def policy_for(incident: Incident, rules: RuleBook) -> Policy | None:
    """The policy of an incident: the snapshot, else what its route names now, else what the routes of its symptoms name."""
    held = incident.escalation
    if held and held.policy.name:
        return held.policy
    symptoms = dict.fromkeys(name for one in incident.symptoms.values() for name in one.policies)
    return rules.policy_of(incident.route) or rules.policy_named(tuple(symptoms))


def start(
    incident: Incident,
    rules: RuleBook,
    now: datetime,
    *,
    because: str = "",
    by: str = "",
    about: str = "",
    excused: tuple[str, ...] = (),
    also: tuple[str, ...] = (),
) -> Incident:
    """From the policy's first step on; the incident as it is when it has none, or when a storm pages for it."""
    policy = policy_for(incident, rules)
    if policy is None or incident.is_paused:
        return incident
    turn = begin(
        policy,
        rules,
        now,
        service=incident.service,
        because=because,
        by=by,
        about=about,
        excused=excused,
        also=also,
        before=incident.escalation,
    )
    return replace(incident, escalation=turn if because else replace(turn, since=incident.opened_at))


def climb(incident: Incident, rules: RuleBook, now: datetime, *, because: str, by: str = "") -> Incident:
    """The next turn; the incident as it is when nothing escalates."""
    held = incident.escalation
    return incident if held is None else replace(incident, escalation=take_turn(held, rules, now, because=because, by=by))


def told(before: Incident, after: Incident, rules: RuleBook, now: datetime, *more: tuple[Notification, ...]) -> Told:
    """The incident after a turn was taken, and all its notifications. When nobody can be paged the fallback hears of it at once."""
    turn = after.escalation
    if turn is None or after.is_paused:
        return after, merge(*more, living(after))
    after = with_places(after, turn.current.notify)
    nobody: tuple[Notification, ...] = ()
    if (turn.is_exhausted or turn.is_unreachable) and not after.is_quiet:
        after = with_places(after, rules.fallback_destinations())
        why = "exhausted" if turn.is_exhausted else "unreachable" if turn.failed else "hole"
        nobody = to_all(after, (place for place in after.destinations if not place.person), Kind.NOBODY, {"why": why}, Priority.PAGE)
    return after, merge(nobody, pages(before, after, now), *more, living(after))


def with_places(incident: Incident, places: tuple[Destination, ...]) -> Incident:
    """The incident with these among its destinations."""
    there = {place.name for place in incident.destinations}
    added = tuple(place for place in places if place.name not in there)
    return replace(incident, destinations=incident.destinations + added) if added else incident


def untaken(incident: Incident) -> Incident:
    """Triggered, and nobody's: without owner, lease and snooze."""
    return replace(
        incident,
        state=State.TRIGGERED,
        acknowledged_at=None,
        acknowledged_by="",
        owner="",
        leased_at=None,
        lease_until=None,
        asked_at=None,
        snoozed_until=None,
        snoozed_by="",
    )


def again(
    incident: Incident,
    rules: RuleBook,
    now: datetime,
    because: str,
    *more: tuple[Notification, ...],
    by: str = "",
    about: str = "",
    excused: tuple[str, ...] = (),
    also: tuple[str, ...] = (),
) -> Told:
    """Nobody has it any more: the policy begins anew. Without one the places that were told hear that nobody has it."""
    free = start(untaken(incident), rules, now, because=because, by=by, about=about, excused=excused, also=also)
    if free.escalation is not None or free.is_paused:
        return told(incident, free, rules, now, *more)
    args = {"because": because, "by": by, "about": about, "waited": "0"}
    return free, merge(to_all(free, free.places, Kind.YOUR_TURN, args), *more, living(free))
