"""The shape of sources.yaml: who sends alerts, how they prove themselves, what is expected to be heard of."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from receiver.rules.fields import Duration, HeaderName, MatcherText, Name, SecretName, Strict, WebAddress, wrong
from receiver.rules.schema import SeverityWord


class SourceSeverity(Strict):
    """How one source's words are mapped; what it leaves out is taken from the common table."""

    label: str | None = None
    map: dict[str, SeverityWord] = Field(default_factory=dict)


class CommonSeverity(Strict):
    """The common table and what an unknown word counts as."""

    label: str = "severity"
    map: dict[str, SeverityWord] = Field(default_factory=dict)
    default: SeverityWord = "warning"


class Watchdog(Strict):
    """The alert that always fires."""

    matchers: Annotated[list[MatcherText], Field(min_length=1)]
    interval: Duration = timedelta(minutes=2)
    required: bool = False


class SourceSignature(Strict):
    """How a source signs its bodies: HMAC-SHA256, in hexadecimal; with `timestamp_header` over `timestamp:body`. Grafana's defaults."""

    secret: SecretName
    header: HeaderName = "X-Grafana-Alerting-Signature"
    timestamp_header: HeaderName | None = None
    tolerance: Duration = timedelta(minutes=5)


class SourceAuth(Strict):
    """What this source must show: a token (bearer, or the password of basic), a signature, or both."""

    secret: SecretName | None = None
    signature: SourceSignature | None = None

    @model_validator(mode="after")
    def _shows_something(self) -> "SourceAuth":
        if self.secret is None and self.signature is None:
            raise wrong("auth asks for nothing", "write auth: {secret: NAME}, or signature: {secret: NAME}")
        return self


class MappedStatus(Strict):
    """Where a generic body tells whether it fires."""

    path: str
    firing: Annotated[list[str], Field(min_length=1)]
    resolved: Annotated[list[str], Field(min_length=1)]

    @model_validator(mode="after")
    def _one_or_the_other(self) -> "MappedStatus":
        both = {word.lower() for word in self.firing} & {word.lower() for word in self.resolved}
        if both:
            raise wrong(f'"{min(both)}" is both firing and resolved', "keep it in one of the two lists")
        return self


class Mapping(Strict):
    """Where a generic body keeps what an alert needs; values are paths such as `$.state`."""

    alerts: str = "$"
    status: MappedStatus
    labels: dict[str, str]
    annotations: dict[str, str] = Field(default_factory=dict)
    starts_at: str | None = None
    ends_at: str | None = None


class SourceEntry(Strict):
    """One sender of alerts."""

    kind: Literal["alertmanager", "grafana", "kibana", "generic"]
    peers: list[WebAddress] = Field(default_factory=list)
    ignore_labels: list[str] = Field(default_factory=list)
    auth: SourceAuth | None = None
    severity: SourceSeverity = SourceSeverity()
    watchdog: Watchdog | None = None
    mapping: Mapping | None = None


class HeartbeatEntry(Strict):
    """Something that promises to POST /heartbeats/NAME at least once per `interval`."""

    interval: Duration
    severity: SeverityWord = "critical"


class SourcesFile(Strict):
    """sources.yaml."""

    version: Literal[1]
    sources: dict[Name, SourceEntry]
    heartbeats: dict[Name, HeartbeatEntry] = Field(default_factory=dict)
    severity: CommonSeverity = CommonSeverity()
