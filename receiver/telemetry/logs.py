"""Logs as JSON lines in the Elastic Common Schema, with no secret in any of them."""

import logging
import re
import sys
import traceback
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

import ecs_logging
import structlog

_BOT_TOKEN = re.compile(r"\d{6,}:[A-Za-z0-9_-]{20,}")
SERVICE = "incident-receiver"
_hidden: set[str] = set()
_RESERVED = ("log", "event", "error", "service", "host", "process", "trace", "span", "user", "source", "url", "client")


def hide(secret: str) -> None:
    """From now on this text is masked wherever it would be logged."""
    if len(secret) >= 6:
        _hidden.add(secret)


@dataclass(slots=True)
class _Following:
    ids: Callable[[], tuple[str, str] | None] | None = None


_following = _Following()


def follow(ids: Callable[[], tuple[str, str] | None] | None) -> None:
    """From now on each line names the trace and span that it was written in, as `ids` says; None: no line does."""
    _following.ids = ids


def _steps() -> dict[str, str]:
    found = _following.ids() if _following.ids else None
    return {"trace.id": found[0], "span.id": found[1]} if found else {}


def masked(text: str) -> str:
    """The text without anything secret."""
    for secret in _hidden:
        text = text.replace(secret, "***")
    return _BOT_TOKEN.sub("***", text)


def _mask(value: Any) -> Any:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {k: _mask(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_mask(v) for v in value]
    return value if isinstance(value, int | float | bool | None) else masked(str(value))


def _shape(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Our own fields live under `receiver.*`: a plain `source="x"` would collide with ECS's `source.ip` and raise."""
    kept = {"event", "exc_info", "logger"}
    own = {k: _mask(v) for k, v in event.items() if k not in kept}
    shaped: dict[str, Any] = {"event": masked(str(event.get("event", ""))), "service.name": SERVICE, **_steps()}
    if own:
        shaped["receiver"] = own
    shaped |= _fault(event.get("exc_info"))
    if event.get("logger"):
        shaped["log.logger"] = event["logger"]
    return shaped


def _fault(given: BaseException | bool | None) -> dict[str, str]:
    """The exception a line is about: one that was handed over, or with `True` the one being handled."""
    fault = given if isinstance(given, BaseException) else sys.exception() if given else None
    return {"error.type": type(fault).__name__, "error.stack_trace": masked("".join(traceback.format_exception(fault)))} if fault else {}


class _Masking(logging.Formatter):
    def __init__(self) -> None:
        super().__init__()
        self._inner = ecs_logging.StdlibFormatter(extra={"service.name": SERVICE})

    def format(self, record: logging.LogRecord) -> str:
        record.__dict__.update(_steps())
        return masked(self._inner.format(record))


def configure(level: str = "INFO") -> None:
    """Route everything to stdout; call once at start."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Masking())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("httpx", "httpcore", "urllib3", "telegram", "uvicorn.error"):
        # httpx logs every URL at INFO, urllib3 every path at DEBUG, and URLs of Telegram, Slack and others contain the token.
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("opentelemetry").setLevel(logging.ERROR)  # each try of a collector that is away would be a line
    structlog.configure(
        processors=[structlog.stdlib.add_logger_name, _shape, _ecs_level, _line],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=_Lines(),
        cache_logger_on_first_use=False,
    )


def _line(_: Any, name: str, event: MutableMapping[str, Any]) -> str:
    return ecs_logging.StructlogFormatter()(_, name, dict(event))


def _ecs_level(_: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["log.level"] = method
    return event


class _Line:
    def __init__(self, name: str) -> None:
        self.name = name

    def msg(self, text: str) -> None:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    debug = info = warning = error = critical = msg


class _Lines:
    def __call__(self, *names: str) -> _Line:
        return _Line(names[0] if names else "receiver")


def get_logger(name: str) -> Any:
    """A logger that takes fields by keyword."""
    return structlog.get_logger(name)
