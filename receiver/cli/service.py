"""The running service on this machine, as the commands ask it: how it is reached, and what is said where it does not answer or refuses."""

import sys
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from receiver.app.derived import local_api_token
from receiver.core.errors import ReceiverError
from receiver.settings import Settings

Work = Callable[[httpx.AsyncClient], Awaitable[int]]


class RefusedError(ReceiverError):
    """The service will not; the text says why, and what to do."""


async def ask(settings: Settings, work: Work, patience: float = 15) -> int:
    """Let `work` ask below `/api/v1` and say how it ended; 1 with a sentence when nobody answers within `patience` seconds, or the service refuses."""
    async with httpx.AsyncClient(base_url=base_of(settings), trust_env=False, timeout=patience, headers=headers_of(settings)) as http:
        try:
            return await work(http)
        except httpx.HTTPError as fault:
            said = away(settings, fault)
        except RefusedError as fault:
            said = str(fault)
    sys.stderr.write(f"{said}\n")
    return 1


def base_of(settings: Settings) -> str:
    """Where the API is."""
    return f"http://127.0.0.1:{settings.port}/api/v1"


def headers_of(settings: Settings) -> dict[str, str]:
    """What proves that this command may ask."""
    return {"Authorization": f"Bearer {local_api_token(settings)}"}


def away(settings: Settings, fault: httpx.HTTPError) -> str:
    """What to do when there was no answer."""
    if isinstance(fault, httpx.TimeoutException):
        return f"the service on port {settings.port} takes too long to answer: http://127.0.0.1:{settings.port}/readyz says what is wrong with it"
    return f"no service answers on port {settings.port} ({fault}): start `receiver serve`, or set RECEIVER_PORT"


def accepted(answer: httpx.Response) -> Any:
    """The JSON of a good answer; raises RefusedError."""
    port = answer.request.url.port
    try:
        found = answer.json()
    except ValueError:
        raise RefusedError(f"port {port} answers HTTP {answer.status_code}, but not as this service does: is RECEIVER_PORT right?") from None
    if answer.status_code < 400:
        return found
    raise RefusedError(refusal(answer.status_code, found, port))


def refusal(status: int, found: Any, port: int | None) -> str:
    """The sentence of a refusal: what is wrong with which field, where the service says so."""
    if status == 401:
        where = "RECEIVER_DATA_DIR, or RECEIVER_SECRET_KEY where that is set, and RECEIVER_API_TOKEN"
        return f"the service on port {port} does not accept this command's token: give the command the service's own settings ({where})"
    fields = found.get("extra") if isinstance(found, dict) else None
    if isinstance(fields, list) and fields:
        return "; ".join(f"{one.get('key', '')}: {one.get('message', '')}" for one in fields)
    return str(found.get("detail", f"HTTP {status}") if isinstance(found, dict) else f"HTTP {status}")
