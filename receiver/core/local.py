"""Clock times of a place become instants, right on the nights the clocks change. Called by `window` and `maintenance`.

A stretch of local time begins at the first instant whose clock shows its start and ends at the last whose clock shows its end: a
start that comes twice is the first, an end that comes twice the second. A time that does not exist stands for the first valid instant
after the gap. So no minute is lost between stretches that touch.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_FINEST = timedelta(seconds=1)  # zones change at whole seconds


def parse_clock(text: str) -> int:
    """Minutes since midnight of `HH:MM`, 1440 for `24:00`; the text must already be known to be right."""
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def stretch_on(day: date, start: int, end: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The instants (UTC) between which a stretch that starts on this day lasts; an end that is not after the start is on the next day.

    `start` and `end` are minutes since midnight. Both instants are the same when the clocks skip the whole stretch.
    """
    last = day if end > start else day + timedelta(days=1)
    return instant_at(day, start, zone), instant_at(last, end, zone, is_end=True)


def instant_at(day: date, minute: int, zone: ZoneInfo, *, is_end: bool = False) -> datetime:
    """The instant (UTC) at which the clocks of a zone show this minute of the day; the module says what holds where they change."""
    naive = datetime.combine(day, time()) + timedelta(minutes=minute)
    earlier, later = naive.replace(tzinfo=zone, fold=0), naive.replace(tzinfo=zone, fold=1)
    before, after = earlier.utcoffset(), later.utcoffset()
    if before is not None and after is not None and before < after:
        return _change_between(later.astimezone(UTC), earlier.astimezone(UTC), zone)
    return (later if is_end else earlier).astimezone(UTC)


def _change_between(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """The first instant in (low, high] with the offset that holds at `high`: the end of a gap."""
    offset = high.astimezone(zone).utcoffset()
    while high - low > _FINEST:
        middle = low + (high - low) // 2 // _FINEST * _FINEST
        if middle.astimezone(zone).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return high
