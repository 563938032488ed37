"""An incident: what people see, from the first firing alert of a group to the all clear."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from receiver.core.alert import Alert, AlertId, Severity, precedence
from receiver.core.collect import Collect
from receiver.core.condition import SUPPRESSED, Condition
from receiver.core.destination import Destination
from receiver.core.evidence import Evidence
from receiver.core.flap import Flaps
from receiver.core.part import Part, Symptom
from receiver.core.policy import Escalation

__all__ = ["Customers", "Destination", "Incident", "IncidentId", "RouteSnapshot", "Spread", "State"]

STORM = "storm"  # the source of what `core.storm` gathers

OVERFLOW = "overflow:"  # how the group key of what `core.overflow` is about begins

IncidentId = NewType("IncidentId", str)


class State(StrEnum):
    """States an incident may be in; `TRANSITIONS` in `decide` holds the moves."""

    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


@dataclass(frozen=True, kw_only=True, slots=True)
class Customers:
    """What a route wants customers to be told; `component` is a public one, `affected` for all that something is wrong with, or empty when the
    catalogue names none."""

    component: str
    impact: str
    text: str
    hold: timedelta = timedelta(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class RouteSnapshot:
    """Which leaf grouped the incident and what it asked for; shown by *Why?*. New fields have defaults: old documents are read too."""

    route_id: str
    where: str
    path: tuple[str, ...]
    group_by: tuple[str, ...]
    group_labels: Mapping[str, str]
    group_wait: timedelta
    reopen_within: timedelta
    destinations: tuple[str, ...]
    rules_version: str
    is_quiet: bool = False
    customers: Customers | None = None
    policies: tuple[str, ...] = ()
    collect: Collect | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """What was done to a storm and has not reached all of its members yet: those that were there until then."""

    verb: str
    by: str
    name: str
    until: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Incident:
    """One incident at one version. Instants are aware, in UTC.

    `conditions` are Alertmanager's words about its alerts. `signal_source` names a source whose Watchdog does not confirm what it
    says, `signal_lost_at` is since when that Watchdog is missing.
    An acknowledgement is a lease: `owner` (an actor's id) took or confirmed it at `leased_at`, when it had `lease_alerts` alerts, has
    it until `lease_until`, and was asked at `asked_at` whether they still do. `escalation` is how far its policy has come, none without one.
    While it is a symptom, `part` names the incident that carries it; `symptoms` are those this one carries. `is_alone`: a person split it.
    `digest` is the storm it has joined, which keeps the time for it while it `is_paused`, and speaks for it while it `is_silent`; `spread` is
    a storm's own.
    `answered_at` is the first acknowledgement since it began or, at `reopened_at`, came back.
    `pictured_at` is when its picture was last asked for. `flaps` is how often it came and went lately. `begins` are the instants at which it, or
    one of its group before it, began to fire within the day before its last beginning, oldest first; that one is the last of them.
    It `is_collected` while nobody is told of it by itself (`core.collection`).
    """

    id: IncidentId
    version: int
    group_key: str
    source: str
    state: State = State.TRIGGERED
    opened_at: datetime
    announced_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    resolved_at: datetime | None = None
    resolved_by: str = ""
    end_reason: str = ""
    reopened: int = 0
    reopened_at: datetime | None = None
    answered_at: datetime | None = None
    severity: Severity = Severity.WARNING
    alerts: Mapping[AlertId, Alert] = field(default_factory=dict)
    truncated: int = 0
    last_seen_at: datetime | None = None
    repeats: int = 0
    route: RouteSnapshot | None = None
    destinations: tuple[Destination, ...] = ()
    wake_at: datetime | None = None
    told: str = ""
    systems: tuple[str, ...] = ()
    hushed: Mapping[AlertId, datetime] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    conditions: Mapping[AlertId, Condition] = field(default_factory=dict)
    signal_source: str = ""
    signal_lost_at: datetime | None = None
    evidence: Evidence | None = None
    pictured_at: datetime | None = None
    owner: str = ""
    leased_at: datetime | None = None
    lease_until: datetime | None = None
    asked_at: datetime | None = None
    lease_alerts: int = 0
    snoozed_until: datetime | None = None
    snoozed_by: str = ""
    escalation: Escalation | None = None
    part: Part | None = None
    symptoms: Mapping[IncidentId, Symptom] = field(default_factory=dict)
    is_alone: bool = False
    digest: str = ""
    is_silent: bool = False
    is_paused: bool = False
    spread: Spread | None = None
    flaps: Flaps = field(default_factory=Flaps)
    is_collected: bool = False
    begins: tuple[datetime, ...] = ()

    @property
    def is_storm(self) -> bool:
        """True when its alerts are incidents."""
        return self.source == STORM

    @property
    def is_overflow(self) -> bool:
        """True when it has the alerts of its source that found no room in incidents of their own."""
        return self.group_key.startswith(OVERFLOW)

    @property
    def is_crowd(self) -> bool:
        """True when its alerts have no group in common: that others join them is no news."""
        return self.is_storm or self.is_overflow

    @property
    def is_open(self) -> bool:
        """True until resolved."""
        return self.state is not State.RESOLVED

    @property
    def is_part(self) -> bool:
        """True while another incident carries it: nobody is told of this one."""
        return self.part is not None and self.is_open

    @property
    def began_at(self) -> datetime:
        """When it opened, or came back last; UTC."""
        return self.reopened_at or self.opened_at

    @property
    def is_quiet(self) -> bool:
        """True when its route wants no sound and no page."""
        return self.route is not None and self.route.is_quiet

    @property
    def is_suppressed(self) -> bool:
        """True when Alertmanager holds back every alert that fires: nobody needs to be called meanwhile."""
        if not self.conditions:
            return False
        held = [self.conditions.get(a.id) for a in self.alerts.values() if a.is_firing]
        return bool(held) and all(one is not None and one.kind in SUPPRESSED for one in held)

    @property
    def is_firing(self) -> bool:
        """True while any of its alerts fires."""
        return any(alert.is_firing for alert in self.alerts.values())

    @property
    def lead(self) -> Alert | None:
        """The alert that speaks for it: of those that still fire the first by `precedence`."""
        return min((a for a in self.alerts.values() if a.is_firing), key=precedence, default=None)

    @property
    def firing(self) -> tuple[Alert, ...]:
        """Alerts that still fire, in the order of `precedence`: the first one leads the message."""
        return tuple(sorted((a for a in self.alerts.values() if a.is_firing), key=precedence))

    @property
    def places(self) -> tuple[Destination, ...]:
        """Where its message is kept up to date: its destinations, and whoever was paged; nowhere while a storm speaks for it, or it is collected."""
        if self.is_silent or self.is_collected:
            return ()
        paged = self.escalation.paged if self.escalation else ()
        return tuple({place.name: place for place in (*self.destinations, *paged)}.values())

    @property
    def service(self) -> str:
        """The service it is about: that of its group, else of its worst alert."""
        named = self.route.group_labels.get("service", "") if self.route else ""
        return named or (self.lead.service if self.lead else "")
