"""The rules of one installation, read and checked: everything a decision needs to know, immutable."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from receiver.core.alert import Severity, service_of
from receiver.core.digest import Digest
from receiver.core.graph import Graph
from receiver.core.incident import Customers, Destination, RouteSnapshot
from receiver.core.maintenance import MaintenanceWindow, Mute, find_mute, find_under_way
from receiver.core.matcher import Matcher
from receiver.core.notice_rules import NoticeRules
from receiver.core.part import Correlation
from receiver.core.policy import Policy, merge
from receiver.core.route import RouteNode, group_key, route
from receiver.core.schedule import Schedule
from receiver.core.source import KINDS, ExpectedHeartbeat, Source, Watchdog, kind_of
from receiver.core.window import Window

POLICY_CHANNEL = "policy"
FROM_CATALOGUE = "from-catalogue"
AFFECTED = "affected"
_SHORT = 7


@dataclass(frozen=True, kw_only=True, slots=True)
class PageStep:
    """One step of reaching a person: by which channel, and how long after the page."""

    channel: str
    after: timedelta = timedelta(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody who may be told or may press; `telegram` is the account's number (`is_linked` when it comes from the chat and not from
    people.yaml), `page_by` the steps of reaching them in their order. `channels` are further ways to them by the names that `page_by` uses.
    """

    id: str
    name: str
    roles: frozenset[str] = frozenset()
    telegram: int | None = None
    email: str = ""
    phone: str = ""
    page_by: tuple[PageStep, ...] = ()
    channels: Mapping[str, Destination] = field(default_factory=dict)
    language: str = ""
    timezone: str = ""
    is_linked: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Capacity:
    """How full a resource is, in PromQL; empty where the catalogue leaves it to the alert's own rule. `limit_by` is a limit that is measured too."""

    value: str = ""
    limit: float | None = None
    limit_by: str = ""
    unit: str = ""
    arriving: str = ""
    done: str = ""
    workers: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """A catalogue entry; `names` by language, `links` are templates with the defaults filled in, `remedies` and `capacity` by resource."""

    id: str
    names: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    component: str = ""
    team: str = ""
    kind: str = ""
    remedies: Mapping[str, str] = field(default_factory=dict)
    capacity: Mapping[str, Capacity] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class CalendarLink:
    """Where the calendar of a schedule comes from: a secret that holds its address, or a file of the rules. `raw` is none while it is unread."""

    secret: str = ""
    raw: bytes | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Noise:
    """When an incident counts as flapping, when many are a storm, and how many a source may open."""

    flap_changes: int = 4
    flap_within: timedelta = timedelta(minutes=30)
    flap_hold: timedelta = timedelta(minutes=10)
    storm_incidents: int = 10
    storm_within: timedelta = timedelta(minutes=2)
    overflow_incidents: int = 10_000
    overflow_within: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class RuleBook:
    """A version of the rules. `notes` are remarks for the operator, none of them a fault.

    `version` is a digest of the files, `commit` the git commit they come from (empty for a plain directory). `windows` are those
    that routes name, `quiet_hours` those of destinations, by the clocks of each; `teams` hold ids of people, `calendars` are by the schedule they belong to. `notices` are none where there is no
    notices.yaml: then no customer is told anything. `graph` is the catalogue's `depends_on`, `correlation` none where it is switched off. `warnings` are those notes that
    `--strict` makes faults.
    """

    version: str
    commit: str = ""
    root: RouteNode
    destinations: Mapping[str, Destination]
    fallback: tuple[str, ...]
    digest: Digest | None = None
    people: Mapping[str, Person] = field(default_factory=dict)
    services: Mapping[str, Service] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    heartbeats: Mapping[str, ExpectedHeartbeat] = field(default_factory=dict)
    any_source: Source = field(default_factory=lambda: Source(name="", kind=""))
    default_severity: Severity = Severity.WARNING
    default_links: Mapping[str, str] = field(default_factory=dict)
    noise: Noise = field(default_factory=Noise)
    graph: Graph = field(default_factory=Graph)
    correlation: Correlation | None = field(default_factory=Correlation)
    windows: tuple[Window, ...] = ()
    quiet_hours: Mapping[str, Window] = field(default_factory=dict)
    maintenance: tuple[MaintenanceWindow, ...] = ()
    teams: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    calendars: Mapping[str, CalendarLink] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    notices: NoticeRules | None = None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    _by_telegram: Mapping[int, Person] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index people by their Telegram account."""
        index = {person.telegram: person for person in self.people.values() if person.telegram is not None}
        object.__setattr__(self, "_by_telegram", index)

    @property
    def name(self) -> str:
        """What people call this version: the short commit, else the digest."""
        return self.commit[:_SHORT] or self.version

    def route(self, labels: Mapping[str, str], now: datetime, ignored: Collection[str] = ()) -> RouteSnapshot:
        """Find the leaf and the destinations for these labels at this instant; hand in `matched_labels`.

        `ignored` labels do not tell groups apart where a route groups by all labels.
        """
        found = route(self.root, labels, now, self.name, ignored)
        customers, policies = self._customers(found.customers, labels), self._policies(found)
        return replace(found, customers=customers, policies=policies) if customers is not found.customers or policies else found

    def _customers(self, wanted: Customers | None, labels: Mapping[str, str]) -> Customers | None:
        if wanted is None or wanted.component != FROM_CATALOGUE:
            return wanted
        service = self.services.get(service_of(labels))
        return replace(wanted, component=service.component if service else "")

    def _policies(self, snapshot: RouteSnapshot) -> tuple[str, ...]:
        places = (self.destinations.get(name) for name in snapshot.destinations)
        return tuple(str(place.address.get("policy", place.name)) for place in places if place is not None and place.channel == POLICY_CHANNEL)

    def phase(self, now: datetime) -> tuple[bool, ...]:
        """Which windows are active; while it stays the same, so does every route."""
        return tuple(window.is_active(now) for window in self.windows)

    def next_phase_at(self, now: datetime) -> datetime | None:
        """The next instant (UTC) after `now` at which some window opens or closes; none when none ever does."""
        return min((change for window in self.windows if (change := window.next_change(now))), default=None)

    def mutes(self, now: datetime) -> tuple[Mute, ...]:
        """The maintenance windows that are under way."""
        return find_under_way(self.maintenance, now)

    def muted_by(self, labels: Mapping[str, str], now: datetime) -> Mute | None:
        """The maintenance window that mutes an alert with these `matched_labels`; of several the one that lasts longest."""
        return find_mute(self.mutes(now), labels)

    def group_key(self, snapshot: RouteSnapshot) -> str:
        """Name the group an alert with this route belongs to; the same on every replica."""
        return group_key(snapshot.route_id, snapshot.group_labels)

    def destinations_of(self, snapshot: RouteSnapshot) -> tuple[Destination, ...]:
        """Resolve names to places; a name that is gone, or a policy that is, stands for the fallback. Never repeats a place.

        A policy is no place: the incident's escalation pages by it.
        """
        found = {each: self.destinations[each] for name in snapshot.destinations for each in self.places_of(name)}
        return tuple(found.values())

    def places_of(self, name: str) -> tuple[str, ...]:
        """The places a destination of a route stands for: itself, nothing for a policy, the fallback when it is gone."""
        destination = self.destinations.get(name)
        if destination is None:
            return self.fallback
        if destination.channel == POLICY_CHANNEL:
            return () if destination.address.get("policy") in self.policies else self.fallback
        return (name,)

    def policy_of(self, snapshot: RouteSnapshot | None) -> Policy | None:
        """The policy a route pages by; several are one."""
        return self.policy_named(snapshot.policies if snapshot else ())

    def policy_named(self, named: Collection[str]) -> Policy | None:
        """These policies as one; none when none of them is there."""
        return merge([self.policies[name] for name in named if name in self.policies])

    def fallback_destinations(self) -> tuple[Destination, ...]:
        """Where what can't be delivered elsewhere goes."""
        return tuple(self.destinations[name] for name in self.fallback)

    def source(self, name: str) -> Source:
        """Return the source of this name, or what holds for one no file mentions."""
        return self.sources.get(name, self.any_source)

    def kind_of(self, source: str) -> str:
        """What its bodies look like: `alertmanager`, `grafana`, `kibana` or `generic`."""
        return kind_of(source, self.sources.get(source))

    def with_peers(self, peers: tuple[str, ...]) -> "RuleBook":
        """The same with these addresses as the peers of the source `alertmanager`, unless it has its own."""
        known = self.sources.get(KINDS[0]) or replace(self.any_source, name=KINDS[0], kind=KINDS[0])
        if not peers or known.peers:
            return self
        return replace(self, sources={**self.sources, KINDS[0]: replace(known, peers=peers)})

    def watchdog_of(self, source: str) -> Watchdog | None:
        """The alert of this source that always fires; Alertmanagers have one by its usual name unless the rules say otherwise."""
        known = self.sources.get(source)
        if known is not None and known.watchdog is not None:
            return known.watchdog
        return _USUAL if known is not None and known.kind == "alertmanager" else None

    def severity(self, source: str, labels: Mapping[str, str]) -> tuple[Severity, bool]:
        """Map a sender's word onto the three; false when the word is missing or unknown (then the default)."""
        rules = self.source(source)
        word = labels.get(rules.severity_label, "").strip().lower()
        known = rules.severity_map.get(word) or _OWN_WORDS.get(word)
        return (known, True) if known is not None else (self.default_severity, False)

    def ignore_labels(self, source: str) -> frozenset[str]:
        """Labels of this source that do not tell alerts apart."""
        return self.source(source).ignore_labels

    def person_by_telegram(self, telegram: int) -> Person | None:
        """Find who owns a Telegram account."""
        return self._by_telegram.get(telegram)

    def on_call(self, schedule: str, now: datetime) -> tuple[Person, ...]:
        """Who is on call at this instant; nobody in a gap or when there is no such schedule. People that are gone are left out."""
        found = self.schedules.get(schedule)
        return self.named(found.on_call(now)) if found else ()

    def named(self, ids: Collection[str]) -> tuple[Person, ...]:
        """The people with these ids, in their order; those that are gone are left out."""
        return tuple(person for one in ids if (person := self.people.get(one)))

    def links_of(self, service: str) -> Mapping[str, str]:
        """Link templates of a service; the defaults when the catalogue lacks it."""
        entry = self.services.get(service)
        return self.default_links if entry is None else entry.links


_USUAL = Watchdog(matchers=(Matcher(name="alertname", op="=", value="Watchdog"),))
_OWN_WORDS = {severity.value: severity for severity in Severity}
