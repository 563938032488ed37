"""One trace from a webhook to the message it became: what everything else says to say it. Used by `web.traced`, `engine`, `workers.sender`, `logs`.

OpenTelemetry itself stands behind it in `telemetry.otel`, and is imported (by `telemetry.intent`) only where its standard `OTEL_...` settings name a collector.
Everywhere else a span is nothing, and the webhook route does not even ask.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from receiver.telemetry.logs import follow

Fact = str | int | bool


class Kind(StrEnum):
    """A span's part in the talk between processes, by OpenTelemetry's names."""

    INTERNAL = "internal"
    SERVER = "server"
    CLIENT = "client"
    CONSUMER = "consumer"


class Span(Protocol):
    """One step. `trace` is its context as a W3C `traceparent`, for what follows elsewhere or later; empty when it is not told."""

    @property
    def trace(self) -> str:
        """What a later span names as its parent."""
        ...

    def note(self, **facts: Fact) -> None:
        """What is worth knowing of it; secrets in texts are masked."""
        ...

    def fail(self, why: str) -> None:
        """It did not come to what it was for."""
        ...

    def drop(self) -> None:
        """Nothing came of it: it is not told."""
        ...


class Tracer(Protocol):
    """What stands behind the seam."""

    def span(self, name: str, kind: Kind, parent: str, facts: Mapping[str, Fact]) -> AbstractContextManager[Span]:
        """A step that ends with the context."""
        ...

    def within(self, trace: str) -> AbstractContextManager[None]:
        """What happens inside belongs to this span."""
        ...

    def current(self) -> str:
        """The context as `traceparent`, where it is recorded."""
        ...

    def ids(self) -> tuple[str, str] | None:
        """Trace and span of the context, in hexadecimal digits."""
        ...

    def close(self, seconds: float) -> None:
        """Send what waits, for at most this long."""
        ...


class _Nothing:
    trace = ""

    def note(self, **facts: Fact) -> None:
        """Nobody asked."""

    def fail(self, why: str) -> None:
        """Nobody asked."""

    def drop(self) -> None:
        """It is not there anyway."""


@dataclass(slots=True)
class _State:
    tracer: Tracer | None = None


_state = _State()
_NOTHING: Span = _Nothing()
_NO_SPAN = nullcontext(_NOTHING)
_NO_CONTEXT: AbstractContextManager[None] = nullcontext()


def use(tracer: Tracer | None) -> None:
    """From now on spans go there; None: nowhere."""
    _state.tracer = tracer
    follow(tracer.ids if tracer else None)


def is_on() -> bool:
    """True when somebody traces."""
    return _state.tracer is not None


def span(name: str, *, kind: Kind = Kind.INTERNAL, parent: str = "", **facts: Fact) -> AbstractContextManager[Span]:
    """One step, a part of `parent` or of the step that surrounds it."""
    return _state.tracer.span(name, kind, parent, facts) if _state.tracer else _NO_SPAN


def within(trace: str) -> AbstractContextManager[None]:
    """What is logged and done inside belongs to this span, which another process or an earlier step has ended."""
    return _state.tracer.within(trace) if _state.tracer and trace else _NO_CONTEXT


def current() -> str:
    """The context as a `traceparent`; empty outside any step, or where nobody keeps it."""
    return _state.tracer.current() if _state.tracer else ""


def close(seconds: float = 2.0) -> None:
    """Send what waits and end; at most this long, whatever the collector does."""
    if _state.tracer:
        tracer, _state.tracer = _state.tracer, None
        follow(None)
        tracer.close(seconds)
