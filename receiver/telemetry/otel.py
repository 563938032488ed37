"""OpenTelemetry behind the seam of `telemetry.traces`, the only one that imports this, and only where a collector is configured.

Sampler, resource, batches, endpoint, headers and certificates are the SDK's own reading of the standard variables. Spans leave by OTLP over
HTTP from a thread of their own; a queue that is full or a collector that is away drops them and disturbs nobody.
"""

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import context as contexts
from opentelemetry import trace as api
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from receiver.telemetry.logs import masked
from receiver.telemetry.traces import Fact, Kind

_KINDS = {
    Kind.INTERNAL: api.SpanKind.INTERNAL,
    Kind.SERVER: api.SpanKind.SERVER,
    Kind.CLIENT: api.SpanKind.CLIENT,
    Kind.CONSUMER: api.SpanKind.CONSUMER,
}
# Facts with a name in OpenTelemetry's conventions; the rest are ours, under the same prefix as in the logs.
_STANDARD = {"method": "http.request.method", "path": "http.route", "status": "http.response.status_code", "size": "http.request.body.size"}
_w3c = TraceContextTextMapPropagator()


class OtelSpan:
    """One span of the SDK."""

    def __init__(self, span: api.Span) -> None:
        self._span, self.is_dropped = span, False

    @property
    def trace(self) -> str:
        """Its context as `traceparent`."""
        return "" if self.is_dropped else _traceparent(self._span)

    def note(self, **facts: Fact) -> None:
        """Set attributes."""
        self._span.set_attributes(_attributes(facts))

    def fail(self, why: str) -> None:
        """Mark as failed."""
        self._span.set_status(api.StatusCode.ERROR, masked(why)[:300])

    def drop(self) -> None:
        """A span that is never ended is never exported."""
        self.is_dropped = True


class OtelTracer:
    """Everything that `telemetry.traces` asks of a tracer."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("receiver")

    @contextmanager
    def span(self, name: str, kind: Kind, parent: str, facts: Mapping[str, Fact]) -> Iterator[OtelSpan]:
        """A span that is the context while it lasts; one that ends by an exception has failed."""
        context = _w3c.extract({"traceparent": parent}) if parent else None
        begun = OtelSpan(made := self._tracer.start_span(name, context, kind=_KINDS[kind], attributes=_attributes(facts)))
        token = contexts.attach(api.set_span_in_context(made, context))
        try:
            yield begun
        except Exception as fault:
            begun.fail(f"{type(fault).__name__}: {fault}")
            raise
        finally:
            contexts.detach(token)
            if not begun.is_dropped:
                made.end()

    @contextmanager
    def within(self, trace: str) -> Iterator[None]:
        """The context of a span that ended elsewhere."""
        token = contexts.attach(_w3c.extract({"traceparent": trace}))
        try:
            yield
        finally:
            contexts.detach(token)

    def current(self) -> str:
        """The `traceparent` of the context when it is sampled."""
        span = api.get_current_span()
        return _traceparent(span) if span.get_span_context().trace_flags.sampled else ""

    def ids(self) -> tuple[str, str] | None:
        """Of the context, as logs name them."""
        held = api.get_current_span().get_span_context()
        return (api.format_trace_id(held.trace_id), api.format_span_id(held.span_id)) if held.is_valid else None

    def flush(self) -> None:
        """Send what waits, however long that takes."""
        self._provider.force_flush()

    def close(self, seconds: float) -> None:
        """The SDK waits half a minute for a collector that is away; a service that is told to stop does not."""
        ending = threading.Thread(target=self._provider.shutdown, name="traces-end", daemon=True)
        ending.start()
        ending.join(seconds)


def start(service: str) -> OtelTracer:
    """A tracer by the standard settings of this process's environment."""
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: service}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return OtelTracer(provider)


def probe(seconds: float = 3.0) -> str:
    """Why an empty batch was not taken, or nothing. Reads the environment as `start` does; takes at most a moment longer than `seconds`."""
    heard = _Heard()
    logger = logging.getLogger("opentelemetry")
    held, logger.propagate = logger.propagate, False
    logger.addHandler(heard)
    exporter = OTLPSpanExporter(timeout=seconds)
    try:
        is_taken = exporter.export([]) is SpanExportResult.SUCCESS
    finally:
        exporter.shutdown()  # type: ignore[no-untyped-call]
        logger.removeHandler(heard)
        logger.propagate = held
    return "" if is_taken else masked(heard.first)[:200] or "no answer"


class _Heard(logging.Handler):
    """The exporter says what went wrong to its log alone."""

    first = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.first = self.first or record.getMessage()


def _attributes(facts: Mapping[str, Fact]) -> dict[str, Fact]:
    return {_STANDARD.get(name, f"receiver.{name}"): masked(value) if isinstance(value, str) else value for name, value in facts.items()}


def _traceparent(span: api.Span) -> str:
    carrier: dict[str, str] = {}
    _w3c.inject(carrier, api.set_span_in_context(span))
    return carrier.get("traceparent", "")
