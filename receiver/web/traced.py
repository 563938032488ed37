"""The webhook route with a span around each request, used by `app.http` in place of `Ingest` where somebody traces; else nothing of it is there."""

from collections.abc import Mapping
from contextlib import AbstractContextManager

from litestar.types import Receive, Scope

from receiver.engine import Report
from receiver.telemetry import traces
from receiver.telemetry.traces import Kind, Span
from receiver.web.ingest import ALERTMANAGER, Ingest


class TracedIngest(Ingest):
    """Continues the trace that the sender names in `traceparent` (Alertmanager does from 0.30 on, where its own tracing is set)."""

    async def handle(self, source: str, scope: Scope, receive: Receive, kind: str = ALERTMANAGER) -> tuple[int, bytes]:
        """Answer one request inside a span."""
        method = str(scope.get("method", "POST"))
        with _span(source, kind, dict(scope["headers"]), method) as span:
            return _noted(span, await super().handle(source, scope, receive, kind))

    async def take(self, source: str, headers: Mapping[bytes, bytes], body: bytes) -> tuple[int, bytes]:
        """The same on the short way."""
        with _span(source, ALERTMANAGER, headers, "POST") as span:
            span.note(size=len(body))
            return _noted(span, await super().take(source, headers, body))

    async def _admit_durably(self, source: str, body: bytes, kind: str) -> Report:
        with traces.span("admit") as span:
            report = await super()._admit_durably(source, body, kind)
            span.note(alerts=report.accepted, opened=report.opened, transitions=report.transitions, dead_lettered=report.dead_lettered)
            return report


def _span(source: str, kind: str, headers: Mapping[bytes, bytes], method: str) -> AbstractContextManager[Span]:
    parent = headers.get(b"traceparent", b"").decode("latin-1")
    path = f"/webhooks/{kind}"
    return traces.span(f"{method} {path}", kind=Kind.SERVER, parent=parent, method=method, path=path, source=source)


def _noted(span: Span, answer: tuple[int, bytes]) -> tuple[int, bytes]:
    span.note(status=answer[0])
    if answer[0] >= 500:
        span.fail("not durable: the sender was told to come again")
    return answer
