"""A sender of alerts as the rules describe it. Read by `rules`, asked by ingest, grouping and the reconciler."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from receiver.core.alert import Severity
from receiver.core.bodypath import BodyPath
from receiver.core.matcher import Matcher

KINDS = ("alertmanager", "grafana", "kibana", "generic")


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """How a source signs its bodies: HMAC-SHA256 in hexadecimal under `secret`, over the body or, with `timestamp_header`, over
    `timestamp:body`. A signature older than `tolerance` is refused.
    """

    secret: str
    header: str
    timestamp_header: str = ""
    tolerance: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True, slots=True)
class BodyMapping:
    """Where a generic body keeps what an alert needs; all paths but `alerts` start at one alert."""

    alerts: BodyPath
    status: BodyPath
    firing: frozenset[str]
    resolved: frozenset[str]
    labels: Mapping[str, BodyPath]
    annotations: Mapping[str, BodyPath] = field(default_factory=dict)
    starts_at: BodyPath | None = None
    ends_at: BodyPath | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Watchdog:
    """The alert of a source that always fires: its silence longer than `interval` means that the source's other words are not to be trusted."""

    matchers: tuple[Matcher, ...]
    interval: timedelta = timedelta(minutes=2)
    is_required: bool = False

    @property
    def told(self) -> tuple[str, str] | None:
        """A label that every alert must have as it is to match, where one is sure to be needed. Saves looking at the others."""
        return next(((m.name, m.value) for m in self.matchers if m.op == "=" and m.name not in ("severity", "service")), None)

    def trails(self, *, has_peers: bool) -> timedelta:
        """How far the proof that a webhook brings lies back: Alertmanager repeats a Watchdog until it times out, minutes after its
        Prometheus died. Where its API says it exactly, the webhook proves less.
        """
        return self.interval * 3 / 4 if has_peers else self.interval / 2

    @property
    def patience(self) -> timedelta:
        """How old the newest proof may be before the signal counts as lost."""
        return self.interval * 3 / 2


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpectedHeartbeat:
    """Something that promises to be heard of at least once per `interval`."""

    name: str
    interval: timedelta
    severity: Severity = Severity.CRITICAL


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where alerts come from; `severity_map` holds lower-case words and already includes the common ones, `peers` the addresses of its API."""

    name: str
    kind: str
    ignore_labels: frozenset[str] = frozenset()
    auth_secret: str = ""
    severity_label: str = "severity"
    severity_map: Mapping[str, Severity] = field(default_factory=dict)
    signature: Signature | None = None
    mapping: BodyMapping | None = None
    watchdog: Watchdog | None = None
    peers: tuple[str, ...] = ()


def kind_of(name: str, known: Source | None) -> str:
    """The kind of a source: as the rules say, else what its name says (the default name of a path is its kind), else Alertmanager."""
    if known is not None:
        return known.kind
    return name if name in KINDS else KINDS[0]
