"""`POST /api/v1/bounces`: a letter to a subscriber came back. The mail server pipes the report here (docs/status-page.md shows how).

The address it came back to says whose letter it was and is signed, so a made-up report removes nobody. A permanent failure (RFC 3464, `Status: 5.x.x`)
or a complaint (RFC 5965) puts the subscriber into quarantine; anything else is only counted.
"""

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from email.utils import getaddresses
from typing import Any

from litestar import Request, Response, Router, post
from litestar.params import FromQuery

from receiver.clock import Clock
from receiver.core.errors import StoreUnavailableError
from receiver.core.pledge import Purpose, redeem
from receiver.store.subscribers import Subscribers
from receiver.web.auth import bearer_guard

MOST_BYTES = 1 << 20


def bounces_router(subscribers: Subscribers, clock: Clock, key: bytes, api_token: str) -> Router:
    """The route. `key` is what letters' return addresses are signed with; `to` names the address when the report's headers do not."""

    @post("/bounces", status_code=200, request_max_body_size=MOST_BYTES)
    async def bounce(request: Request[Any, Any, Any], to: FromQuery[str] = "") -> Response[dict[str, Any]]:
        report = message_from_bytes(await request.body(), policy=policy.default)
        subject = next((found for address in _addresses(report, to) if (found := _holder(key, address, clock))), None)
        if subject is None:
            return Response({"result": "nobody"}, status_code=200)
        if not is_final(report):
            return Response({"result": "temporary"}, status_code=200)
        try:
            one = await subscribers.load(subject)
            if one is not None:
                await subscribers.quarantine(one)
        except StoreUnavailableError:
            return Response({"error": "store_unavailable"}, status_code=503)
        return Response({"result": "quarantined"}, status_code=200)

    return Router(path="/api/v1", route_handlers=[bounce], guards=[bearer_guard(api_token)])


def is_final(report: Message) -> bool:
    """True when the report says that nothing more should be sent."""
    for part in report.walk():
        if part.get_content_type() == "message/feedback-report":
            return True
        if part.get_content_type() == "message/delivery-status":
            held = part.get_payload()
            blocks = [block for block in held if isinstance(block, Message)] if isinstance(held, list) else []
            return any(str(block.get("Status", "")).strip().startswith("5.") for block in blocks)
    return False


def _addresses(report: EmailMessage | Message, to: str) -> Iterator[str]:
    yield to
    for name in ("to", "delivered-to", "x-original-to", "envelope-to"):
        yield from (address for _, address in getaddresses([str(value) for value in report.get_all(name, [])]))


def _holder(key: bytes, address: str, clock: Clock) -> str | None:
    local = address.partition("@")[0]
    return redeem(key, Purpose.BOUNCE, local.partition("+")[2].lower(), clock.now())
