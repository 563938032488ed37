"""One request to the Bot API and what the wire proved about it. Used by `channels.telegram`.

python-telegram-bot gives the methods, types and errors; the request class is ours, because only a trace of the socket can tell "never
sent" from "perhaps performed". Error texts are the Bot API server's (github.com/tdlib/telegram-bot-api, read in source).
"""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.request import BaseRequest, RequestData

from receiver.channels.base import NOT_MODIFIED, Evidence, Outcome
from receiver.trust import load_trust

BUDGET = 12.0
CONNECT = 5.0
# What the library raises for an answer that is JSON and yet no answer, such as a proxy's.
UNREADABLE = (AttributeError, KeyError, TypeError, ValueError)
os.environ.setdefault("PTB_TIMEDELTA", "1")  # the library warns at every 429 that its seconds will become timedeltas; take those now
_DEAD = re.compile(
    r"chat not found|user is deactivated|bot was (blocked|kicked)|bot is not a member|have no rights|not enough rights|CHAT_WRITE_FORBIDDEN", re.I
)
_GONE = re.compile(r"message to (edit|be edited) not found|message can't be edited|MESSAGE_ID_INVALID", re.I)


@dataclass(slots=True)
class _Wire:
    """What happened on the socket during one request."""

    is_body_sent: bool = False
    status: int = 0


_wire: ContextVar[_Wire] = ContextVar("_wire")


class TracedRequest(BaseRequest):
    """httpx with a trace of whether the request body was completely written."""

    def __init__(self, proxy: str | None) -> None:
        limits = httpx.Limits(max_connections=20, keepalive_expiry=30)
        self._http = httpx.AsyncClient(verify=load_trust(), trust_env=False, proxy=proxy, limits=limits)

    @property
    def read_timeout(self) -> float:
        """Seconds the library adds to a long poll's own."""
        return BUDGET

    async def initialize(self) -> None:
        """Nothing to do: connections open when needed."""

    async def shutdown(self) -> None:
        """Close connections."""
        await self._http.aclose()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = None,
        write_timeout: Any = None,
        connect_timeout: Any = None,
        pool_timeout: Any = None,
    ) -> tuple[int, bytes]:
        """One request; what its socket did is noted for `classified`. Raises what httpx raises."""
        wire = _wire.get(_Wire())

        async def trace(event: str, _: dict[str, Any]) -> None:
            if event.endswith("send_request_body.complete"):
                wire.is_body_sent = True

        read = read_timeout if isinstance(read_timeout, int | float) else BUDGET
        timeout = httpx.Timeout(BUDGET, connect=CONNECT, read=read, pool=CONNECT)
        data = request_data.json_parameters if request_data else None
        files = request_data.multipart_data if request_data and request_data.contains_files else None
        answer = await self._http.request(method, url, data=data, files=files, timeout=timeout, extensions={"trace": trace}, follow_redirects=False)
        wire.status = answer.status_code
        return answer.status_code, answer.content


async def classified(call: Callable[[], Awaitable[str]], budget: float) -> Outcome:
    """Run one request and name what the wire proved; over after `budget` seconds."""
    wire = _Wire()
    _wire.set(wire)
    try:
        async with asyncio.timeout(budget):
            return Outcome(evidence=Evidence.OK, ref=await call())
    except TimeoutError:
        return Outcome(evidence=Evidence.UNKNOWN if wire.is_body_sent else Evidence.NOT_SENT, reason="timed out")
    except TelegramError as fault:
        return _named(fault, wire)
    except UNREADABLE as fault:
        evidence = Evidence.THROTTLED if wire.status == 429 else Evidence.UNKNOWN
        return Outcome(evidence=evidence, reason=f"unreadable answer, HTTP {wire.status}: {scrub(repr(fault))}")


def _named(fault: TelegramError, wire: _Wire) -> Outcome:
    reason = scrub(str(fault))
    match fault:
        case RetryAfter():
            after = fault.retry_after
            return Outcome(evidence=Evidence.THROTTLED, reason=reason, retry_after=after if isinstance(after, timedelta) else timedelta(seconds=after))
        case ChatMigrated():
            return Outcome(evidence=Evidence.MOVED, ref=str(fault.new_chat_id), reason=reason)
        case _ if wire.status == 429:
            return Outcome(evidence=Evidence.THROTTLED, reason=reason)
        case Forbidden():
            return Outcome(evidence=Evidence.DEAD, reason=reason)
        case InvalidToken():
            return Outcome(evidence=Evidence.DOWN, reason="token or address of the Bot API is wrong")
        case BadRequest():
            return _bad_request(reason)
        case NetworkError():
            return Outcome(evidence=Evidence.UNKNOWN if wire.is_body_sent else Evidence.NOT_SENT, reason=reason)
        case _:
            return Outcome(evidence=Evidence.UNKNOWN, reason=reason)


def _bad_request(reason: str) -> Outcome:
    if "message is not modified" in reason.lower():
        return Outcome(evidence=Evidence.OK, reason=NOT_MODIFIED)
    if _GONE.search(reason):
        return Outcome(evidence=Evidence.UNEDITABLE, reason=reason)
    if _DEAD.search(reason):
        return Outcome(evidence=Evidence.DEAD, reason=reason)
    return Outcome(evidence=Evidence.REFUSED, reason=reason)


def scrub(text: str) -> str:
    """Without what looks like a token. The library's errors may quote the token."""
    return re.sub(r"\d{6,}:[A-Za-z0-9_-]{20,}", "***", text)[:300]
