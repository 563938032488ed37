"""One POST and what the socket proved about it. Used by the channels that speak HTTP themselves: `pagerduty` and `webhook`."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from receiver.channels.base import Evidence, Outcome

BUDGET = 12.0  # seconds for a whole attempt, well within a slot's lease
CONNECT = 5.0
_MOST_READ = 2_000
_GONE = frozenset((401, 403, 404, 410))


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back; `status` is 0 when nothing did, and then `fault` says why."""

    status: int = 0
    text: str = ""
    retry_after: timedelta | None = None
    is_body_sent: bool = False
    fault: str = ""


async def post(http: httpx.AsyncClient, url: str, content: bytes, headers: Mapping[str, str], *, budget: float = BUDGET) -> Answer:
    """One request, over after `budget` seconds; never raises for anything the wire did."""
    is_body_sent = False

    async def trace(event: str, _: dict[str, Any]) -> None:
        nonlocal is_body_sent
        is_body_sent = is_body_sent or event.endswith("send_request_body.complete")

    fault = "timed out"
    try:
        async with asyncio.timeout(budget):
            timeout = httpx.Timeout(budget, connect=min(CONNECT, budget))
            request = http.build_request("POST", url, content=content, headers=headers, timeout=timeout, extensions={"trace": trace})
            answer = await http.send(request, stream=True, follow_redirects=False)
            try:
                text = await _read(answer)
            finally:
                await answer.aclose()
            return Answer(status=answer.status_code, text=text, retry_after=_retry_after(answer.headers), is_body_sent=True)
    except TimeoutError:
        pass
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        fault = f"{type(error).__name__}: {error}".rstrip(": ")
    return Answer(is_body_sent=is_body_sent, fault=fault)


async def _read(answer: httpx.Response) -> str:
    """The beginning of what they say; nobody may make us read for ever."""
    body = bytearray()
    async for part in answer.aiter_bytes():
        body += part
        if len(body) >= _MOST_READ:
            break
    return bytes(body[:_MOST_READ]).decode("utf-8", "replace")


def outcome_of(answer: Answer, ref: str, hidden: Collection[str] = ()) -> Outcome:
    """The usual reading of HTTP; `hidden` never appears in the reason."""
    evidence = _evidence(answer)
    if evidence is Evidence.OK:
        return Outcome(evidence=evidence, ref=ref)
    said = answer.fault or f"HTTP {answer.status} {answer.text}"
    return Outcome(evidence=evidence, reason=clean(said, hidden), retry_after=answer.retry_after)


def _evidence(answer: Answer) -> Evidence:
    status = answer.status
    if not status:
        return Evidence.UNKNOWN if answer.is_body_sent else Evidence.NOT_SENT
    if 200 <= status < 300:
        return Evidence.OK
    if status == 429:
        return Evidence.THROTTLED
    if status >= 500 or status in (408, 425):
        return Evidence.UNKNOWN
    if 300 <= status < 400 or status in _GONE:
        return Evidence.DEAD  # no redirect is followed: whoever moves must be written down at the new address
    return Evidence.REFUSED if status >= 400 else Evidence.UNKNOWN


def clean(text: str, hidden: Collection[str] = ()) -> str:
    """One line for people and logs, without anything secret."""
    for secret in hidden:
        text = text.replace(secret, "***") if secret else text
    return " ".join(text.split())[:300]


def _retry_after(headers: httpx.Headers) -> timedelta | None:
    """Seconds, or a date as HTTP writes it, measured against the same answer's `Date`."""
    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return timedelta(seconds=min(int(said), 86_400))
    try:
        until, now = (_aware(parsedate_to_datetime(text)) for text in (said, headers.get("date", "")))
    except (TypeError, ValueError):
        return None
    return min(max(until - now, timedelta(0)), timedelta(days=1))


def _aware(instant: datetime) -> datetime:
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
