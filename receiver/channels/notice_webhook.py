"""Notices to any page by a signed webhook: the public notice as JSON, the same `Idempotency-Key` for the same content. Used by `workers.publisher`.

The signature is over time and body, so that a body that was seen cannot be sent again later: `X-Receiver-Signature: t=SECONDS,v1=HEX`, where
HEX is the HMAC-SHA256 of `SECONDS.BODY` with the secret the rules name.
"""

import hashlib
import hmac
from collections.abc import Callable
from datetime import timedelta

import httpx
import msgspec

from receiver.channels.guarded import FORBIDDEN, GuardedTransport
from receiver.channels.notice_target import Evidence, Outcome, Publication, Report
from receiver.channels.webhook import PRIVATE
from receiver.clock import Clock

BUDGET = 10.0
_GONE = 410


class WebhookTarget:
    """`secret_of` answers the value of a secret by its name in the rules, or None. No redirects, no proxy from the environment, and only
    addresses of the open internet, unless the channel says `allow_private`.
    """

    def __init__(self, secret_of: Callable[[str], str | None], clock: Clock) -> None:
        self._secret_of, self._clock = secret_of, clock
        self._public = httpx.AsyncClient(transport=GuardedTransport(), trust_env=False, follow_redirects=False, timeout=BUDGET)
        self._private = httpx.AsyncClient(transport=GuardedTransport(allow_private=True), trust_env=False, follow_redirects=False, timeout=BUDGET)

    async def post(self, publication: Publication) -> Report:
        """One POST; a far end that knows the key has it already."""
        body = msgspec.json.encode({"page": dict(publication.page.names), "update": publication.update, "notice": publication.notice})
        headers = {"content-type": "application/json", "idempotency-key": publication.key, **self._signature(publication, body)}
        address = publication.channel.address
        http = self._private if address.get(PRIVATE) else self._public
        return Report(outcome=await answered(lambda: http.post(address["url"], content=body, headers=headers)), said=body.decode())

    async def head(self, publication: Publication) -> Report:
        """Every word carries the whole notice."""
        return Report(outcome=Outcome(evidence=Evidence.OK))

    async def drift(self, publication: Publication) -> str | None:
        """Nothing can be read back."""
        return None

    async def close(self) -> None:
        """Release connections."""
        await self._public.aclose()
        await self._private.aclose()

    def _signature(self, publication: Publication, body: bytes) -> dict[str, str]:
        secret = self._secret_of(publication.channel.secret) if publication.channel.secret else None
        if not secret:
            return {}
        at = int(self._clock.now().timestamp())
        tag = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        return {"x-receiver-signature": f"t={at},v1={tag}"}


async def answered(request: "Callable[[], object]") -> Outcome:
    """Send, and name what the wire proved."""
    try:
        answer = await request()  # type: ignore[misc]  # httpx' coroutine
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as fault:
        if FORBIDDEN in str(fault):
            return Outcome(evidence=Evidence.REFUSED, reason=f"{fault}; `allow_private: true` permits it")
        return Outcome(evidence=Evidence.NOT_SENT, reason=f"no connection: {type(fault).__name__}")
    except httpx.HTTPError as fault:
        return Outcome(evidence=Evidence.UNKNOWN, reason=type(fault).__name__)
    return judged(answer)


def judged(answer: httpx.Response) -> Outcome:
    """What an HTTP status means; 420 and 429 ask for patience."""
    status = answer.status_code
    if status < 300:
        return Outcome(evidence=Evidence.OK)
    if status in (420, 429):
        after = answer.headers.get("retry-after", "")
        return Outcome(evidence=Evidence.THROTTLED, reason=f"HTTP {status}", retry_after=timedelta(seconds=int(after)) if after.isdigit() else None)
    if status == _GONE:
        return Outcome(evidence=Evidence.DEAD, reason="410: the far end does not want this any more")
    if status < 400:
        return Outcome(evidence=Evidence.REFUSED, reason=f"{status}: redirects are not followed")
    if status < 500:
        return Outcome(evidence=Evidence.REFUSED, reason=str(status))
    return Outcome(evidence=Evidence.UNKNOWN, reason=f"HTTP {status}")
