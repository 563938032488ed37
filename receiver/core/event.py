"""What may happen to an incident. Everything that changes one arrives as one of these."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from receiver.core.alert import AlertId
from receiver.core.condition import Condition
from receiver.core.evidence import Evidence
from receiver.core.incident import Incident, IncidentId
from receiver.core.signal import Signals


@dataclass(frozen=True, kw_only=True, slots=True)
class Woke:
    """The incident's wake-up time came, or admission merged something into it. `signals` are the guarded sources, as the engine knows them;
    `around` are the incidents of the systems below and above it, as they stood a moment ago. `opened` counts the incidents that were opened
    lately, `storm` is the state of the storm there is (`split` when somebody took it apart). `began` is when earlier incidents of its group
    began (UTC), known where nobody was told of this one yet.
    """

    signals: Signals = field(default_factory=dict)
    around: Mapping[IncidentId, Incident] = field(default_factory=dict)
    opened: int = 0
    storm: str = ""
    began: tuple[datetime, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Reported:
    """What Alertmanager holds of the incident's firing alerts: all that are silenced, inhibited, muted or gone, by alert."""

    conditions: Mapping[AlertId, Condition]


@dataclass(frozen=True, kw_only=True, slots=True)
class Acknowledge:
    """Somebody takes it. `by` is the actor's id (`anna`, `cli:root`), `name` what people read."""

    by: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolve:
    """Somebody declares it over, whatever still fires."""

    by: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Keep:
    """Somebody is still on it: the lease begins anew."""

    by: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """Somebody gives it back: the others are paged, without the one who released it."""

    by: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Assign:
    """Somebody asks a person (an id of the rules) to take it: that person is paged now, and has it once they acknowledge."""

    by: str
    name: str
    to: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Escalate:
    """Somebody wants the next ones paged now."""

    by: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Snooze:
    """Somebody wants silence until an instant (UTC)."""

    by: str
    name: str
    until: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Split:
    """Somebody takes apart what is told as one: a storm; what a cause carries; or a part, which leaves its cause."""

    by: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivered:
    """A message got to a destination at an instant (UTC); `ref` is the channel's id of it."""

    destination: str
    ref: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryTrouble:
    """A destination can't be reached (or not in time); somebody else must hear of it."""

    destination: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """Prometheus was asked about what is saturated; `evidence` is the conclusion."""

    evidence: Evidence


@dataclass(frozen=True, kw_only=True, slots=True)
class Leave:
    """The storm that spoke for this incident was split: from now on it is told by itself."""

    by: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Gathered:
    """An incident that was told already is now one of a storm, which keeps the time for it."""

    digest: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Pictured:
    """Somebody who can draw looked by: the incident's picture may be due."""


Press = Acknowledge | Resolve | Keep | Release | Assign | Escalate | Snooze | Split | Leave
Event = Woke | Reported | Gathered | Press | Delivered | DeliveryTrouble | Observed | Pictured
