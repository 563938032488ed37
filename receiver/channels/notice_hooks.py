"""Customers' own webhooks: a question whether they want them, then every published word. Used by `workers.couriers` and `workers.subscriptions`.

The address was typed by a stranger, so it is never trusted: https only, public addresses only (`guarded`), no redirects, five seconds, and no
more of an answer is read than a challenge needs. Signed like every webhook of ours: `X-Receiver-Signature: t=SECONDS,v1=HEX`.
"""

import asyncio
import hashlib
import hmac

import httpx
import msgspec

from receiver.channels.guarded import GuardedTransport
from receiver.channels.notice_target import Evidence, Outcome
from receiver.channels.notice_webhook import judged
from receiver.clock import Clock
from receiver.core.subscriber import is_hook

BUDGET = 5.0
MOST_READ = 4096


class Hooks:
    """One pool of connections; `transport` is another one in tests only."""

    def __init__(self, clock: Clock, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._clock = clock
        self._http = httpx.AsyncClient(transport=transport or GuardedTransport(), trust_env=False, follow_redirects=False, timeout=BUDGET)

    async def post(self, url: str, body: object, secret: str, key: str) -> Outcome:
        """One word; the same `key` for every attempt at the same content."""
        outcome, _ = await self._post(url, body, secret, key)
        return outcome

    async def challenge(self, url: str, body: object, secret: str, challenge: str) -> Outcome:
        """OK only when the far end answers 2xx with the challenge we sent it, as text or as `{"challenge": …}`."""
        outcome, answer = await self._post(url, body, secret, challenge)
        if outcome.evidence is not Evidence.OK:
            return outcome
        return (
            outcome if hmac.compare_digest(_echo(answer), challenge.encode()) else Outcome(evidence=Evidence.REFUSED, reason="the challenge did not come back")
        )

    async def close(self) -> None:
        """Release connections."""
        await self._http.aclose()

    async def _post(self, url: str, body: object, secret: str, key: str) -> tuple[Outcome, bytes]:
        if not is_hook(url):
            return Outcome(evidence=Evidence.REFUSED, reason="not an https address"), b""
        content = msgspec.json.encode(body)
        at = int(self._clock.now().timestamp())
        proof = hmac.new(secret.encode(), f"{at}.".encode() + content, hashlib.sha256).hexdigest()
        headers = {"content-type": "application/json", "idempotency-key": key, "x-receiver-signature": f"t={at},v1={proof}", "user-agent": "incident-receiver"}
        try:
            async with asyncio.timeout(BUDGET), self._http.stream("POST", url, content=content, headers=headers) as answer:
                return judged(answer), await _beginning(answer)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as fault:
            return Outcome(evidence=Evidence.NOT_SENT, reason=f"no connection: {type(fault).__name__}"), b""
        except (httpx.HTTPError, TimeoutError) as fault:
            return Outcome(evidence=Evidence.UNKNOWN, reason=type(fault).__name__), b""


async def _beginning(answer: httpx.Response) -> bytes:
    read = b""
    async for part in answer.aiter_raw(MOST_READ):
        read += part
        if len(read) >= MOST_READ:
            break
    return read[:MOST_READ]


def _echo(answer: bytes) -> bytes:
    try:
        said = msgspec.json.decode(answer)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return answer.strip()
    found = said.get("challenge") if isinstance(said, dict) else said
    return str(found).encode("utf-8", "replace")
