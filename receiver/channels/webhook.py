"""Incidents for programs: JSON by POST, signed, with an idempotency key. Used by `workers.sender`; docs/channels.md prints the schema.

The body is public interface: fields are added, none changes its meaning while `schema` says `incident/1`.
"""

import hashlib
import hmac
from datetime import datetime
from typing import Literal

import httpx
from pydantic import BaseModel, ConfigDict, Field

from receiver.channels.base import About, Evidence, Message, Outcome, Secrets
from receiver.channels.guarded import FORBIDDEN, GuardedTransport
from receiver.channels.wire import BUDGET, outcome_of, post
from receiver.clock import Clock
from receiver.core.alert import Alert
from receiver.core.incident import Destination, Incident

MOST_ALERTS = 200
PRIVATE = "private"  # the address's key; there when the rules say `allow_private: true`


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True)


class AlertBody(_Body):
    """One alert; instants in UTC, labels and annotations as the source sent them."""

    id: str
    name: str
    status: Literal["firing", "resolved"]
    severity: Literal["critical", "warning", "info"]
    starts_at: datetime
    ends_at: datetime | None
    labels: dict[str, str]
    annotations: dict[str, str]


class LinkBody(_Body):
    """Something to open."""

    name: str
    url: str


class IncidentBody(_Body):
    """An incident as it stands; a body with a smaller `version` than one already seen is old news."""

    id: str
    version: int
    state: Literal["triggered", "acknowledged", "snoozed", "resolved"]
    severity: Literal["critical", "warning", "info"]
    title: str
    system: str
    systems: list[str]
    source: str
    opened_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str
    resolved_at: datetime | None
    resolved_by: str
    end_reason: str
    reopened: int
    occurrences: int
    firing: int
    alerts_total: int
    alerts: list[AlertBody]
    rule: str
    rules_version: str
    links: list[LinkBody]


class HookBody(_Body):
    """One POST. `kind` is why it comes: `incident` whenever the incident changed, others for what people are told aloud."""

    schema_version: Literal["incident/1"] = Field(default="incident/1", serialization_alias="schema")
    key: str
    kind: str
    sent_at: datetime
    destination: str
    language: str
    text: str
    incident: IncidentBody


class WebhookChannel:
    """Every version of an incident is one POST; the same version again has the same key."""

    name = "webhook"
    is_idempotent = True

    def __init__(self, secret: Secrets, clock: Clock, budget: float = BUDGET) -> None:
        self._secret, self._clock, self._budget = secret, clock, budget
        self._public = httpx.AsyncClient(transport=GuardedTransport(), trust_env=False)
        self._private = httpx.AsyncClient(transport=GuardedTransport(allow_private=True), trust_env=False)

    async def send(self, destination: Destination, message: Message, reply_to: str = "") -> Outcome:
        """POST the incident as it stands."""
        about, secret = message.about, self._secret(destination.secret) if destination.secret else None
        if about is None:
            return Outcome(evidence=Evidence.REFUSED, reason="this message is about no incident")
        if destination.secret and not secret:
            return Outcome(evidence=Evidence.DEAD, reason=f"RECEIVER_SECRET_{destination.secret} is not set")
        now = self._clock.now()
        body = hook_body(destination, message, about, now).model_dump_json(by_alias=True).encode()
        headers = {"content-type": "application/json", "user-agent": "incident-receiver", "idempotency-key": _key(about)}
        headers |= signed(secret, body, now) if secret else {}
        http = self._private if destination.address.get(PRIVATE) else self._public
        answer = await post(http, str(destination.address["url"]), body, headers, budget=self._budget)
        if FORBIDDEN in answer.fault:
            return Outcome(evidence=Evidence.DEAD, reason=f"{answer.fault}; `allow_private: true` permits it")
        return outcome_of(answer, about.slot, (secret,) if secret else ())

    async def edit(self, destination: Destination, ref: str, message: Message) -> Outcome:
        """A newer version of the same incident."""
        return await self.send(destination, message)

    async def close(self) -> None:
        """Release connections."""
        await self._public.aclose()
        await self._private.aclose()


def signed(secret: str, body: bytes, now: datetime) -> dict[str, str]:
    """The headers that prove who sent this body and when: HMAC-SHA256 over `<timestamp>.<body>`."""
    stamp = str(int(now.timestamp()))
    proof = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"x-incident-timestamp": stamp, "x-incident-signature": f"v1={proof}"}


def hook_body(destination: Destination, message: Message, about: About, now: datetime) -> HookBody:
    """What is posted."""
    return HookBody(
        key=_key(about),
        kind=about.kind,
        sent_at=now,
        destination=destination.name,
        language=about.language,
        text=_clean(message.plain),
        incident=_incident(about.incident, message.title, about),
    )


def _key(about: About) -> str:
    return f"{about.slot}:{about.incident.version}"


def _incident(incident: Incident, title: str, about: About) -> IncidentBody:
    shown = (*incident.firing, *(a for a in incident.alerts.values() if not a.is_firing))
    return IncidentBody(
        id=incident.id,
        version=incident.version,
        state=incident.state.value,
        severity=incident.severity.value,
        title=title,
        system=about.facts.get("system", ""),
        systems=list(about.facts.get("systems", ())),
        source=incident.source,
        opened_at=incident.opened_at,
        acknowledged_at=incident.acknowledged_at,
        acknowledged_by=incident.acknowledged_by,
        resolved_at=incident.resolved_at,
        resolved_by=incident.resolved_by,
        end_reason=incident.end_reason,
        reopened=incident.reopened,
        occurrences=len(incident.begins),
        firing=len(incident.firing),
        alerts_total=len(incident.alerts),
        alerts=[_alert(alert) for alert in shown[:MOST_ALERTS]],
        rule=about.facts.get("route", ""),
        rules_version=about.facts.get("rules", ""),
        links=[LinkBody(name=link["name"], url=link["url"]) for link in about.facts.get("links", ())],
    )


def _alert(alert: Alert) -> AlertBody:
    return AlertBody(
        id=alert.id,
        name=_clean(alert.name),
        status="firing" if alert.is_firing else "resolved",
        severity=alert.severity.value,
        starts_at=alert.starts_at,
        ends_at=alert.ends_at,
        labels={_clean(k): _clean(v) for k, v in alert.labels.items()},
        annotations={_clean(k): _clean(v) for k, v in alert.annotations.items()},
    )


def _clean(text: str) -> str:
    """Half a surrogate pair can't be written as UTF-8."""
    return text.encode("utf-8", "replace").decode()
