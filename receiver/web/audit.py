"""The audit log over HTTP, and the one place that notes what programs and the command line change. Called by `app.http`."""

import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict
from typing import Any

import msgspec
from litestar import Router, get
from litestar.params import FromQuery
from litestar.response import Stream
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from receiver.clock import Clock
from receiver.core.errors import CommitConflictError, StoreUnavailableError
from receiver.core.token import Token
from receiver.store.audit import Audit, Deed
from receiver.telemetry.logs import get_logger
from receiver.web.auth import HOLDER, bearer_guard
from receiver.web.faults import begun

API = "/api/v1/"
ASKING = frozenset({"/api/v1/rules/explain"})  # posts that change nothing
MOST_BODY = 4096
UNAUTHORIZED = 401
log = get_logger(__name__)


def audit_routes(audit: Audit, token: str) -> Router:
    """`GET /api/v1/audit`: newest first; `/audit/export`: every line with its link, oldest first; `/audit/verify`: whether all of them hold."""

    @get("/audit")
    async def listing(limit: FromQuery[int] = 100) -> list[dict[str, Any]]:
        found = await audit.deeds(max(1, min(limit, 10_000)))
        return [{**asdict(deed), "at": deed.at.isoformat(timespec="seconds")} for deed in found]

    @get("/audit/export", media_type="application/x-ndjson")
    async def export() -> Stream:
        async def written() -> AsyncIterator[bytes]:
            async for line in audit.lines():
                yield msgspec.json.encode({"entry": line.entry.decode(), "link": line.link}) + b"\n"

        return Stream(await begun(written()))

    @get("/audit/verify")
    async def verify() -> dict[str, Any]:
        count, broken = await audit.broken()
        return {
            "lines": count,
            "is_whole": broken is None,
            "result": "every line follows from the one before" if broken is None else f"line {broken} is not as it was written",
        }

    return Router(path="/api/v1", route_handlers=[listing, export, verify], guards=[bearer_guard(token)])


def audited(rest: ASGIApp, audit: Audit, clock: Clock) -> ASGIApp:
    """The same application; whatever it was asked to change under `/api/v1` is noted with who asked and what came of it."""

    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope.get("path", ""))
        if scope.get("method", "GET") == "GET" or not path.startswith(API) or path in ASKING:
            await rest(scope, receive, send)
            return
        heard, said = _Part(), _Part()
        status = 0
        first: list[Any] = [await receive()]  # who asks stands there, and a handler that refuses need not read it
        heard.take(first[0])

        async def hear() -> Any:
            if first:
                return first.pop()
            message = await receive()
            heard.take(message)
            return message

        async def say(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                said.take(message)
            await send(message)

        await rest(scope, hear, say)
        holder = scope.get(HOLDER)
        by = f"token:{holder.name}" if isinstance(holder, Token) else heard.read("by")
        await _note(audit, clock, scope, path, status, by, said.read("reason", "done", "detail"))

    return front


async def _note(audit: Audit, clock: Clock, scope: Scope, path: str, status: int, by: str, reason: str) -> None:
    words = path.removeprefix(API).strip("/").split("/")
    peer = (scope.get("client") or ("", 0))[0]
    refused = status == UNAUTHORIZED
    actor = f"unknown:{peer}" if refused else by or "api"
    deed = Deed(
        at=clock.now(),
        actor=actor[:80],
        via="cli" if actor.startswith("cli:") else "api",
        verb=words[-1][:40],
        target="/".join(words[:-1])[:80],
        result="refused" if refused else reason[:120] or f"HTTP {status}",
    )
    # Guessing at tokens is noted once a minute and place: nobody may fill the log by it.
    identity = f"refused:{peer}:{path[:80]}:{deed.at:%Y%m%d%H%M}" if refused else secrets.token_hex(8)
    try:
        await audit.note(identity, deed)
    except (StoreUnavailableError, CommitConflictError) as fault:
        log.warning("an action is not in the audit log", actor=deed.actor, verb=deed.verb, target=deed.target, result=deed.result, error=str(fault))


class _Part:
    """The beginning of a body as it passes by."""

    def __init__(self) -> None:
        self._raw = b""

    def take(self, message: Mapping[str, Any]) -> None:
        if len(self._raw) <= MOST_BODY:
            self._raw += message.get("body", b"")

    def read(self, *names: str) -> str:
        """The first of these fields that is a text; empty when none is, or the body is no small JSON object."""
        try:
            found = msgspec.json.decode(self._raw[: MOST_BODY + 1])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return ""
        values = (found.get(name) for name in names) if isinstance(found, dict) else ()
        return next((value for value in values if isinstance(value, str)), "")
