"""A storm: many incidents within a while are told as one. Pure; asked by `decide`, filled in by `gathering` and `trial.world`.

A storm is an incident whose alerts are incidents: it is paged, taken, escalated and ended like any other. An incident that joins one is
told nowhere else and leaves every timer to it, but stays a whole incident: it can be taken, resolved and asked *Why?* by itself.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from receiver.core.alert import Alert, AlertId, Severity, identify
from receiver.core.event import Acknowledge, Leave, Press, Release, Resolve, Woke
from receiver.core.incident import STORM, Incident, IncidentId, RouteSnapshot, Spread, State
from receiver.core.plan import Plan, Reason
from receiver.core.rulebook import Noise, RuleBook

GROUP_KEY = "storm"
GATHER = timedelta(seconds=2)  # so that the first message already says how many
TAKEN_APART = "split"
SPREAD_AT_ONCE = 100
SPREADS = {
    Reason.ACKNOWLEDGED: "acknowledge",
    Reason.RELEASED: "release",
    Reason.LEASE_OVER: "release",
    Reason.RESOLVED_BY_HAND: "resolve",
    Reason.SPLIT: "split",
}
TELLS_LITTLE = frozenset({"severity", "environment", "signal", "incident", "alertname"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """A storm in numbers. `shared` is the label that most of what fires has in common, `sharing` how many have it."""

    total: int
    firing: int
    critical: int
    warning: int
    acknowledged: int
    shared: tuple[str, str]
    sharing: int
    first: Alert | None
    span: timedelta


def joins(incident: Incident, event: Woke, noise: Noise) -> bool:
    """True when this incident is told by a storm: enough were opened, or one is under way and half of that still come."""
    if incident.is_crowd or event.storm == TAKEN_APART:
        return False
    is_under_way = event.storm not in ("", State.RESOLVED.value)
    return event.opened >= (-(-noise.storm_incidents // 2) if is_under_way else noise.storm_incidents)


def member_id(incident_id: IncidentId) -> AlertId:
    """An incident as an alert of a storm."""
    return identify(STORM, {"incident": incident_id})


def member_facts(incident: Incident) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The labels that all its alerts share, and what a storm must know of it beside them."""
    shown = incident.firing or tuple(incident.alerts.values())
    lead = shown[0] if shown else None
    common = dict(lead.labels) if lead else {}
    for alert in shown[1:]:
        common = {name: value for name, value in common.items() if alert.labels.get(name) == value}
    held = {**common, "alertname": lead.name if lead else "", "service": incident.service, "incident": incident.id}
    notes = {name: text for name, text in (lead.annotations if lead else {}).items() if name in ("summary", "summary_ru")}
    policies = ",".join(incident.route.policies) if incident.route else ""
    places = ",".join(place.name for place in incident.destinations)
    told = {
        "state": incident.state.value,
        "places": places,
        "policies": policies,
        "quiet": "yes" if incident.is_quiet else "",
        "held": "yes" if incident.is_paused else "",
    }
    return held, {**notes, **told}


def first_document(member: Incident, within: timedelta, now: datetime) -> Incident:
    """A storm as it begins with its first member."""
    route = RouteSnapshot(
        route_id=STORM,
        where="routes.yaml: noise.storm",
        path=(),
        group_by=(),
        group_labels={},
        group_wait=GATHER,
        reopen_within=within,
        destinations=member.route.destinations if member.route else (),
        rules_version=member.route.rules_version if member.route else "",
        is_quiet=member.is_quiet,
        policies=member.route.policies if member.route else (),
    )
    first = Incident(id=IncidentId(""), version=0, group_key=GROUP_KEY, source=STORM, opened_at=now, severity=Severity.INFO)
    return replace(first, route=route, destinations=member.destinations)


def widen(storm: Incident, rules: RuleBook) -> Incident:
    """The storm with every place and policy that any of its members would have told; it is quiet only while all of them are."""
    if storm.route is None:
        return storm
    held = [alert.annotations for alert in storm.alerts.values()]
    places = {place.name: place for place in storm.destinations}
    for name in _words(held, "places"):
        if name in rules.destinations and name not in places:
            places[name] = rules.destinations[name]
    policies = tuple(dict.fromkeys((*storm.route.policies, *_words(held, "policies"))))
    is_quiet = storm.is_quiet and all(one.get("quiet") for one in held)
    return replace(storm, destinations=tuple(places.values()), route=replace(storm.route, policies=policies, is_quiet=is_quiet))


def spread(plan: Plan, by: str) -> Plan:
    """What was done to a storm is done to its members too: they are looked at next."""
    verb = SPREADS.get(plan.reason)
    if verb is None or not plan.next.is_storm:
        return plan
    storm, before = plan.next, plan.before
    name = storm.acknowledged_by or storm.resolved_by or before.acknowledged_by
    held = Spread(verb=verb, by=storm.owner or by or before.owner, name=name, until=max((a.starts_at for a in storm.alerts.values()), default=storm.opened_at))
    return replace(plan, next=replace(storm, spread=held))


def spread_now(storm: Incident) -> tuple[tuple[IncidentId, Press], ...]:
    """The next members that still are as they were before, and what happens to them."""
    held = storm.spread
    if held is None:
        return ()
    event, states = _event(held)
    there = (a for a in storm.alerts.values() if a.is_firing and a.starts_at <= held.until)
    mine = (a for a in there if a.annotations.get("state") in states and (a.annotations.get("held") or held.verb != "split"))
    found = [(IncidentId(alert.labels["incident"]), event) for alert in mine]
    return tuple(found[:SPREAD_AT_ONCE])


def summarize(storm: Incident) -> Summary:
    """What stands on top of a storm."""
    members = storm.firing or tuple(storm.alerts.values())
    pairs = Counter((n, v) for a in members for n, v in a.labels.items() if n not in TELLS_LITTLE)
    shared, sharing = min(pairs.items(), key=lambda one: (-one[1], one[0]), default=(("", ""), 0))
    if sharing < 2 or 2 * sharing < len(members):
        shared, sharing = ("", ""), 0
    starts = sorted(alert.starts_at for alert in storm.alerts.values())
    return Summary(
        total=len(storm.alerts),
        firing=len(storm.firing),
        critical=sum(alert.severity is Severity.CRITICAL for alert in members),
        warning=sum(alert.severity is not Severity.CRITICAL for alert in members),
        acknowledged=sum(alert.annotations.get("state") == State.ACKNOWLEDGED for alert in members),
        shared=shared,
        sharing=sharing,
        first=min(storm.alerts.values(), key=lambda alert: alert.starts_at, default=None),
        span=starts[-1] - starts[0] if starts else timedelta(0),
    )


def _event(held: Spread) -> tuple[Press, frozenset[str]]:
    triggered, acknowledged = State.TRIGGERED.value, State.ACKNOWLEDGED.value
    match held.verb:
        case "acknowledge":
            return Acknowledge(by=held.by, name=held.name), frozenset({triggered})
        case "release":
            return Release(by=held.by, name=held.name), frozenset({acknowledged})
        case "resolve":
            return Resolve(by=held.by, name=held.name), frozenset(state.value for state in State if state is not State.RESOLVED)
        case _:
            return Leave(by=held.by, name=held.name), frozenset(state.value for state in State)


def _words(held: Iterable[Mapping[str, str]], name: str) -> Iterator[str]:
    return (word for one in dict.fromkeys(notes.get(name, "") for notes in held) for word in one.split(",") if word)
