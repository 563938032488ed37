"""A customer's webhook with TLS on this machine: it answers the challenge as the page asks, or not."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import trustme

from tests.fakes.http_end import Asked, HttpEnd, Reply


class HookEnd(HttpEnd):
    """`echoes`: answers a challenge with itself; what else it answers is scripted. `url` is https."""

    def __init__(self, *, echoes: bool = True) -> None:
        super().__init__(self._judge)
        self.echoes = echoes
        self._authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert("localhost.localdomain", "127.0.0.1").configure_cert(context)
        self.connections = 0
        listener, end = self._server.socket, self

        def accepted() -> tuple[socket.socket, object]:
            plain, peer = listener.accept()
            end.connections += 1
            return context.wrap_socket(plain, server_side=True), peer

        self._server.get_request = accepted
        self.url = f"https://127.0.0.1:{self.port}/hook"

    def _judge(self, asked: Asked) -> Reply:
        if asked.json["type"] == "challenge":
            return Reply(body={"challenge": asked.json["challenge"] if self.echoes else "something else"})
        return Reply()

    def transport(self) -> httpx.AsyncHTTPTransport:
        """A way here that trusts this end's certificate, and is not guarded: this is no public address."""
        context = ssl.create_default_context()
        self._authority.configure_trust(context)
        return httpx.AsyncHTTPTransport(verify=context, trust_env=False)

    def said(self, kind: str) -> list[Asked]:
        """What it was told of this type."""
        return [one for one in self.asked if one.json["type"] == kind]


@contextmanager
def hook_end(*, echoes: bool = True) -> Iterator[HookEnd]:
    with HookEnd(echoes=echoes) as end:
        yield end
