"""The week in minutes, and who is left out of it. Pure; times are local to a zone, the week begins on Monday at midnight."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 24 * 60
WEEK = 7 * DAY
Stretch = tuple[int, int]  # minutes from the week's beginning, the second one outside


def stretches(span: Mapping[str, Any]) -> Iterator[Stretch]:
    """The minutes a span holds: on each of its days (all, when none is named), past midnight when `to` is earlier; nothing when it cannot be read."""
    start, end = minute(span.get("from")), minute(span.get("to"))
    if start is None or end is None or start == end:
        return
    for index, day in enumerate(DAYS):
        if not span.get("days") or day in span["days"]:
            begins, ends = index * DAY + start, index * DAY + (end if end > start else end + DAY)
            yield begins, min(ends, WEEK)
            if ends > WEEK:
                yield 0, ends - WEEK


def minute(text: Any) -> int | None:
    """`"22:30"` as minutes from midnight."""
    if not isinstance(text, str) or len(text) != 5 or not (text[:2] + text[3:]).isdigit():
        return None
    return int(text[:2]) * 60 + int(text[3:])


def holes(covered: Iterable[Stretch]) -> list[Stretch]:
    """What is left of the week, in order."""
    left, now = [], 0
    for begins, ends in sorted(covered):
        if begins > now:
            left.append((now, begins))
        now = max(now, ends)
    return [*left, (now, WEEK)] if now < WEEK else left


def describe(left: Iterable[Stretch]) -> str:
    """`mon 08:00–22:00`; the same hours on several days are said once: `mon, tue 08:00–22:00`."""
    by_hours: dict[str, list[str]] = {}
    for begins, ends in _by_day(left):
        hours = f"{_clock(begins % DAY)}–{_clock(ends - begins + begins % DAY)}"
        by_hours.setdefault(hours, []).append(DAYS[begins // DAY])
    return "; ".join(f"{'every day' if len(days) == 7 else ', '.join(days)} {hours}" for hours, days in by_hours.items())


def _by_day(left: Iterable[Stretch]) -> Iterator[Stretch]:
    for begins, ends in left:
        while begins < ends:
            midnight = (begins // DAY + 1) * DAY
            yield begins, min(ends, midnight)
            begins = midnight


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
