"""`/api/v1`: why an incident is where it is, what the rules would make of an alert, and the recorded webhooks to try rules out on."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from litestar import Router, get, post
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Stream
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from receiver.clock import Clock
from receiver.core.errors import UnknownIncidentError
from receiver.core.incident import IncidentId
from receiver.engine import Rules
from receiver.store.incidents import Incidents
from receiver.store.recorder import Recorder
from receiver.trial.examples import Page
from receiver.trial.explain import explain, explain_incident
from receiver.trial.recordings import line_of, since_of
from receiver.trial.telling import tell
from receiver.web.auth import bearer_guard
from receiver.web.faults import begun


class Question(BaseModel):
    """An alert to explain: its labels, its source, and when it fires (default: now)."""

    model_config = ConfigDict(extra="forbid")

    labels: dict[str, str] = Field(min_length=1, max_length=200)
    at: AwareDatetime | None = None
    source: str = Field(default="alertmanager", max_length=100)


def trial_router(rules: Rules, incidents: Incidents, recorder: Recorder, page: Page, clock: Clock, token: str) -> Router:
    """The handlers of this file under `/api/v1`."""

    @get("/incidents/{incident_id:str}/why")
    async def why(incident_id: FromPath[str]) -> dict[str, Any]:
        try:
            incident = await incidents.load(IncidentId(incident_id.upper()))
        except UnknownIncidentError:
            raise NotFoundException(f"no incident {incident_id}") from None
        found = explain_incident(rules.current, incident, page)
        return {**found.as_json(), "digest": incident.digest, "text": tell(found, page.language, page.timezone)}

    @post("/rules/explain", status_code=200)
    async def ask(data: JSONBody[Question]) -> dict[str, Any]:
        found = explain(rules.current, data.labels, data.at or clock.now(), data.source, page)
        return {**found.as_json(), "text": tell(found, page.language, page.timezone)}

    @get("/recordings")
    async def recordings(since: FromQuery[str] = "7d") -> Stream:
        try:
            begin = since_of(since, clock.now(), page.timezone)
        except ValueError as fault:
            raise ClientException(str(fault)) from None
        return Stream(await begun(_lines(recorder, begin)), media_type="application/x-ndjson")

    return Router(path="/api/v1", route_handlers=[why, ask, recordings], guards=[bearer_guard(token)])


async def _lines(recorder: Recorder, since: datetime) -> AsyncIterator[bytes]:
    await recorder.flush()
    async for recording in recorder.read(since):
        yield line_of(recording)
