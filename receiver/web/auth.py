"""Who may come in: tokens for machines, a one-time link for the person at this machine. All compares take constant time."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException
from litestar.handlers.base import BaseRouteHandler

from receiver.clock import Clock

SESSION = timedelta(hours=12)
LINK = timedelta(hours=1)
HOLDER = "receiver.token"  # where `web.tokens` puts who holds a token, once it has found that it may do this


def is_authorized(header: bytes, token: str) -> bool:
    """`Authorization: Bearer TOKEN`, or basic with the token as password (Alertmanager offers both)."""
    scheme, _, rest = header.partition(b" ")
    given = rest.strip()
    if scheme.lower() == b"basic":
        try:
            given = base64.b64decode(given, validate=True).partition(b":")[2]
        except (binascii.Error, ValueError):
            given = b""
    elif scheme.lower() != b"bearer":
        given = b""
    return hmac.compare_digest(hashlib.sha256(given).digest(), hashlib.sha256(token.encode()).digest())


def bearer_guard(token: str) -> Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], None]:
    """Litestar's guard of everything under `/api/v1`."""

    def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        if connection.scope.get(HOLDER) is None and not is_authorized(connection.headers.get("authorization", "").encode(), token):
            raise NotAuthorizedException("send `Authorization: Bearer` with RECEIVER_API_TOKEN, or with a token that `receiver tokens create` made")

    return guard


class LoginLink:
    """One-time links and the session cookies they are exchanged for; nothing is kept but what is still unused."""

    def __init__(self, secret: bytes, clock: Clock) -> None:
        self._key = hmac.new(secret, b"session", hashlib.sha256).digest()
        self._clock = clock
        self._unused: dict[str, float] = {}

    def new(self) -> str:
        """A token for a link; valid once, for an hour."""
        token = secrets.token_urlsafe(18)
        self._unused[hashlib.sha256(token.encode()).hexdigest()] = self._clock.monotonic() + LINK.total_seconds()
        return token

    def redeem(self, token: str) -> str | None:
        """The session cookie's value, or None when the token is unknown, used or old."""
        until = self._unused.pop(hashlib.sha256(token.encode()).hexdigest(), None)
        if until is None or until < self._clock.monotonic():
            return None
        body = f"{int((self._clock.now() + SESSION).timestamp())}.{secrets.token_hex(8)}"
        return f"{body}.{self._sign(body)}"

    def is_session(self, cookie: str) -> bool:
        """True while the cookie is ours and not over."""
        body, _, tag = cookie.rpartition(".")
        if not hmac.compare_digest(tag.encode(), self._sign(body).encode()):
            return False
        return int(body.partition(".")[0]) > self._clock.now().timestamp()

    def _sign(self, body: str) -> str:
        return hmac.new(self._key, body.encode(), hashlib.sha256).hexdigest()
