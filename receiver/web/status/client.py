"""Whose request it is, behind proxies we trust: the address that the last of them saw. Used by limits against abuse."""

from collections.abc import Callable
from typing import Any

from litestar import Request


def client_behind(proxies: int) -> Callable[[Request[Any, Any, Any]], str]:
    """`proxies` is how many stand in front. `X-Forwarded-For` is read from the right: what is left of theirs, anybody may have written."""

    def client(request: Request[Any, Any, Any]) -> str:
        peer = request.client.host if request.client else ""
        if not proxies:
            return peer
        hops = [part.strip() for header in request.headers.getall("x-forwarded-for", []) for part in header.split(",")]
        return hops[-proxies] if len(hops) >= proxies else peer

    return client
