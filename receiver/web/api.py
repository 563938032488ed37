"""`/api/v1`: what the chat can do, for the CLI and for programs; a bearer token, and every change is an event to the engine."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from litestar import Router, get, post
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromPath, FromQuery, JSONBody

from receiver.clock import Clock
from receiver.core.condition import Condition
from receiver.core.errors import UnknownIncidentError
from receiver.core.incident import Incident, IncidentId
from receiver.engine import Engine, Rules
from receiver.store.incidents import Incidents
from receiver.store.outbox import Outbox
from receiver.store.quarantine import DeadLetter, Quarantine
from receiver.web.auth import bearer_guard
from receiver.web.proof import prove
from receiver.web.verbs import Asked, event_of

MOST = 1000  # incidents that one list looks through
TOGETHER = 50  # of them loaded in one trip


def summary(incident: Incident) -> dict[str, Any]:
    """One incident in a list; instants as RFC 3339 in UTC."""
    return {
        "id": incident.id,
        "state": incident.state.value,
        "severity": incident.severity.value,
        "service": (incident.route.group_labels.get("service", "") if incident.route else ""),
        "title": next((a.annotations.get("summary") or a.name for a in (*incident.firing, *incident.alerts.values())), ""),
        "firing": len(incident.firing),
        "alerts": len(incident.alerts),
        "truncated": incident.truncated,
        "opened_at": _text(incident.opened_at),
        "acknowledged_by": incident.acknowledged_by,
        "acknowledged_at": _text(incident.acknowledged_at),
        "owner": incident.owner,
        "lease_until": _text(incident.lease_until),
        "snoozed_until": _text(incident.snoozed_until),
        "resolved_at": _text(incident.resolved_at),
        "resolved_by": incident.resolved_by,
        "end_reason": incident.end_reason,
        "signal_lost": {"source": incident.signal_source, "since": _text(incident.signal_lost_at)} if incident.signal_lost_at else None,
        "reopened": incident.reopened,
        "occurrences": len(incident.begins),
        "occurred_at": [_text(at) for at in incident.begins],
        "repeats": incident.repeats,
        "route": incident.route.where if incident.route else "",
        "is_collected": incident.is_collected,
        "part_of": incident.part.cause if incident.part else None,
        "affected": list(dict.fromkeys(one.service for one in incident.symptoms.values() if one.where)),
        "symptoms": [{"id": i, "service": one.service, "severity": one.severity.value, "firing": one.firing} for i, one in incident.symptoms.items()],
    }


def api_router(engine: Engine, rules: Rules, incidents: Incidents, outbox: Outbox, quarantine: Quarantine, clock: Clock, token: str, *further: Any) -> Router:
    """All handlers under `/api/v1`, and `further` ones that need no more than the token."""
    handlers = [*_incident_routes(engine, rules, incidents, outbox, clock), *_letter_routes(outbox, quarantine, clock), *further]
    return Router(path="/api/v1", route_handlers=handlers, guards=[bearer_guard(token)])


def _incident_routes(engine: Engine, rules: Rules, incidents: Incidents, outbox: Outbox, clock: Clock) -> list[Any]:
    async def load(incident_id: str) -> Incident:
        try:
            return await incidents.load(IncidentId(incident_id.upper()))
        except UnknownIncidentError:
            raise NotFoundException(f"no incident {incident_id}") from None

    @get("/incidents")
    async def listing(limit: FromQuery[int] = 100, parts: FromQuery[bool] = False) -> list[dict[str, Any]]:
        """What is only the symptom of another is shown there, unless `parts` are asked for."""
        most, found = max(1, min(limit, MOST)), list[Incident]()
        for some in _batched(await incidents.recent(MOST)):
            found += [one for one in await incidents.load_many(some) if one and (parts or one.part is None)]
            if len(found) >= most:
                break
        return [summary(one) for one in found[:most]]

    @get("/incidents/{incident_id:str}")
    async def show(incident_id: FromPath[str]) -> dict[str, Any]:
        incident = await load(incident_id)
        alerts = [
            {
                "status": a.status.value,
                "severity": a.severity.value,
                "starts_at": _text(a.starts_at),
                "condition": _condition(incident.conditions.get(a.id)),
                "labels": dict(a.labels),
                "annotations": dict(a.annotations),
            }
            for a in incident.alerts.values()
        ]
        history, slots = await incidents.timeline(incident.id), await outbox.slots(incident.id)
        timeline = [{"at": _text(e.at), "reason": e.reason, "by": e.by, "state": e.state, "text": e.text} for e in history]
        path = list(incident.route.path) if incident.route else []
        return {**summary(incident), "path": path, "alert_list": alerts, "timeline": timeline, "messages": slots, **prove(incident, slots, history)}

    @post("/incidents/{incident_id:str}/{verb:str}", status_code=200)
    async def act(incident_id: FromPath[str], verb: FromPath[str], data: JSONBody[Asked]) -> dict[str, Any]:
        event = event_of(verb, data, rules.current, clock.now())
        incident = await load(incident_id)
        plan = await engine.apply(incident.id, event)
        return {"reason": plan.reason.value, **summary(plan.next)}

    return [listing, show, act]


def _letter_routes(outbox: Outbox, quarantine: Quarantine, clock: Clock) -> list[Any]:
    async def find(letter_id: str) -> DeadLetter:
        letter = await quarantine.letter(letter_id) if letter_id.replace("-", "").isdigit() else None
        if letter is None:
            raise NotFoundException(f"no dead letter {letter_id}")
        return letter

    def brief(letter: DeadLetter) -> dict[str, Any]:
        return {
            "id": letter.id,
            "kind": letter.kind,
            "reason": letter.reason,
            "source": letter.source,
            "at": letter.at,
            "mid": letter.mid,
            "bytes": len(letter.raw),
        }

    @get("/deadletters")
    async def listing(limit: FromQuery[int] = 100) -> list[dict[str, Any]]:
        return [brief(letter) for letter in await quarantine.letters(max(1, min(limit, 1000)))]

    @get("/deadletters/{letter_id:str}")
    async def show(letter_id: FromPath[str]) -> dict[str, Any]:
        letter = await find(letter_id)
        return {**brief(letter), "raw": letter.raw.decode("utf-8", "backslashreplace")}

    @post("/deadletters/{letter_id:str}/{verb:str}", status_code=200)
    async def act(letter_id: FromPath[str], verb: FromPath[str]) -> dict[str, Any]:
        letter = await find(letter_id)
        if verb == "retry":
            if not letter.mid or not await outbox.revive(letter.mid, clock.now()):
                raise ClientException("only an undelivered notification can be sent again; this input must come again from its source")
        elif verb != "discard":
            raise ClientException(f"no verb {verb!r}: retry or discard")
        await quarantine.discard(letter.id)
        return {"id": letter.id, "done": verb}

    return [listing, show, act]


def _condition(condition: Condition | None) -> dict[str, str | None] | None:
    return {"kind": condition.kind.value, "by": condition.by, "until": _text(condition.until)} if condition else None


def _text(instant: datetime | None) -> str | None:
    return instant.isoformat(timespec="seconds") if instant else None


def _batched(ids: Sequence[IncidentId]) -> Iterator[Sequence[IncidentId]]:
    return (ids[first : first + TOGETHER] for first in range(0, len(ids), TOGETHER))
