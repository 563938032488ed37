"""The part of iCalendar's RRULE (RFC 5545) that says on which days something comes again. Pure; asked by `maintenance`.

Supported: FREQ=DAILY, WEEKLY or MONTHLY, with INTERVAL, BYDAY (`SU`; of a month also `1SU`, `-1FR`), BYMONTHDAY and UNTIL. Weeks begin
on Monday. A part that is not supported is refused, never ignored.
"""

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

from receiver.core.errors import ReceiverError

SUPPORTED = "use FREQ=DAILY, WEEKLY or MONTHLY with INTERVAL, BYDAY, BYMONTHDAY and UNTIL"
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_PARTS = ("FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "UNTIL")
_BY_DAY = re.compile(r"([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_MONTH_DAY = re.compile(r"[+-]?(?:[1-9]|[12]\d|3[01])", re.ASCII)
_INTERVAL = re.compile(r"[1-9]\d{0,3}", re.ASCII)


class RecurrenceError(ReceiverError):
    """A rule that is wrong or not supported; `hint` says what to write instead."""

    def __init__(self, message: str, hint: str = SUPPORTED) -> None:
        """Keep both halves of the sentence."""
        super().__init__(f"{message}, {hint}")
        self.message = message
        self.hint = hint


@dataclass(frozen=True, kw_only=True, slots=True)
class Recurrence:
    """The days of a rule. `by_day` holds (which of the month or 0, weekday); `interval` counts from `starts`."""

    frequency: str
    interval: int = 1
    by_day: tuple[tuple[int, int], ...] = ()
    by_month_day: tuple[int, ...] = ()
    until_day: date | None = None
    until_at: datetime | None = None
    starts: date | None = None

    def falls_on(self, day: date) -> bool:
        """Say whether the rule names this day; `until_at` is an instant and left to who knows the time of day."""
        if (self.starts and day < self.starts) or (self.until_day and day > self.until_day):
            return False
        return self._is_turn(day) and self._is_weekday(day) and self._is_month_day(day)

    def _is_turn(self, day: date) -> bool:
        if self.interval == 1 or self.starts is None:
            return True
        match self.frequency:
            case "DAILY":
                passed = (day - self.starts).days
            case "WEEKLY":
                passed = (_week(day) - _week(self.starts)) // 7
            case _:
                passed = (day.year - self.starts.year) * 12 + day.month - self.starts.month
        return passed % self.interval == 0

    def _is_weekday(self, day: date) -> bool:
        from_start = (day.day + 6) // 7
        from_end = -((_month_length(day) - day.day) // 7 + 1)
        return not self.by_day or any(weekday == day.weekday() and nth in (0, from_start, from_end) for nth, weekday in self.by_day)

    def _is_month_day(self, day: date) -> bool:
        return not self.by_month_day or day.day in self.by_month_day or day.day - _month_length(day) - 1 in self.by_month_day


def parse_recurrence(text: str, starts: date | None = None) -> Recurrence:
    """Read `FREQ=MONTHLY;BYDAY=1SU`; raises `RecurrenceError`. An INTERVAL above 1 needs `starts`, the day it counts from."""
    parts = _split(text)
    rule = Recurrence(
        frequency=_frequency(parts.get("FREQ", "")),
        interval=_interval(parts.get("INTERVAL", "1")),
        by_day=tuple(_by_day(word) for word in _words(parts, "BYDAY")),
        by_month_day=tuple(_month_day(word) for word in _words(parts, "BYMONTHDAY")),
        until_day=_until_day(parts.get("UNTIL", "")),
        until_at=_until_at(parts.get("UNTIL", "")),
        starts=starts,
    )
    _check(rule)
    return rule


def _split(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for written in text.split(";"):
        name, equals, value = written.upper().partition("=")
        if not equals or not value:
            raise RecurrenceError(f'"{written}" is not a part of a rule', 'write NAME=VALUE, parted by ";"')
        if name not in _PARTS:
            raise RecurrenceError(f"{name} is not supported in a rule")
        if name in parts:
            raise RecurrenceError(f"{name} is given twice", "keep one of the two")
        parts[name] = value
    return parts


def _check(rule: Recurrence) -> None:
    if rule.frequency != "MONTHLY" and any(nth for nth, _ in rule.by_day):
        raise RecurrenceError("a numbered day counts within a month", "use it with FREQ=MONTHLY, or leave the number out")
    if rule.frequency == "WEEKLY" and rule.by_month_day:
        raise RecurrenceError("BYMONTHDAY has no meaning in a week", "use FREQ=MONTHLY")
    if rule.frequency == "WEEKLY" and not rule.by_day:
        raise RecurrenceError("the rule does not say on which day", "add BYDAY, like FREQ=WEEKLY;BYDAY=SU")
    if rule.frequency == "MONTHLY" and not rule.by_day and not rule.by_month_day:
        raise RecurrenceError("the rule does not say on which day", "add BYDAY, like FREQ=MONTHLY;BYDAY=1SU, or BYMONTHDAY")
    if rule.interval > 1 and rule.starts is None:
        raise RecurrenceError(f"INTERVAL={rule.interval} counts from no day", "add starts: with the first day, like starts: 2026-12-06")


def _frequency(word: str) -> str:
    if word not in ("DAILY", "WEEKLY", "MONTHLY"):
        raise RecurrenceError(f"FREQ={word} is not supported" if word else "the rule has no FREQ")
    return word


def _interval(word: str) -> int:
    if not _INTERVAL.fullmatch(word):
        raise RecurrenceError(f"INTERVAL={word} is not a whole number above 0", "write it like INTERVAL=2")
    return int(word)


def _words(parts: dict[str, str], name: str) -> list[str]:
    return parts[name].split(",") if name in parts else []


def _by_day(word: str) -> tuple[int, int]:
    found = _BY_DAY.fullmatch(word)
    if found is None:
        raise RecurrenceError(f'"{word}" is not a day in BYDAY', f"use {', '.join(_DAYS)}, with FREQ=MONTHLY also 1SU or -1FR")
    return int(found[1] or 0), _DAYS.index(found[2])


def _month_day(word: str) -> int:
    if not _MONTH_DAY.fullmatch(word):
        raise RecurrenceError(f'"{word}" is not a day in BYMONTHDAY', "use 1 to 31, or -1 for the last day")
    return int(word)


def _until_day(word: str) -> date | None:
    return None if not word or "T" in word else _until(word, "%Y%m%d").date()


def _until_at(word: str) -> datetime | None:
    return _until(word, "%Y%m%dT%H%M%SZ") if "T" in word else None


def _until(word: str, form: str) -> datetime:
    try:
        return datetime.strptime(word, form).replace(tzinfo=UTC)
    except ValueError:
        raise RecurrenceError(f"UNTIL={word} is not a day or an instant in UTC", "write it like UNTIL=20261231 or UNTIL=20261231T235959Z") from None


def _week(day: date) -> int:
    """The number of the Monday that begins this day's week."""
    return day.toordinal() - day.weekday()


def _month_length(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]
