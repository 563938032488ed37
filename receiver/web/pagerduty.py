"""`POST /webhooks/pagerduty`: who acknowledges or resolves at PagerDuty does it here too. Built by `app.http`.

Bodies are those of PagerDuty's "Webhooks v3". Only what a person did counts: our own events come back with an integration as their agent,
and what was decided here already changes nothing, so nothing goes round in circles.
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from litestar import Request, Response, post
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from receiver.channels.pagerduty import episode_of
from receiver.channels.visible import visible
from receiver.clock import Clock
from receiver.core.errors import CommitConflictError, StoreUnavailableError, UnknownIncidentError
from receiver.core.event import Acknowledge, Event, Resolve
from receiver.core.incident import Incident, IncidentId
from receiver.engine import Engine

MOST_BYTES = 1 << 20
OLDEST = timedelta(hours=24)
REMEMBERED = timedelta(days=2)  # longer than an event is taken
_PROOF = re.compile(r"v1=([0-9a-f]{64})")


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Agent(_Part):
    """Who did it; `summary` is the name people read."""

    id: str = Field(min_length=1, max_length=100)
    type: str
    summary: str = ""


class Subject(_Part):
    """The incident there; `incident_key` is the dedup key it was opened with."""

    type: str
    incident_key: str | None = None


class Happened(_Part):
    """One event; types we do not know are passed over."""

    id: str = Field(min_length=1, max_length=200)
    event_type: str
    occurred_at: AwareDatetime
    agent: Agent | None = None
    data: Subject | None = None


class Body(_Part):
    """The whole body."""

    event: Happened


class Seen(Protocol):
    """Remembers what came, for all replicas."""

    async def begin(self, identity: str, kept: timedelta) -> bool:
        """True for the first who asks."""
        ...

    async def take_back(self, identity: str) -> int:
        """It had no effect and may come again."""
        ...


class Load(Protocol):
    """Where incidents are read."""

    async def load(self, incident_id: IncidentId) -> Incident:
        """Raises UnknownIncidentError, StoreUnavailableError."""
        ...


class ComingBack:
    """Events of PagerDuty become ours, each once."""

    def __init__(self, engine: Engine, incidents: Load, seen: Seen, clock: Clock, key: bytes) -> None:
        self._engine, self._incidents, self._seen, self._clock, self._key = engine, incidents, seen, clock, key

    async def take(self, happened: Happened) -> str:
        """What came of it, in a word or two. Raises StoreUnavailableError, CommitConflictError: it must come again."""
        found = _meant(happened, self._key, self._clock.now())
        if isinstance(found, str):
            return found
        incident_id, episode, event = found
        identity = f"pagerduty:{happened.id}"
        if not await self._seen.begin(identity, REMEMBERED):
            return "came before"
        try:
            incident = await self._incidents.load(incident_id)
            if incident.reopened != episode:
                return "of an earlier episode"
            return str((await self._engine.apply(incident_id, event)).reason.value)
        except UnknownIncidentError:
            return "no longer kept"
        except (StoreUnavailableError, CommitConflictError):
            await self._seen.take_back(identity)
            raise


def pagerduty_route(coming: ComingBack, secret: Callable[[], str | None]) -> Any:
    """The handler. `secret` is RECEIVER_SECRET_PAGERDUTY_WEBHOOK: one signing secret, or several with commas between; without it nobody is let in."""

    @post("/webhooks/pagerduty", request_max_body_size=MOST_BYTES)
    async def come_back(request: Request[Any, Any, Any]) -> Response[dict[str, str]]:
        raw = await request.body()
        if not is_signed(raw, request.headers.get("x-pagerduty-signature", ""), secret() or ""):
            return Response({"error": "unauthorized"}, status_code=401)
        try:
            return Response({"result": await coming.take(Body.model_validate_json(raw).event)}, status_code=202)
        except ValidationError:
            return Response({"error": "not an event of PagerDuty's webhooks v3"}, status_code=400)
        except (StoreUnavailableError, CommitConflictError):
            return Response({"error": "come again"}, status_code=503)

    return come_back


def is_signed(body: bytes, header: str, secrets: str) -> bool:
    """True when one of the header's signatures was made with one of our secrets; every pair is compared, in constant time."""
    given = _PROOF.findall(header)[:20]
    expected = [hmac.new(one.strip().encode(), body, hashlib.sha256).hexdigest() for one in secrets.split(",") if one.strip()]
    return any([hmac.compare_digest(mine, theirs) for mine in expected for theirs in given])  # noqa: C419 - a list: none is left out


def _meant(happened: Happened, key: bytes, now: datetime) -> tuple[IncidentId, int, Event] | str:
    """Which incident is meant and what follows, or why nothing does."""
    agent, verb = happened.agent, _VERBS.get(happened.event_type)
    found = episode_of(key, (happened.data.incident_key if happened.data else None) or "")
    if verb is None:
        return "nothing to do for this event"
    if found is None:
        return "no incident of ours"
    if agent is None or agent.type not in ("user_reference", "user"):
        return "nobody's doing"
    if abs(now - happened.occurred_at) > OLDEST:
        return "too old"
    by, name = f"pagerduty:{visible(agent.id, 40)}", visible(agent.summary, 60) or "PagerDuty"
    return *found, Acknowledge(by=by, name=name) if verb == "acknowledge" else Resolve(by=by, name=name)


_VERBS: dict[str, Literal["acknowledge", "resolve"]] = {"incident.acknowledged": "acknowledge", "incident.resolved": "resolve"}
