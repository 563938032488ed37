"""An incident that is a symptom of another one, and what the other one knows of it. Held in both documents; decided by `core.correlation`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from receiver.core.alert import Severity


@dataclass(frozen=True, kw_only=True, slots=True)
class Correlation:
    """How far apart (`within`) a cause and its symptom may begin, and how long (`settle`) a symptom may outlive its cause before it rings."""

    within: timedelta = timedelta(minutes=5)
    settle: timedelta = timedelta(minutes=2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """This incident is shown inside the incident `cause`, of `service`, whose `notes` are the annotations of its worst alert.

    `where` is the line of the catalogue that says so, `way` the systems from this one down to the cause. `look_at` (UTC) is when it is made
    sure again that the cause still carries it.
    """

    cause: str
    service: str
    way: tuple[str, ...]
    where: str
    since: datetime
    look_at: datetime
    name: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Symptom:
    """What the incident of the cause shows of one of its parts. `destinations` and `policies` are those of its route: they hear of the cause instead.
    It `is_collected` when nobody was told of it by itself, and nobody would be.
    """

    service: str
    severity: Severity
    firing: int
    name: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)
    where: str = ""
    taken_by: str = ""
    destinations: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    is_collected: bool = False
