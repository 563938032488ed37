"""Instants as Alertmanager and its senders write them: RFC 3339 with any offset and up to nine fractional digits."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

LATEST = 253_402_300_799_999_999
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORM = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,12}))?([Zz]|[+-]\d\d:?\d\d)", re.ASCII)


@lru_cache(8192)
def parse_instant(text: str) -> int:
    """Microseconds since the epoch, in UTC; the year 0001 (Go's zero) and everything before 1970 is 0. Raises ValueError."""
    found = _FORM.fullmatch(text)
    if not found:
        raise ValueError(f"not an RFC 3339 instant: {text[:40]!r}")
    second = min(int(found[6]), 59)  # a leap second is shown as the last one before it
    naive = datetime.fromisoformat(f"{text[:10]}T{text[11:17]}{second:02d}+00:00")
    fraction = int((found[7] or "0")[:6].ljust(6, "0"))
    span = naive - _EPOCH
    micros = (span.days * 86_400 + span.seconds) * 1_000_000 + fraction - _offset(found[8])
    return min(max(micros, 0), LATEST)


def _offset(text: str) -> int:
    if text in "Zz":
        return 0
    digits = text[1:].replace(":", "")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return (-seconds if text[0] == "-" else seconds) * 1_000_000


def to_datetime(micros: int) -> datetime:
    """Aware, in UTC."""
    return _EPOCH + timedelta(microseconds=micros)


def from_datetime(instant: datetime) -> int:
    """Microseconds since the epoch."""
    span = instant.astimezone(UTC) - _EPOCH
    return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds
