"""What somebody who asks hears when a handler stumbles over something it does not expect. Used by `app.http`, for everything but webhooks."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException

from receiver.core.errors import CommitConflictError, StoreUnavailableError, UnknownIncidentError
from receiver.telemetry.logs import get_logger

AWAY = "the store is away, so this was not done, or nobody knows whether it was: look again when GET /readyz answers 200"
CONFLICT = "somebody else changed the same again and again, so this was not done: ask again"
BUG = "this is a fault of the service: its log has the details, at the time of this answer"
NO_SOURCE = "no source of the rules has this address: `receiver sources list` shows the address of each"
NOTHING = "nothing is at this address: people have /chat and /status, programs /api/v1, Alertmanager /webhooks/alertmanager"
log = get_logger(__name__)


def answer(request: Request[Any, Any, Any], fault: Exception) -> Response[dict[str, Any]]:
    """The answer to what no handler took upon itself; what nobody foresaw is in the log with its trace."""
    match fault:
        case StoreUnavailableError():
            status, detail = 503, AWAY
        case CommitConflictError():
            status, detail = 409, CONFLICT
        case UnknownIncidentError():
            status, detail = 404, f"no incident {fault}"
        case _:
            log.error("a request was not answered", method=request.method, path=request.url.path, exc_info=fault)
            status, detail = 500, BUG
    return Response({"status_code": status, "detail": detail}, status_code=status)


def missing(request: Request[Any, Any, Any], fault: HTTPException) -> Response[dict[str, Any]]:
    """The answer to an address that leads nowhere; a handler that knows what is missing says it itself."""
    is_known = fault.detail != HTTPStatus.NOT_FOUND.phrase
    detail = fault.detail if is_known else NO_SOURCE if request.url.path.startswith("/webhooks") else NOTHING
    return Response({"status_code": 404, "detail": detail}, status_code=404)


async def begun(lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same lines, the first of them read already: after it the status of a stream is said, and a fault can only cut it off."""
    first = await anext(lines, b"")

    async def rest() -> AsyncIterator[bytes]:
        yield first
        async for line in lines:
            yield line

    return rest()
