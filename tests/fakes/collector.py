"""A far end that takes OTLP over HTTP as a collector does: protobuf decoded by the protocol's own messages, anything else refused."""

import asyncio
import gzip
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.fakes.http_end import Asked, HttpEnd, Reply


@dataclass(frozen=True)
class Seen:
    """One span as it came; ids in hexadecimal digits, `parent` empty for the first of a trace."""

    name: str
    kind: int
    trace: str
    id: str
    parent: str
    facts: dict[str, Any]
    service: str
    is_error: bool
    why: str
    seconds: float


class Collector:
    """Use as a context; `url` is for OTEL_EXPORTER_OTLP_ENDPOINT."""

    def __init__(self) -> None:
        self.spans: list[Seen] = []
        self.end = HttpEnd(self._check)
        self.url = self.end.url

    def _check(self, asked: Asked) -> Reply:
        if asked.path != "/v1/traces" or asked.headers.get("content-type") != "application/x-protobuf":
            return Reply(status=400, body={"message": "not OTLP"})
        raw = gzip.decompress(asked.body) if asked.headers.get("content-encoding") == "gzip" else asked.body
        try:
            request = ExportTraceServiceRequest.FromString(raw)
        except DecodeError:
            return Reply(status=400, body={"message": "not protobuf"})
        for resource in request.resource_spans:
            service = _facts(resource.resource.attributes).get("service.name", "")
            self.spans += [_seen(span, service) for scope in resource.scope_spans for span in scope.spans]
        return Reply(headers={"content-type": "application/x-protobuf"})

    def of(self, name: str) -> list[Seen]:
        return [span for span in self.spans if span.name == name]

    async def until(self, is_so: Callable[[], bool], seconds: float = 120) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not is_so():
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError("\n".join(map(str, self.spans))) from None

    def __enter__(self) -> "Collector":
        self.end.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.end.__exit__()


def _seen(span: Any, service: str) -> Seen:
    return Seen(
        name=span.name,
        kind=span.kind,
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        facts=_facts(span.attributes),
        service=service,
        is_error=span.status.code == 2,
        why=span.status.message,
        seconds=(span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
    )


def _facts(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}
