"""What a route collects: its incidents are told to nobody one by one, and listed together at a time of the day. Pure.

`decide` asks `gather` what becomes of a plan: while an incident is collected nobody is written to, and once it becomes a page or gets worse
it is told like any other, and goes on being. `chat.collector` asks for the `rounds` that are due and what is `listed` in each.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from receiver.core.alert import Severity
from receiver.core.collect import Collect, period
from receiver.core.destination import Destination
from receiver.core.history import Past
from receiver.core.incident import Incident, RouteSnapshot
from receiver.core.plan import Kind, Notification, Plan, Priority, Reason
from receiver.core.route import RouteNode
from receiver.core.rulebook import POLICY_CHANNEL, RuleBook
from receiver.core.telling import living, merge, to_all

LOOK_AGAIN = timedelta(days=1)  # rules may have changed without a word to the incident
_RINGS = frozenset({Reason.ESCALATED_BY_HAND, Reason.ASSIGNED})
_KEPT = frozenset({Kind.INCIDENT, Kind.NOBODY})  # what is no reply to a message that is not there


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """What is due at one destination: what these `routes` collected from `since` up to `until` (both UTC)."""

    place: Destination
    since: datetime
    until: datetime
    routes: AbstractSet[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """What happened in a round, oldest first: what `began`, what was still `open` at its end, what was over: by itself, or `closed` by somebody.

    `rules` counts, for each alert, the incidents it began.
    """

    began: int
    open: tuple[Incident, ...] = ()
    ended: tuple[Incident, ...] = ()
    closed: tuple[Incident, ...] = ()
    rules: Mapping[str, int]


def is_meant(route: RouteSnapshot | None, severity: Severity) -> bool:
    """True when what a route takes with this severity is collected. What is critical, or paged by a policy, is told at once."""
    return route is not None and route.collect is not None and not route.policies and severity is not Severity.CRITICAL


def collected(incident: Incident) -> Incident:
    """The incident in the moment in which it would be told for the first time."""
    return replace(incident, is_collected=True) if is_meant(incident.route, incident.severity) else incident


def gather(plan: Plan, rules: RuleBook, now: datetime) -> Plan:
    """The plan as it is: while it is collected nobody is told, and it is looked at again within a day."""
    before, after = plan.before, plan.next
    if not after.is_collected:
        return plan
    if after.is_open and _is_loud(plan, rules):
        return _released(plan)
    opened = not before.is_collected and plan.reason is Reason.OPENED
    plan = replace(plan, reason=Reason.COLLECTED if opened else plan.reason, notifications=())
    if not after.is_open or (after.wake_at is not None and after.wake_at <= now + LOOK_AGAIN):
        return plan
    return replace(plan, next=replace(after, wake_at=now + LOOK_AGAIN))


def _is_loud(plan: Plan, rules: RuleBook) -> bool:
    """It is a page, it is worse than what was collected, it explains what people know of, or its route collects no more."""
    before, after = plan.before, plan.next
    if after.escalation is not None or plan.reason in _RINGS or any(not one.is_collected for one in after.symptoms.values()):
        return True
    if not before.is_collected:
        return False
    is_kept = after.route is not None and after.route.route_id in collecting(rules.root)
    return not is_kept or after.severity.rank > before.severity.rank


def _released(plan: Plan) -> Plan:
    """Told like a new one, with the sound of what made it loud."""
    free = replace(plan.next, is_collected=False)
    kept = tuple(one for one in plan.notifications if one.kind in _KEPT)
    rung: tuple[Notification, ...] = ()
    if plan.reason is Reason.ESCALATED_BY_HAND and free.escalation is None:
        rung = to_all(free, free.places, Kind.INCIDENT, priority=Priority.PAGE)
    return replace(plan, next=free, reason=plan.reason if plan.is_change else Reason.TOLD, notifications=merge(kept, rung, living(free)))


def collecting(root: RouteNode) -> dict[str, Collect]:
    """The routes that collect, by id."""
    return {node.id: node.collect for node in _nodes(root) if node.collect is not None}


def _nodes(node: RouteNode) -> Iterator[RouteNode]:
    yield node
    for child in node.children:
        yield from _nodes(child)


def rounds(rules: RuleBook, now: datetime, zone: str) -> tuple[Round, ...]:
    """The last round of every destination, whether it was told or not; `zone` is the installation's. Those that end together are one."""
    found: dict[tuple[str, datetime], Round] = {}
    for route_id, collect in collecting(rules.root).items():
        for place in rules.destinations.values():
            if place.channel == POLICY_CHANNEL:
                continue
            since, until = period(collect, now, place.timezone or zone)
            held = found.get((place.name, until))
            routes = (held.routes if held else frozenset()) | {route_id}
            found[place.name, until] = Round(place=place, since=min(since, held.since) if held else since, until=until, routes=routes)
    return tuple(found.values())


def list_round(one: Round, pasts: Iterable[Past], rules: RuleBook) -> Listed | None:
    """What is to be told in a round; none when nothing happened in it. What began before and is still open is no news by itself."""
    mine = sorted((past for past in pasts if _is_of(past.incident, one, rules)), key=lambda past: heard_at(past.incident))
    began = [past for past in mine if one.since <= heard_at(past.incident)]
    over = [past.incident for past in mine if past.incident.resolved_at is not None and one.since <= past.incident.resolved_at < one.until]
    if not began and not over:
        return None
    names = Counter(name for past in began for name in past.names)
    return Listed(
        began=len(began),
        open=tuple(past.incident for past in mine if past.incident.resolved_at is None or past.incident.resolved_at >= one.until),
        ended=tuple(incident for incident in over if not incident.resolved_by),
        closed=tuple(incident for incident in over if incident.resolved_by),
        rules=dict(sorted(names.items(), key=lambda pair: (-pair[1], pair[0]))),
    )


def heard_at(incident: Incident) -> datetime:
    """When people would have been told; UTC."""
    return incident.reopened_at or incident.announced_at or incident.opened_at


def _is_of(incident: Incident, one: Round, rules: RuleBook) -> bool:
    route = incident.route
    if not incident.is_collected or route is None or route.route_id not in one.routes or heard_at(incident) >= one.until:
        return False
    return any(one.place.name in rules.places_of(name) for name in route.destinations)


def shown(found: Listed, most: int) -> Sequence[Incident]:
    """Those that a message names: the oldest of each kind."""
    return (*found.open[:most], *found.ended[:most], *found.closed[:most])
