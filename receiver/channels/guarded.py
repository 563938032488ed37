"""Connections to addresses that people wrote into rules, so that nobody can point us at our own network. Used by `channels.webhook`.

The name is resolved once, every address it has is looked at, and the connection goes to an address that was looked at: a name that
answers differently the second time gains nothing. TLS still checks the certificate of the name. No proxy and nothing else of the
environment is used.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

from receiver.trust import load_trust

FORBIDDEN = "not a public address"
_SHARED = ipaddress.ip_network("100.64.0.0/10")
_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))


class GuardedTransport(httpx.AsyncHTTPTransport):
    """HTTP whose every connection is to a public address, unless `allow_private`."""

    def __init__(self, *, allow_private: bool = False) -> None:
        context = load_trust()
        super().__init__(verify=context, trust_env=False)
        backend = _Guarded(allow_private=allow_private)
        self._pool = httpcore.AsyncConnectionPool(ssl_context=context, max_connections=20, keepalive_expiry=30.0, network_backend=backend)


class _Guarded(httpcore.AsyncNetworkBackend):
    def __init__(self, *, allow_private: bool) -> None:
        self._inner = httpcore.AnyIOBackend()
        self._allow_private = allow_private

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that answers, when all of them may be spoken to."""
        addresses = await _resolve(host, port)
        if not self._allow_private and not all(is_public(address) for address in addresses):
            raise httpcore.ConnectError(f"{FORBIDDEN}: {host}")
        fault: Exception | None = None
        for address in addresses:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                fault = error
        raise fault or httpcore.ConnectError(f"no address: {host}")

    async def connect_unix_socket(self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None) -> httpcore.AsyncNetworkStream:
        """Never: no address of the rules is a socket of this machine."""
        raise httpcore.ConnectError(f"{FORBIDDEN}: {path}")

    async def sleep(self, seconds: float) -> None:
        """As the library does."""
        await self._inner.sleep(seconds)


async def _resolve(host: str, port: int) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"no address: {host}") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """True for an address of the open internet, also when it is written inside another one (mapped, 6to4, NAT64)."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (ipaddress.ip_address(int(found) & 0xFFFFFFFF) if any(found in net for net in _NAT64) else None)
        if inner is not None:
            return found not in _NAT64[1] and is_public(str(inner))
    elif found in _SHARED:
        return False
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified)
