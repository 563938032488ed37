"""What may happen to an incident. Everything that changes one arrives as one of these."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from receiver.core.alert import AlertId
from receiver.core.condition import Condition
from receiver.core.signal import Signals


@dataclass(frozen=True, kw_only=True, slots=True)
class Woke:
    """The incident's wake-up time came, or admission merged something into it. `signals` are the guarded sources, as the engine knows them."""

    signals: Signals = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
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
class DeliveryTrouble:
    """A destination can't be reached (or not in time); somebody else must hear of it."""

    destination: str
    why: str


Event = Woke | Observed | Acknowledge | Resolve | DeliveryTrouble
