"""Durations as Prometheus writes them: `30s`, `5m`, `1h30m`."""

import re
from datetime import timedelta

from receiver.core.errors import ReceiverError

_DURATION = re.compile(r"(?:(\d{1,4})y)?(?:(\d{1,5})w)?(?:(\d{1,6})d)?(?:(\d{1,7})h)?(?:(\d{1,9})m)?(?:(\d{1,10})s)?(?:(\d{1,13})ms)?", re.ASCII)
_UNITS = tuple(timedelta(**unit) for unit in ({"days": 365}, {"weeks": 1}, {"days": 1}, {"hours": 1}, {"minutes": 1}, {"seconds": 1}, {"milliseconds": 1}))
_LONGEST = timedelta(days=36_500)


class DurationError(ReceiverError):
    """A duration that cannot be read; the text says what to write instead."""


def parse_duration(text: str) -> timedelta:
    """Read `1h30m`, `45s`, `250ms` or `0`; units run from y to ms, largest first. Raises `DurationError`."""
    if text == "0":
        return timedelta(0)
    found = _DURATION.fullmatch(text)
    if found is None or not text:
        raise DurationError(f'"{text}" is not a duration, write it like 30s, 5m or 1h30m')
    total = timedelta(0)
    for amount, unit in zip(found.groups(), _UNITS, strict=True):
        total += int(amount or 0) * unit
    if total > _LONGEST:
        raise DurationError(f'"{text}" is longer than a hundred years, write it like 30s, 5m or 1h30m')
    return total
