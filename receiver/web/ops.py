"""`/healthz` `/readyz` `/metrics` and Telegram's webhook: what machines ask of the process."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from litestar import Request, Response, get, post

from receiver.core.errors import StoreUnavailableError
from receiver.store.intake import Intake
from receiver.telemetry import metrics

MOST_UPDATE_BYTES = 256 * 1024


def ops_routes(faults: Callable[[], tuple[str, ...]], degraded: Callable[[], tuple[str, ...]], refresh: Callable[[], Awaitable[None]]) -> list[Any]:
    """Health, readiness and metrics. `faults` empty means that traffic may come; `degraded` says what somebody should look at."""

    @get("/healthz", sync_to_thread=False)
    def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @get("/readyz", sync_to_thread=False)
    def readyz() -> Response[dict[str, Any]]:
        found = faults()
        return Response({"ready": not found, "faults": list(found), "degraded": list(degraded())}, status_code=503 if found else 200)

    @get("/metrics", media_type="text/plain; version=0.0.4; charset=utf-8")
    async def exposition() -> bytes:
        await refresh()
        return metrics.exposition()

    return [healthz, readyz, exposition]


def telegram_route(intake: Intake, secret: str) -> Any:
    """`POST /telegram/webhook`: the secret header is compared in constant time before the body is looked at."""
    expected = hashlib.sha256(secret.encode()).digest()

    @post("/telegram/webhook", status_code=200, request_max_body_size=MOST_UPDATE_BYTES)
    async def telegram(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
        given = request.headers.get("x-telegram-bot-api-secret-token", "")
        if not hmac.compare_digest(hashlib.sha256(given.encode()).digest(), expected):
            return Response({"error": "unauthorized"}, status_code=401)
        try:
            update = msgspec.json.decode(await request.body(), type=dict[str, Any])
            update_id = int(update["update_id"])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError, ValueError, OverflowError):
            return Response({"error": "not an update"}, status_code=400)
        try:
            await intake.receive(update_id, {k: v for k, v in update.items() if k != "via"})
        except StoreUnavailableError:
            return Response({"error": "store_unavailable"}, status_code=503)
        return Response({"ok": True}, status_code=200)

    return telegram
