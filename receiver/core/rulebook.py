"""The rules of one installation, read and checked: everything a decision needs to know, immutable."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from receiver.core.alert import Severity
from receiver.core.incident import Destination, RouteSnapshot
from receiver.core.route import RouteNode, group_key, route

POLICY_CHANNEL = "policy"


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody who may be told or may press; `telegram` is the account's number."""

    id: str
    name: str
    roles: frozenset[str] = frozenset()
    telegram: int | None = None
    language: str = ""
    timezone: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """A catalogue entry; `names` by language, `links` are templates with the defaults filled in."""

    id: str
    names: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    component: str = ""
    team: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where alerts come from; `severity_map` holds lower-case words and already includes the common ones."""

    name: str
    kind: str
    ignore_labels: frozenset[str] = frozenset()
    auth_secret: str = ""
    severity_label: str = "severity"
    severity_map: Mapping[str, Severity] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Noise:
    """When an incident counts as flapping and when many are a storm."""

    flap_changes: int = 4
    flap_within: timedelta = timedelta(minutes=30)
    flap_hold: timedelta = timedelta(minutes=10)
    storm_incidents: int = 10
    storm_within: timedelta = timedelta(minutes=2)


@dataclass(frozen=True, kw_only=True)
class RuleBook:
    """A version of the rules. `notes` are remarks for the operator, none of them a fault; `commit` is git's, when they came from git."""

    version: str
    root: RouteNode
    destinations: Mapping[str, Destination]
    fallback: tuple[str, ...]
    people: Mapping[str, Person] = field(default_factory=dict)
    services: Mapping[str, Service] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    any_source: Source = field(default_factory=lambda: Source(name="", kind=""))
    default_severity: Severity = Severity.WARNING
    default_links: Mapping[str, str] = field(default_factory=dict)
    noise: Noise = field(default_factory=Noise)
    notes: tuple[str, ...] = ()
    commit: str = ""
    _by_telegram: Mapping[int, Person] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index people by their Telegram account."""
        index = {person.telegram: person for person in self.people.values() if person.telegram is not None}
        object.__setattr__(self, "_by_telegram", index)

    def route(self, labels: Mapping[str, str]) -> RouteSnapshot:
        """Find the leaf and the destinations for these labels; hand in the label `severity` already mapped."""
        return route(self.root, labels, self.version)

    def group_key(self, snapshot: RouteSnapshot) -> str:
        """Name the group an alert with this route belongs to; the same on every replica."""
        return group_key(snapshot.route_id, snapshot.group_labels)

    def destinations_of(self, snapshot: RouteSnapshot) -> tuple[Destination, ...]:
        """Resolve names to places; a policy or a name that is gone stands for the fallback. Never repeats a place."""
        found: dict[str, Destination] = {}
        for name in snapshot.destinations:
            destination = self.destinations.get(name)
            reached = destination is not None and destination.channel != POLICY_CHANNEL
            for each in (name,) if reached else self.fallback:
                found[each] = self.destinations[each]
        return tuple(found.values())

    def fallback_destinations(self) -> tuple[Destination, ...]:
        """Where what can't be delivered elsewhere goes."""
        return tuple(self.destinations[name] for name in self.fallback)

    def source(self, name: str) -> Source:
        """Return the source of this name, or what holds for one no file mentions."""
        return self.sources.get(name, self.any_source)

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

    def links_of(self, service: str) -> Mapping[str, str]:
        """Link templates of a service; the defaults when the catalogue lacks it."""
        entry = self.services.get(service)
        return self.default_links if entry is None else entry.links


_OWN_WORDS = {severity.value: severity for severity in Severity}
