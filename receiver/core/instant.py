"""Instants as Alertmanager and its senders write them: RFC 3339 with any offset and up to nine fractional digits."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

LATEST = 253_402_300_799_999_999
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_COMMON = (24, 20)  # lengths: with milliseconds, as Prometheus writes instants, and with whole seconds
_FORM = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,12}))?([Zz]|[+-]\d\d:?\d\d)", re.ASCII)


def parse_instant(text: str) -> int:
    """Microseconds since the epoch, in UTC; the year 0001 (Go's zero) and everything before 1970 is 0. Raises ValueError."""
    if len(text) in _COMMON and text[7] == "-" and text[10] == "T" and text[-1] == "Z":
        try:
            micros = (datetime.fromisoformat(text) - _EPOCH) // _MICROSECOND  # five times as fast as what follows, and these marks leave it no other reading
        except ValueError:
            return _parse(text)
        return micros if micros > 0 else 0
    return _parse(text)


def spell_instant(text: str) -> str:
    """`parse_instant` as 18 digits. Alerts of a storm share the second, so that is read once. Raises ValueError."""
    if len(text) == 24 and text[19] == "." and text[23] == "Z":
        milliseconds, second = text[20:23], _second(text[:19])
        if second and milliseconds.isascii() and milliseconds.isdigit():
            return f"{second}{milliseconds}000"
    return str(parse_instant(text)).zfill(18)


@lru_cache(8192)
def _second(text: str) -> str:
    """The seconds since the epoch of an instant without fraction and zone; empty where that is not all there is to say."""
    try:
        seconds = parse_instant(f"{text}Z") // 1_000_000
    except ValueError:
        return ""
    return str(seconds).zfill(12) if seconds else ""


@lru_cache(8192)
def _parse(text: str) -> int:
    found = _FORM.fullmatch(text)
    if not found:
        raise ValueError(f"not an RFC 3339 instant: {text[:40]!r}")
    second = int(found[6])
    if second > 60:
        raise ValueError(f"not an RFC 3339 instant: {text[:40]!r}")
    fraction = int((found[7] or "0")[:6].ljust(6, "0"))
    # A leap second is shown as the last one before it. Many alerts of a storm share the minute.
    micros = _minute(text[:10], text[11:16]) + min(second, 59) * 1_000_000 + fraction - _offset(found[8])
    return min(max(micros, 0), LATEST)


@lru_cache(1024)
def _minute(day: str, clock: str) -> int:
    span = datetime.fromisoformat(f"{day}T{clock}+00:00") - _EPOCH
    return (span.days * 86_400 + span.seconds) * 1_000_000


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
