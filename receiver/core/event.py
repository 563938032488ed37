"""What may happen to an incident. Everything that changes one arrives as one of these."""

from dataclasses import dataclass

from receiver.core.evidence import Evidence


@dataclass(frozen=True, kw_only=True, slots=True)
class Woke:
    """The incident's wake-up time came, or admission merged something into it."""


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """Prometheus was asked about what is saturated; `evidence` is the conclusion."""

    evidence: Evidence


Event = Woke | Acknowledge | Resolve | DeliveryTrouble | Observed
