"""Why an alert goes where it goes: the one answer behind `receiver rules explain`, the API and the *Why?* of an incident."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec

from receiver.core.alert import identify, matched_labels
from receiver.core.collect import next_due
from receiver.core.collection import is_meant
from receiver.core.escalation import people_of
from receiver.core.flap import Flaps
from receiver.core.incident import Incident, RouteSnapshot
from receiver.core.policy import Target
from receiver.core.route import RouteNode
from receiver.core.rulebook import RuleBook
from receiver.core.sound import is_soft, quiet_hours
from receiver.trial.cases import webhook, wire_alert
from receiver.trial.examples import Page
from receiver.trial.world import World, longest_group_wait


class Verdict(StrEnum):
    """What became of one route that was looked at."""

    TAKEN = "taken"
    REFUSED = "refused"  # a matcher was not met
    SHADOWED = "shadowed"  # all its matchers are met, but an earlier sibling has the alert
    UNREACHED = "unreached"  # an earlier sibling has the alert, and it would not match either


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """One matcher and whether these labels meet it."""

    matcher: str
    is_met: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """One route on the way, or beside it; `by` is the sibling that has the alert already. `windows` says whether each is open."""

    depth: int
    where: str
    route_id: str
    verdict: Verdict
    conditions: tuple[Condition, ...] = ()
    windows: tuple[Condition, ...] = ()
    by: str = ""
    continues: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipient:
    """Who is told: the destination, by which channel and where. `stands_for` is the destination that can't be reached itself, `quiet_hours`
    the window because of which it makes no sound there. Until `collected_until` (UTC) it is only collected for it.
    """

    destination: str
    channel: str
    address: str
    language: str
    stands_for: str = ""
    quiet_hours: str = ""
    collected_until: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Noise:
    """What counts as flapping and as a storm, as configured: as the rules write it, and in numbers."""

    flapping: str
    storm: str
    flap_changes: int
    flap_within_seconds: int
    flap_hold_seconds: int
    storm_incidents: int
    storm_within_seconds: int


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerWish:
    """What customers would be told. `component` is empty when the catalogue names none for the service."""

    component: str
    impact: str
    text: str
    hold_seconds: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Life:
    """What an incident adds to the answer for its alert. `is_current` is false when other rules than today's made the choice.
    `begins` are as in `Incident`."""

    id: str
    opened_at: datetime
    repeats: int
    reopened: int
    is_current: bool
    flaps: Flaps
    begins: tuple[datetime, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """Everything the rules make of one alert at one instant (UTC). `texts` is the first message by destination.

    While `maintenance` mutes the alert nobody is told.
    """

    at: datetime
    rules_version: str
    source: str
    labels: Mapping[str, str]
    identity: str
    ignored_labels: tuple[str, ...]
    severity: str
    severity_word: str
    is_severity_known: bool
    service: str
    is_service_known: bool
    route_id: str
    where: str
    path: tuple[str, ...]
    group_by: tuple[str, ...]
    group_labels: Mapping[str, str]
    group_key: str
    group_wait_seconds: int
    reopen_within_seconds: int
    recipients: tuple[Recipient, ...]
    noise: Noise
    visits: tuple[Visit, ...] = ()
    is_quiet: bool = False
    maintenance: str = ""
    maintenance_until: datetime | None = None
    customers: CustomerWish | None = None
    policies: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    incident: Life | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values; instants as RFC 3339."""
        built: dict[str, Any] = msgspec.to_builtins(self)
        return built


def explain(rules: RuleBook, labels: Mapping[str, str], at: datetime, source: str, page: Page) -> Explanation:
    """What the rules make of an alert with these labels, fired at this instant by this source."""
    seen = matched_labels(labels, rules.severity(source, labels)[0])
    snapshot = rules.route(seen, at, rules.ignore_labels(source))
    told = _first_told(rules, labels, at, source, page)
    found = _answer(rules, labels, at, source, snapshot, visits=tuple(_visits(rules.root, seen, at)), texts=told)
    return _later(found, rules, snapshot, page) if is_meant(snapshot, rules.severity(source, labels)[0]) else found


def explain_incident(rules: RuleBook, incident: Incident, page: Page) -> Explanation:
    """Why an incident is where it is: the route as it was chosen then; the whole tree only while the same rules are in force."""
    shown = incident.firing or tuple(incident.alerts.values())
    labels = dict(shown[0].labels) if shown else {}
    seen = matched_labels(labels, rules.severity(incident.source, labels)[0])
    snapshot = incident.route or rules.route(seen, incident.opened_at, rules.ignore_labels(incident.source))
    is_current = snapshot.rules_version == rules.name
    life = Life(
        id=incident.id,
        opened_at=incident.opened_at,
        repeats=incident.repeats,
        reopened=incident.reopened,
        is_current=is_current,
        flaps=incident.flaps,
        begins=incident.begins,
    )
    visits = tuple(_visits(rules.root, seen, incident.opened_at)) if is_current else ()
    told = _first_told(rules, labels, incident.opened_at, incident.source, page) if is_current else {}
    found = _answer(rules, labels, incident.opened_at, incident.source, snapshot, visits=visits, texts=told, life=life)
    is_untold = incident.announced_at is None and is_meant(snapshot, incident.severity)
    return _later(found, rules, snapshot, page) if incident.is_collected or is_untold else found


def _later(found: Explanation, rules: RuleBook, snapshot: RouteSnapshot, page: Page) -> Explanation:
    """The same where everybody is told later."""
    zones = {one.destination: rules.destinations[one.destination].timezone or page.timezone for one in found.recipients}
    dated = (
        replace(one, quiet_hours="", collected_until=next_due(snapshot.collect, found.at, zones[one.destination]))
        for one in found.recipients
        if snapshot.collect
    )
    return replace(found, recipients=tuple(dated))


def _answer(
    rules: RuleBook,
    labels: Mapping[str, str],
    at: datetime,
    source: str,
    snapshot: RouteSnapshot,
    *,
    visits: tuple[Visit, ...],
    texts: Mapping[str, str],
    life: Life | None = None,
) -> Explanation:
    severity, is_known = rules.severity(source, labels)
    service = labels.get("service") or labels.get("job") or ""
    ignored = rules.ignore_labels(source)
    mute = rules.muted_by(matched_labels(labels, severity), at)
    return Explanation(
        at=at,
        rules_version=snapshot.rules_version,
        source=source,
        labels=labels,
        identity=identify(source, labels, ignored),
        ignored_labels=tuple(sorted(name for name in ignored if name in labels)),
        severity=severity.value,
        severity_word=labels.get(rules.source(source).severity_label, ""),
        is_severity_known=is_known,
        service=service,
        is_service_known=service in rules.services,
        route_id=snapshot.route_id,
        where=snapshot.where,
        path=snapshot.path,
        group_by=snapshot.group_by,
        group_labels=snapshot.group_labels,
        group_key=rules.group_key(snapshot),
        group_wait_seconds=int(snapshot.group_wait.total_seconds()),
        reopen_within_seconds=int(snapshot.reopen_within.total_seconds()),
        recipients=tuple(_recipients(rules, snapshot, at if is_soft(snapshot, severity) else None)),
        noise=_noise(rules),
        visits=visits,
        is_quiet=snapshot.is_quiet,
        maintenance=f"{mute.window.where} {mute.window.name}" if mute else "",
        maintenance_until=mute.until if mute else None,
        customers=_wish(snapshot),
        policies=tuple(_policies(rules, snapshot, at)),
        texts=texts,
        incident=life,
    )


def _visits(root: RouteNode, labels: Mapping[str, str], at: datetime) -> Iterator[Visit]:
    yield Visit(depth=0, where=root.where, route_id=root.id, verdict=Verdict.TAKEN)
    yield from _children(root, labels, at, 1)


def _children(node: RouteNode, labels: Mapping[str, str], at: datetime, depth: int) -> Iterator[Visit]:
    """Every child of a route that was entered, in order; those behind the one that has the alert are judged too."""
    held_by = ""
    for child in node.children:
        conditions = tuple(Condition(matcher=matcher.text, is_met=matcher.matches(labels)) for matcher in child.matchers)
        takes = child.takes(labels, at)
        yield Visit(
            depth=depth,
            where=child.where,
            route_id=child.id,
            verdict=_judge(takes=takes, held_by=held_by),
            conditions=conditions,
            windows=tuple(Condition(matcher=window.name, is_met=window.is_active(at)) for window in child.windows),
            by=held_by,
            continues=child.continues,
        )
        if takes and not held_by:
            yield from _children(child, labels, at, depth + 1)
            held_by = "" if child.continues else child.id


def _judge(*, takes: bool, held_by: str) -> Verdict:
    if held_by:
        return Verdict.SHADOWED if takes else Verdict.UNREACHED
    return Verdict.TAKEN if takes else Verdict.REFUSED


def _recipients(rules: RuleBook, snapshot: RouteSnapshot, quiet_at: datetime | None) -> Iterator[Recipient]:
    """As the incident's destinations are made: a name that is gone, or a policy that is, stands for the fallback."""
    seen: set[str] = set()
    for name in snapshot.destinations:
        for each in rules.places_of(name):
            if each not in seen:
                seen.add(each)
                held = rules.destinations[each]
                address = ", ".join(str(value) for value in held.address.values() if value != "none")
                stands_for = "" if each == name else name
                window = quiet_hours(each, rules, quiet_at) if quiet_at else ""
                said = Recipient(destination=each, channel=held.channel, address=address, language=held.language)
                yield replace(said, stands_for=stands_for, quiet_hours=window)


def _policies(rules: RuleBook, snapshot: RouteSnapshot, at: datetime) -> Iterator[str]:
    """Each step with the line it stands on, and whom it means at this instant."""
    for name in snapshot.policies:
        policy = rules.policies.get(name)
        service = snapshot.group_labels.get("service", "")
        for number, step in enumerate(policy.steps if policy else (), 1):
            who = ", ".join(_target(target, rules, at, service) for target in step.targets) or ", ".join(place.name for place in step.notify)
            yield f"{step.where} {name}, {number}/{len(policy.steps) if policy else 0}: {who}"


def _target(target: Target, rules: RuleBook, at: datetime, service: str) -> str:
    people = ", ".join(person.id for person in people_of(target, rules, at, service))
    where = f" ({target.where})" if target.where else ""
    return f"{target.aim.value} {target.name}{where}{f' → {people}' if people and people != target.name else ''}"


def _wish(snapshot: RouteSnapshot) -> CustomerWish | None:
    wish = snapshot.customers
    if wish is None:
        return None
    return CustomerWish(component=wish.component, impact=wish.impact, text=wish.text, hold_seconds=int(wish.hold.total_seconds()))


def _noise(rules: RuleBook) -> Noise:
    noise = rules.noise
    return Noise(
        flapping=f"{noise.flap_changes} changes within {_minutes(noise.flap_within)}, held for {_minutes(noise.flap_hold)}",
        storm=f"{noise.storm_incidents} incidents within {_minutes(noise.storm_within)}",
        flap_changes=noise.flap_changes,
        flap_within_seconds=int(noise.flap_within.total_seconds()),
        flap_hold_seconds=int(noise.flap_hold.total_seconds()),
        storm_incidents=noise.storm_incidents,
        storm_within_seconds=int(noise.storm_within.total_seconds()),
    )


def _minutes(span: timedelta) -> str:
    return f"{span / timedelta(minutes=1):g}m"


def _first_told(rules: RuleBook, labels: Mapping[str, str], at: datetime, source: str, page: Page) -> dict[str, str]:
    world = World(rules, at)
    world.admit(source, webhook(wire_alert(labels, {}, world.now)))
    world.advance_to(world.now + longest_group_wait(rules.root))
    return {told.destination.name: page.message(told, rules).plain for told in world.effects.told if not told.is_edit}
