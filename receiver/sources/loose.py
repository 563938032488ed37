"""Bodies without a fixed shape (Grafana, Kibana, generic): decoded whole, looked into with care, written as alerts of one form. Pure.

Called by the readers of these kinds. What Alertmanager sends takes the faster way in `alertmanager`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from receiver.sources.alertmanager import MOST_RAW, BadAlert, UndecodableError, WireAlert, decode_object, refuse_depth, require_utf8

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS_FROM = 100_000_000_000  # as seconds this is the year 5138
_LATEST = 253_402_300_799


class BadAlertError(Exception):
    """One alert of a body can't be used; the others may."""


def decode(body: bytes) -> Any:
    """The body as plain values; raises UndecodableError with the same reasons as Alertmanager's bodies get."""
    require_utf8(body)
    refuse_depth(body)
    if body.lstrip()[:1] != b"[":
        decode_object(body)  # says why where it is no object
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UndecodableError("json") from None


def text_of(value: Any) -> str:
    """A scalar as text, empty for nothing; what is no scalar as JSON."""
    if isinstance(value, str):
        return value.strip()
    if value is None:
        return ""
    return msgspec.json.encode(value).decode()


def texts(value: Any) -> dict[str, str]:
    """A mapping with its values as text, without the empty ones; nothing when it is no mapping."""
    return {str(name): text for name, held in value.items() if (text := text_of(held))} if isinstance(value, dict) else {}


def instant_of(value: Any) -> str:
    """An instant as RFC 3339: given so, or as seconds or milliseconds since the epoch; empty when there is none. Raises BadAlertError."""
    if value is None or value == "":
        return ""
    if isinstance(value, str) and not value.strip().replace(".", "", 1).isdigit():
        return value.strip()
    try:
        number = float(value)
        seconds = number / 1000 if number >= _MILLISECONDS_FROM else number
        if not 0 <= seconds <= _LATEST:
            raise ValueError(value)
        return (_EPOCH + timedelta(seconds=seconds)).isoformat()
    except (TypeError, ValueError, OverflowError):
        raise BadAlertError(f"not an instant: {text_of(value)[:40]!r}") from None


def firing(labels: Mapping[str, str], annotations: Mapping[str, str], *, since: str) -> WireAlert:
    """An alert that fires since then (RFC 3339)."""
    return _wire("firing", labels, annotations, since, "")


def resolved(labels: Mapping[str, str], annotations: Mapping[str, str], *, since: str, ended: str) -> WireAlert:
    """An alert that is over."""
    return _wire("resolved", labels, annotations, since, ended)


def bad(index: int, fault: Exception, said: Any, *, is_firing: bool = True) -> BadAlert:
    """Keep one that can't be used."""
    return BadAlert(index=index, reason=str(fault)[:200], raw=msgspec.json.encode(said)[:MOST_RAW], is_firing=is_firing)


def _wire(status: str, labels: Mapping[str, str], annotations: Mapping[str, str], since: str, ended: str) -> WireAlert:
    return WireAlert(
        status=status,
        labels=dict(labels),
        annotations=dict(annotations),
        startsAt=since,
        endsAt=ended,
    )
