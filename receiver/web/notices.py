"""`/api/v1/notices`: what the support chat can do, for the CLI, the operator's page and programs. Every change is an event to the notice engine.

A program's token is no person: it may draft and be the first to agree, never the one that completes a pair. The CLI of this machine acts as
`cli:USER` and counts as a person with every role, for whoever can call it can do anything here anyway.
"""

from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

from litestar import Request, Router, get, post
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromPath, FromQuery, JSONBody
from pydantic import BaseModel, Field

from receiver.core.errors import CommitConflictError, NoticesOffError, UnknownNoticeError
from receiver.core.incident import IncidentId
from receiver.core.notice import Impact, NoticeId
from receiver.core.notice_approval import look, need
from receiver.core.notice_event import (
    Actor,
    Approved,
    BrokeGlass,
    Corrected,
    Dismissed,
    Edited,
    Judged,
    NoticeEvent,
    Proposed,
    Retracted,
    Stopped,
    Ticked,
    Turned,
)
from receiver.core.notice_plan import NoticePlan
from receiver.core.notice_public import project
from receiver.core.notice_record import Dismissal, Notice
from receiver.core.notice_text import KEYS
from receiver.core.token import Scope, Token
from receiver.notice_engine import NoticeEngine
from receiver.store.notice_desk import NoticeDesk
from receiver.store.outward import Outward
from receiver.web.auth import HOLDER, bearer_guard

EVERY_ROLE = frozenset({"viewer", "responder", "support", "comms_lead", "admin"})


class Act(BaseModel):
    """One change; each verb reads what it needs."""

    by: str = Field(default="api", max_length=64)
    revision: str = Field(default="", max_length=64)
    language: str = Field(default="", max_length=2)
    title: str | None = Field(default=None, max_length=500)
    body: str | None = Field(default=None, max_length=10_000)
    text: str = Field(default="", max_length=40)
    why: str = Field(default="", max_length=500)
    impact: Impact | None = None
    channels: list[str] | None = None
    minutes: int | None = Field(default=None, ge=1, le=10_080)
    incident: str = Field(default="", max_length=40)
    into: str = Field(default="", max_length=40)
    delivery: str = Field(default="", max_length=120)
    again: bool = False


class New(BaseModel):
    """A notice begun by hand."""

    by: str = Field(default="api", max_length=64)
    components: list[str] = Field(min_length=1, max_length=50)
    text: str = "holding"
    impact: Impact | None = None


def notices_router(engine: NoticeEngine, desk: NoticeDesk, outward: Outward, token: str) -> Router:
    """All handlers under `/api/v1/notices`."""
    return Router(path="/api/v1/notices", route_handlers=[*_reading(engine, desk), _sent(desk, outward), *_writing(engine, desk)], guards=[bearer_guard(token)])


def brief(notice: Notice) -> dict[str, Any]:
    """One notice in a list; instants as RFC 3339 in UTC."""
    return {
        "id": notice.id,
        "stage": notice.stage.value,
        "phase": notice.phase.value if notice.phase else None,
        "components": list(notice.components),
        "impact": (notice.draft.impact if notice.draft and not notice.phase else notice.worst).value,
        "started_at": notice.started_at.isoformat(timespec="seconds"),
        "next_update_at": notice.next_update_at.isoformat(timespec="seconds") if notice.next_update_at else None,
        "draft": notice.draft.revision[:12] if notice.draft else None,
        "suggestion": notice.suggestion.value,
        "firing": notice.firing,
        "waits_for": notice.waits_for,
        "updates": len(notice.updates),
    }


def _sent(desk: NoticeDesk, outward: Outward) -> Any:
    @get("/{notice_id:str}/sent")
    async def sent(notice_id: FromPath[str]) -> list[dict[str, Any]]:
        """What exactly was handed over, where, when, and how that went."""
        notice = await _load(desk, notice_id)
        return [{**asdict(one), "at": one.at.isoformat(timespec="seconds")} for one in await outward.of(notice.id)]

    return sent


def _reading(engine: NoticeEngine, desk: NoticeDesk) -> list[Any]:
    @get("/")
    async def listing(limit: FromQuery[int] = 100) -> list[dict[str, Any]]:
        return [brief(notice) for notice in await desk.recent(max(1, min(limit, 1000)))]

    @get("/{notice_id:str}")
    async def show(notice_id: FromPath[str]) -> dict[str, Any]:
        return await _whole(engine, await _load(desk, notice_id))

    return [listing, show]


def _writing(engine: NoticeEngine, desk: NoticeDesk) -> list[Any]:
    @post("/", status_code=201)
    async def draft(request: Request[Any, Any, Any], data: JSONBody[New]) -> dict[str, Any]:
        components = _rules(engine).components
        if unknown := [name for name in data.components if name not in components]:
            raise ClientException(f"no component {unknown[0]!r} in notices.yaml: {', '.join(components)}")
        if data.text not in KEYS:
            raise ClientException(f"no text {data.text!r}: {', '.join(KEYS)}")
        try:
            notice = await engine.open_by_hand(data.components, data.text, data.impact)
        except CommitConflictError as fault:
            raise ClientException(str(fault)) from None
        actor = _actor(request, data.by)
        plan = await engine.apply(notice.id, Proposed(actor=actor, key=data.text))
        if data.impact:
            plan = await engine.apply(notice.id, Turned(actor=actor, impact=data.impact))
        return await _whole(engine, plan.next)

    @post("/{notice_id:str}/{verb:str}", status_code=200)
    async def act(request: Request[Any, Any, Any], notice_id: FromPath[str], verb: FromPath[str], data: JSONBody[Act]) -> dict[str, Any]:
        notice, actor = await _load(desk, notice_id), _actor(request, data.by)
        plan = await _act(engine, notice, verb, data, actor)
        return {"reason": plan.reason.value, "remarks": [asdict(r) for r in plan.remarks], **await _whole(engine, plan.next)}

    return [draft, act]


async def _act(engine: NoticeEngine, notice: Notice, verb: str, data: Act, actor: Actor) -> NoticePlan:
    try:
        if verb == "merge":
            return await engine.merge(notice.id, NoticeId(data.into), actor)
        if verb == "split":
            return await engine.split(notice.id, IncidentId(data.incident), actor)
        made = _EVENTS.get(verb)
        if made is None:
            raise ClientException(f"no verb {verb!r}: {', '.join([*_EVENTS, 'merge', 'split'])}")
        return await engine.apply(notice.id, made(data, actor))
    except UnknownNoticeError as fault:
        raise NotFoundException(f"no notice {fault}") from None
    except (CommitConflictError, NoticesOffError) as fault:
        raise ClientException(str(fault)) from None


_EVENTS: dict[str, Callable[[Act, Actor], NoticeEvent]] = {
    "propose": lambda data, actor: Proposed(actor=actor, key=data.text, reason=data.why, next_in=_span(data)),
    "edit": lambda data, actor: Edited(actor=actor, language=data.language, title=data.title, body=data.body, revision=data.revision),
    "correct": lambda data, actor: Corrected(actor=actor, language=data.language, title=data.title, body=data.body),
    "turn": lambda data, actor: Turned(
        actor=actor, impact=data.impact, channels=tuple(data.channels) if data.channels is not None else None, next_in=_span(data)
    ),
    "tick": lambda data, actor: Ticked(actor=actor, revision=data.revision),
    "approve": lambda data, actor: Approved(actor=actor, revision=data.revision),
    "glass": lambda data, actor: BrokeGlass(actor=actor, revision=data.revision, why=data.why),
    "stop": lambda _, actor: Stopped(actor=actor),
    "dismiss": lambda data, actor: Dismissed(actor=actor, why=Dismissal(data.why) if data.why in set(Dismissal) else None),
    "retract": lambda data, actor: Retracted(actor=actor, why=data.why),
    "judge": lambda data, actor: Judged(actor=actor, delivery=data.delivery, again=data.again),
}


def _span(data: Act) -> timedelta | None:
    return timedelta(minutes=data.minutes) if data.minutes else None


async def _whole(engine: NoticeEngine, notice: Notice) -> dict[str, Any]:
    """Everything the support team sees of it, what the lint says included."""
    world = await engine.world(notice)
    remarks = look(notice.draft, world) if notice.draft else ()
    wanted = need(notice, notice.draft, world, remarks) if notice.draft else None
    return {
        **brief(notice),
        "incidents": list(notice.incidents),
        "revision": notice.draft.revision if notice.draft else None,
        "texts": {language: asdict(text) for language, text in notice.draft.texts.items()} if notice.draft else {},
        "stale": list(notice.draft.stale) if notice.draft else [],
        "checks": [{"finding": r.finding.value, "language": r.language, "word": r.word, "blocks": r.is_block} for r in remarks],
        "approvals": [{"by": a.by, "at": a.at.isoformat()} for a in notice.draft.approvals] if notice.draft else [],
        "needed": asdict(wanted) if wanted else None,
        "publish_at": notice.draft.publish_at.isoformat() if notice.draft and notice.draft.publish_at else None,
        "deliveries": {key: {"state": d.state.value, "reason": d.reason, "sent": d.sent, "total": d.total} for key, d in notice.deliveries.items() if d.update},
        "earlier": list(notice.earlier),
        "public": project(notice),
    }


def _rules(engine: NoticeEngine) -> Any:
    try:
        return engine.rules
    except NoticesOffError as fault:
        raise ClientException(str(fault)) from None


async def _load(desk: NoticeDesk, notice_id: str) -> Notice:
    try:
        return await desk.load(notice_id.upper())
    except UnknownNoticeError:
        raise NotFoundException(f"no notice {notice_id}") from None


def _actor(request: Request[Any, Any, Any], by: str) -> Actor:
    """`cli:USER` is believed from this machine only, and not through a proxy; who holds a token is who the token says."""
    holder = request.scope.get(HOLDER)
    if isinstance(holder, Token):
        may_publish = Scope.NOTICE_PUBLISH in holder.scopes
        return Actor(id=f"token:{holder.name}", name=holder.name, roles=frozenset({"support"}), is_person=False, may_publish=may_publish)
    if by.startswith("cli:") and _is_here(request):
        return Actor(id=by, name=by, roles=EVERY_ROLE)
    return Actor(id=f"api:{by}", name=by, roles=frozenset({"support"}), is_person=False)


def _is_here(request: Request[Any, Any, Any]) -> bool:
    peer = request.client.host if request.client else ""
    try:
        return ip_address(peer).is_loopback and "x-forwarded-for" not in request.headers and "forwarded" not in request.headers
    except ValueError:
        return False
