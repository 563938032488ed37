"""Programs' own tokens: who holds one, what it may do, and how fast somebody may guess. In front of everything under `/api/v1`; built by `app.http`.

RECEIVER_API_TOKEN may do everything and makes the others. What a token may not is refused here, before any handler; who holds it goes
with the request, so that no program can act under a person's name.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from litestar import Router, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, JSONBody
from litestar.types import ASGIApp, Receive, Scope, Send
from pydantic import BaseModel, Field

from receiver.clock import Clock
from receiver.core.errors import StoreUnavailableError
from receiver.core.token import PREFIX, Token
from receiver.core.token import Scope as May
from receiver.store.tokens import Tokens
from receiver.web.auth import HOLDER, bearer_guard

API = "/api/v1/"
MOST_GUESSES, GUESSES_WITHIN = 30, timedelta(minutes=1)
MOST_NETWORKS = 10_000
_DRAFTING = frozenset({"propose", "edit", "turn", "correct", "dismiss", "merge", "split"})
_PUBLISHING = frozenset({"glass", "stop", "retract", "judge"})


class NewToken(BaseModel):
    """What is asked for."""

    by: str = Field(default="api", max_length=64)
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,39}$")
    scopes: list[May] = Field(min_length=1)
    days: int = Field(default=90, ge=1, le=366)


def tokens_router(tokens: Tokens, clock: Clock, root: str) -> Router:
    """`/api/v1/tokens`, for RECEIVER_API_TOKEN alone."""

    @get("/")
    async def listing() -> list[dict[str, Any]]:
        return [shown(one, clock.now()) for one in await tokens.all()]

    @post("/")
    async def create(data: JSONBody[NewToken]) -> dict[str, Any]:
        text = await tokens.add(data.name, data.scopes, timedelta(days=data.days), data.by, clock.now())
        return {"name": data.name, "token": text, "done": f"created {data.name}"}

    @post("/{name:str}/revoke", status_code=200)
    async def revoke(name: FromPath[str]) -> dict[str, Any]:
        if not await tokens.remove(name):
            raise NotFoundException(f"no token {name}")
        return {"name": name, "done": "revoked"}

    return Router(path="/api/v1/tokens", route_handlers=[listing, create, revoke], guards=[bearer_guard(root)])


def shown(one: Token, now: datetime) -> dict[str, Any]:
    """One token without anything of its secret."""
    return {
        "name": one.name,
        "scopes": sorted(one.scopes),
        "by": one.by,
        "created_at": one.created_at.isoformat(timespec="seconds"),
        "expires_at": one.expires_at.isoformat(timespec="seconds"),
        "last_used_at": one.last_used_at.isoformat(timespec="seconds") if one.last_used_at else None,
        "is_over": one.expires_at <= now,
    }


def needed(method: str, path: str) -> May | None:
    """What a token must be for; none for what no token may."""
    words = path.removeprefix(API).strip("/").split("/")
    if words[0] in ("tokens", "people", "audit"):
        return None
    if method in ("GET", "HEAD") or words == ["rules", "explain"]:
        return May.READ
    if words[0] == "incidents" and len(words) == 3:
        return May.INCIDENT_ACT
    if words == ["bounces"]:
        return May.BOUNCE
    return _of_notices(words) if words[0] == "notices" else None


def _of_notices(words: list[str]) -> May | None:
    verb = words[2] if len(words) == 3 else ""
    if words == ["notices"] or verb in _DRAFTING:
        return May.NOTICE_DRAFT
    if verb in ("approve", "tick"):
        return May.NOTICE_APPROVE
    return May.NOTICE_PUBLISH if verb in _PUBLISHING else None


class Guesses:
    """Refusals of one network within the minute, in this process. `network_of` names the network of an ASGI scope."""

    def __init__(self, clock: Clock, network_of: Callable[[Scope], str]) -> None:
        self._clock, self._network_of = clock, network_of
        self._counts: dict[str, int] = {}
        self._since = clock.now()

    def is_too_many(self, scope: Scope) -> bool:
        """True while this network has been refused too often."""
        now = self._clock.now()
        if now - self._since >= GUESSES_WITHIN or len(self._counts) > MOST_NETWORKS:
            self._counts, self._since = {}, now
        return self._counts.get(self._network_of(scope), 0) >= MOST_GUESSES

    def note(self, scope: Scope) -> None:
        """One more refusal."""
        network = self._network_of(scope)
        self._counts[network] = self._counts.get(network, 0) + 1


def tokened(rest: ASGIApp, tokens: Tokens, guesses: Guesses, clock: Clock) -> ASGIApp:
    """The same application; a token is looked at first, and whoever only guesses is told to wait.

    What is right is never refused because somebody of the same network guesses: every token, link and signature is compared first.
    """

    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope.get("path", ""))
        if not (path.startswith(API) or path == "/chat/login"):
            await rest(scope, receive, send)
            return
        is_stopped = False

        async def say(message: Any) -> None:
            nonlocal is_stopped
            if message["type"] == "http.response.start" and message["status"] == 401:
                is_stopped = guesses.is_too_many(scope)
                guesses.note(scope)
                if is_stopped:
                    await _refuse(send, 429, "too many refused attempts, wait a minute")
            if not is_stopped:
                await send(message)

        text = _bearer(scope)
        fault = await _look(scope, tokens, clock, path, text) if text.startswith(f"{PREFIX}_") else None
        await (_refuse(say, *fault) if fault else rest(scope, receive, say))

    return front


async def _look(scope: Scope, tokens: Tokens, clock: Clock, path: str, text: str) -> tuple[int, str] | None:
    """Why this token may not do this; none when it may, and then its holder goes with the request."""
    try:
        holder = await tokens.holder(text, clock.now())
    except StoreUnavailableError:
        return 503, "the store is away"
    wanted = needed(str(scope.get("method", "")), path)
    if holder is None:
        return 401, "this token is not known, over or revoked"
    if wanted not in holder.scopes:
        return 403, f"this token may not: it needs {wanted}" if wanted else "no token may do this"
    scope[HOLDER] = holder  # type: ignore[literal-required]  # beside what ASGI defines
    return None


def _bearer(scope: Scope) -> str:
    given = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
    scheme, _, text = given.partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


async def _refuse(send: Send, status: int, detail: str) -> None:
    body = json.dumps({"status_code": status, "detail": detail}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers += [(b"retry-after", b"60")] if status == 429 else []
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
