"""`/api/v1/rules`: which rules are in force on which replica, reload on request, and the hook a git server calls after a push."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Protocol

from litestar import Request, Response, Router, get, post

from receiver.rules.origin import Outcome
from receiver.web.auth import bearer_guard, is_authorized

MOST_PUSH_BYTES = 4 * 1024 * 1024


class Keeper(Protocol):
    """What the routes need of the worker that keeps the rules."""

    async def reload(self) -> Outcome:
        """Load now and say what came of it."""
        ...

    def ask(self) -> None:
        """Load soon; returns at once."""
        ...

    async def describe(self) -> Mapping[str, Any]:
        """The rules in force, here and on every replica."""
        ...


def rules_routes(keeper: Keeper, token: str, push_secret: str | None) -> list[Any]:
    """Handlers under `/api/v1/rules`. `push_secret` is RECEIVER_SECRET_RULES_PUSH, which a git server proves to know."""

    @get("/")
    async def show() -> dict[str, Any]:
        return dict(await keeper.describe())

    @post("/reload")
    async def reload() -> Response[dict[str, Any]]:
        outcome = await keeper.reload()
        return Response(asdict(outcome), status_code=422 if outcome.faults else 200)

    @post("/api/v1/rules/push", request_max_body_size=MOST_PUSH_BYTES)
    async def push(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
        if not await _may_push(request, token, push_secret):
            return Response({"error": "unauthorized"}, status_code=401)
        keeper.ask()
        return Response({"accepted": True}, status_code=202)

    return [Router(path="/api/v1/rules", route_handlers=[show, reload], guards=[bearer_guard(token)]), push]


async def _may_push(request: Request[Any, Any, Any], token: str, secret: str | None) -> bool:
    """A bearer token of the API, GitLab's token, or the signature GitHub, Gitea and Forgejo put on the body; all compares take constant time."""
    if is_authorized(request.headers.get("authorization", "").encode(), token):
        return True
    if not secret:
        return False
    given = request.headers.get("x-gitlab-token")
    if given is not None:
        return hmac.compare_digest(hashlib.sha256(given.encode()).digest(), hashlib.sha256(secret.encode()).digest())
    signature = request.headers.get("x-hub-signature-256")
    if signature is None:
        return False
    expected = "sha256=" + hmac.new(secret.encode(), await request.body(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(signature.encode(), expected.encode())
