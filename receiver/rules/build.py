"""Builds the rule book from files that were found right."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from receiver.core.alert import Severity
from receiver.core.digest import Digest
from receiver.core.graph import Graph
from receiver.core.incident import Customers, Destination
from receiver.core.local import parse_clock
from receiver.core.matcher import parse_matcher
from receiver.core.part import Correlation
from receiver.core.route import RouteNode, describe_step
from receiver.core.rulebook import POLICY_CHANNEL, Capacity, Noise, PageStep, Person, RuleBook, Service
from receiver.core.source import Source
from receiver.core.window import Window
from receiver.rules.calendar import build_collect, build_maintenance, build_quiet_hours, build_windows
from receiver.rules.correlation import build_correlation, build_graph
from receiver.rules.notices import build_notices
from receiver.rules.policies import build_policies
from receiver.rules.schedules import DAYS, build_links, build_schedules
from receiver.rules.schema import (
    CustomersEntry,
    DestinationsFile,
    DigestEntry,
    EmailPlace,
    NoiseEntry,
    PeopleFile,
    PersonEntry,
    Place,
    PolicyPlace,
    RouteEntry,
    RoutesFile,
    SecretPlace,
    TelegramPlace,
    WebhookPlace,
)
from receiver.rules.schema_escalation import EscalationFile
from receiver.rules.schema_later import MaintenanceFile
from receiver.rules.schema_notices import NoticesFile
from receiver.rules.schema_schedules import SchedulesFile
from receiver.rules.schema_services import CapacityEntry, ServicesFile
from receiver.rules.schema_sources import CommonSeverity, SourcesFile
from receiver.rules.sources import build_heartbeats, build_sources, words
from receiver.rules.yaml import Document, Path

_CALLS = ("sms", "voice")
_DEFAULTS = RouteNode(
    id="",
    where="",
    matchers=(),
    group_by=("service", "environment"),
    group_wait=timedelta(seconds=10),
    reopen_within=timedelta(minutes=30),
    destinations=(),
    continues=False,
    step="",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Files:
    """The files a rule book is made of, validated; `calendars` are the contents of calendar files by their schedule."""

    routes: RoutesFile
    destinations: DestinationsFile
    people: PeopleFile
    services: ServicesFile | None = None
    sources: SourcesFile | None = None
    maintenance: MaintenanceFile | None = None
    notices: NoticesFile | None = None
    schedules: SchedulesFile | None = None
    escalation: EscalationFile | None = None
    calendars: Mapping[str, bytes] = field(default_factory=dict)


def build(version: str, files: Files, documents: Mapping[str, Document], notes: tuple[str, ...]) -> RuleBook:
    """Put the validated files together; `documents` give the lines."""
    windows = build_windows(files.routes.windows)
    places = {name: _destination(name, place) for name, place in files.destinations.destinations.items()}
    common = files.sources.severity if files.sources else CommonSeverity()
    return RuleBook(
        version=version,
        root=_Tree(documents["routes.yaml"], windows).node(files.routes.route, ("route",), _DEFAULTS),
        destinations=places,
        fallback=tuple(dict.fromkeys(files.destinations.fallback)),
        digest=_digest(files.destinations.digest) if files.destinations.digest else None,
        people=_people(files.people, places),
        services=_services(files.services) if files.services else {},
        sources=build_sources(files.sources) if files.sources else {},
        heartbeats=build_heartbeats(files.sources) if files.sources else {},
        any_source=Source(name="", kind="", severity_label=common.label, severity_map=words(common.map)),
        default_severity=Severity(common.default),
        default_links=files.services.defaults.links if files.services else {},
        noise=_noise(files.routes.noise),
        graph=build_graph(files.services, documents["services.yaml"]) if files.services else Graph(),
        correlation=build_correlation(files.services) if files.services else Correlation(),
        windows=tuple(windows.values()),
        quiet_hours=build_quiet_hours(files.destinations, windows),
        maintenance=build_maintenance(files.maintenance, documents["maintenance.yaml"]) if files.maintenance else (),
        teams={name: tuple(dict.fromkeys(ids)) for name, ids in files.people.teams.items()},
        schedules=build_schedules(files.schedules, files.people, documents["schedules.yaml"]) if files.schedules else {},
        calendars=build_links(files.schedules, files.calendars) if files.schedules else {},
        policies=build_policies(files.escalation, documents, places) if files.escalation else {},
        notices=build_notices(files.notices) if files.notices else None,
        notes=notes,
    )


@dataclass(frozen=True, slots=True)
class _Tree:
    """What the nodes of the route tree are built with."""

    document: Document
    windows: Mapping[str, Window]

    def node(self, entry: RouteEntry, path: Path, above: RouteNode) -> RouteNode:
        where = f"routes.yaml:{self.document.marks[(*path, 'id')][0]}"
        matchers = tuple(parse_matcher(text) for text in entry.matchers)
        windows = tuple(self.windows[name] for name in dict.fromkeys(entry.active))
        node = RouteNode(
            id=entry.id,
            where=where,
            matchers=tuple(sorted(matchers, key=lambda matcher: matcher.pattern is not None)),  # equality first: it is cheaper
            group_by=above.group_by if entry.group_by is None else tuple(entry.group_by),
            group_wait=above.group_wait if entry.group_wait is None else entry.group_wait,
            reopen_within=above.reopen_within if entry.reopen_within is None else entry.reopen_within,
            destinations=above.destinations if entry.destinations is None else tuple(entry.destinations),
            continues=entry.goes_on,
            step=describe_step(where, entry.id, matchers, windows),
            windows=windows,
            is_quiet=above.is_quiet if entry.quiet is None else entry.quiet,
            collect=above.collect if entry.collect is None else build_collect(entry.collect),
            customers=above.customers if entry.customers is None else _customers(entry.customers),
        )
        children = (self.node(child, (*path, "routes", index), node) for index, child in enumerate(entry.routes))
        return replace(node, children=tuple(children))


def _customers(entry: CustomersEntry) -> Customers:
    return Customers(component=entry.component, impact=entry.impact, text=entry.text, hold=entry.hold)


def _digest(entry: DigestEntry) -> Digest:
    return Digest(destination=entry.destination, day=DAYS.index(entry.day), minute=parse_clock(entry.time), zone=entry.timezone)


def _destination(name: str, place: Place) -> Destination:
    secret = place.secret if isinstance(place, SecretPlace | WebhookPlace) else None
    channel = POLICY_CHANNEL if isinstance(place, PolicyPlace) else place.channel
    return Destination(name=name, channel=channel, address=_address(place), language=place.language, timezone=place.timezone, secret=secret or "")


def _address(place: Place) -> Mapping[str, str | int]:
    match place:
        case TelegramPlace():
            return {"chat": place.chat, "topic": place.topic}
        case PolicyPlace():
            return {"policy": place.policy}
        case EmailPlace():
            return {"to": ", ".join(place.to)}
        case WebhookPlace():
            return {"url": place.url, **({"private": "yes"} if place.allow_private else {})}
        case _:
            return {}


def _people(file: PeopleFile, places: Mapping[str, Destination]) -> dict[str, Person]:
    return {
        key: Person(
            id=key,
            name=entry.name,
            roles=frozenset(entry.roles),
            telegram=entry.telegram,
            email=entry.email or "",
            phone=entry.phone or "",
            page_by=tuple(PageStep(channel=step.channel, after=step.after) for step in entry.page_by),
            channels=_own_channels(entry, places),
            language=entry.language,
            timezone=entry.timezone,
        )
        for key, entry in file.people.items()
    }


def _own_channels(entry: PersonEntry, places: Mapping[str, Destination]) -> dict[str, Destination]:
    """A person's own ways by their names; a step that names none of them takes the destination of its name, such as a team's PagerDuty.

    For `sms` and `voice` that destination is a gateway, and the person's number its target.
    """
    own = {name: Destination(name=name, channel="pagerduty" if name == "pagerduty" else "longtail", secret=way.secret) for name, way in entry.channels.items()}
    named = {step.channel: places[step.channel] for step in entry.page_by if step.channel in places}
    called = {name: replace(places[name], address={"to": entry.phone}) for name in _CALLS if name in named and entry.phone}
    found = {name: place for name, place in {**named, **called, **own}.items() if place.channel not in (POLICY_CHANNEL, "telegram")}
    return {name: place for name, place in found.items() if name not in _CALLS or name in own or entry.phone}


def _services(file: ServicesFile) -> dict[str, Service]:
    return {
        key: Service(
            id=key,
            names=entry.name,
            links={**file.defaults.links, **entry.links},
            component=entry.component or "",
            team=entry.team or "",
            kind=entry.kind,
            remedies=entry.remedies,
            capacity={resource: _capacity(held) for resource, held in entry.capacity.items()},
        )
        for key, entry in file.services.items()
    }


def _capacity(entry: CapacityEntry) -> Capacity:
    said = Capacity(value=entry.value or "", unit=entry.unit, arriving=entry.arriving or "", done=entry.done or "", workers=entry.workers or "")
    return replace(said, limit_by=entry.limit) if isinstance(entry.limit, str) else replace(said, limit=entry.limit)


def _noise(entry: NoiseEntry) -> Noise:
    return Noise(
        flap_changes=entry.flapping.changes,
        flap_within=entry.flapping.within,
        flap_hold=entry.flapping.hold,
        storm_incidents=entry.storm.incidents,
        storm_within=entry.storm.within,
        overflow_incidents=entry.overflow.incidents,
        overflow_within=entry.overflow.within,
    )
