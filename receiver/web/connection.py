"""One connection of the HTTP side: uvicorn's protocol, with a short way for the one request that comes by the thousand. Used by `app.run`.

A webhook that comes as a plain POST is collected here and answered by one write; the general way builds a cycle of tasks, events and
messages around every request, which costs more than admission does. Whatever is not that plain (another path or method, no or a wrong
token, HTTP/1.0, `Expect`, a body that is slow or large, a request behind another one) goes uvicorn's way to the same `Ingest`.
"""

import asyncio
from typing import ClassVar

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from receiver.telemetry.logs import get_logger
from receiver.web.ingest import ALERTMANAGER, Ingest, headers_of
from receiver.web.kinds import named

SOON = 0.5  # seconds in which the rest of a body must come to go the short way
MOST_BYTES = 1024 * 1024
_MARKED = frozenset((b"expect", b"upgrade"))
log = get_logger(__name__)


class Connection(HttpToolsProtocol):
    """Bound to the webhook route of a process by `serving`."""

    ingest: ClassVar[Ingest]
    _source = ""  # of the webhook whose body is being collected
    _headers: dict[bytes, bytes]  # of that webhook
    _parts: list[bytes]
    _task: asyncio.Task[None] | None = None  # answers the last webhook; the loop holds tasks weakly
    _is_answering = False
    _is_closing = False
    _deadline: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        """Read on; a webhook that is incomplete after it has a moment to become complete."""
        super().data_received(data)
        if self._source and self._deadline is None:
            self._deadline = self.loop.call_later(SOON, self._go_the_long_way)

    def on_headers_complete(self) -> None:
        """Choose the way."""
        self._source = self._plain_source()
        self._parts = []
        if not self._source:
            super().on_headers_complete()

    def _plain_source(self) -> str:
        """The source of a webhook that may go the short way; empty for anything else."""
        is_idle = not self._is_answering and (self.cycle is None or self.cycle.response_complete)
        if not is_idle or b"%" in self.url or b"?" in self.url or self.parser.get_method() != b"POST" or not self.parser.should_keep_alive():
            return ""
        kind, source = named(self.url.decode("latin-1"))
        self._headers = headers = dict(self.headers)
        return source if kind == ALERTMANAGER and _MARKED.isdisjoint(headers) and self.ingest.is_welcome(source, headers) else ""

    def on_body(self, body: bytes) -> None:
        """Collect."""
        if not self._source:
            super().on_body(body)
            return
        self._parts.append(body)
        if len(self._parts) > 1 and sum(map(len, self._parts)) > MOST_BYTES:
            self._go_the_long_way()

    def on_message_complete(self) -> None:
        """Begin to answer."""
        if not self._source:
            super().on_message_complete()
            return
        self._stop_waiting()
        source, self._source, self._is_answering = self._source, "", True
        body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._task = self.loop.create_task(self._answer(source, self._headers, body))

    async def _answer(self, source: str, headers: dict[bytes, bytes], body: bytes) -> None:
        try:
            status, said = await self.ingest.take(source, headers, body)
        except Exception:
            log.exception("a webhook was not answered")
            self.transport.close()
            return
        head = [STATUS_LINE[status]]
        for name, value in (*self.server_state.default_headers, *headers_of(status, said)):
            head += (name, b": ", value, b"\r\n")
        self._is_answering = False
        if not self.transport.is_closing():
            self.transport.write(b"".join((*head, b"\r\n", said)))
        if self._is_closing:
            self.transport.close()
        self.on_response_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """What came behind a webhook waits until that is answered."""
        if self._is_answering:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, app))
        else:
            super()._start_asgi_task(cycle, app)

    def _go_the_long_way(self) -> None:
        """Hand what has come so far to uvicorn."""
        self._stop_waiting()
        self._source = ""
        super().on_headers_complete()
        super().on_body(b"".join(self._parts))

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever hung up in the middle of a webhook is noted by the long way."""
        if self._source:
            self._go_the_long_way()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """End the connection, but answer first."""
        if self._is_answering or self._source:
            self._is_closing = True
        else:
            super().shutdown()


def serving(webhooks: Ingest) -> type[asyncio.Protocol]:
    """The protocol for one process."""
    return type("Serving", (Connection,), {"ingest": webhooks})
