"""The days of a calendar rule, and what is said of rules that are not supported."""

import calendar
import contextlib
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.core.recurrence import RecurrenceError, parse_recurrence

FIRST = date(2026, 12, 2)  # a Wednesday


def days(text: str, count: int, starts: date | None = None) -> list[str]:
    rule = parse_recurrence(text, starts)
    found = (day for n in range(3000) if rule.falls_on(day := FIRST + timedelta(days=n)))
    return [f"{day:%m-%d}" for day, _ in zip(found, range(count), strict=False)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FREQ=DAILY", ["12-02", "12-03", "12-04"]),
        ("freq=daily;byday=mo", ["12-07", "12-14", "12-21"]),
        ("FREQ=DAILY;BYMONTHDAY=1,-1", ["12-31", "01-01", "01-31"]),
        ("FREQ=WEEKLY;BYDAY=SU", ["12-06", "12-13", "12-20"]),
        ("FREQ=WEEKLY;BYDAY=SA,MO", ["12-05", "12-07", "12-12"]),
        ("FREQ=MONTHLY;BYDAY=1SU", ["12-06", "01-03", "02-07"]),
        ("FREQ=MONTHLY;BYDAY=-1FR", ["12-25", "01-29", "02-26"]),
        ("FREQ=MONTHLY;BYDAY=5MO", ["03-29", "05-31", "08-30"]),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", ["08-13", "10-13", "04-13"]),
        ("FREQ=MONTHLY;BYMONTHDAY=31", ["12-31", "01-31", "03-31"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", ["12-31", "01-31", "02-28"]),
        ("FREQ=WEEKLY;BYDAY=WE;UNTIL=20261209", ["12-02", "12-09"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU", ["12-06", "12-20", "01-03"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", ["12-14", "12-28", "01-11"]),
        ("FREQ=DAILY;INTERVAL=3", ["12-02", "12-05", "12-08"]),
        ("FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=1", ["03-01", "06-01", "09-01"]),
    ],
)
def test_days(text, expected):
    assert days(text, 3, FIRST) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("FREQ=YEARLY", "FREQ=YEARLY is not supported, use FREQ=DAILY, WEEKLY or MONTHLY with INTERVAL, BYDAY, BYMONTHDAY and UNTIL"),
        ("FREQ=DAILY;COUNT=3", "COUNT is not supported in a rule, use FREQ=DAILY"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1", "BYSETPOS is not supported"),
        ("FREQ=WEEKLY;BYDAY=SU;WKST=SU", "WKST is not supported"),
        ("BYDAY=MO", "the rule has no FREQ"),
        ("FREQ=DAILY;FREQ=DAILY", "FREQ is given twice"),
        ("FREQ=DAILY;", "is not a part of a rule"),
        ("FREQ=WEEKLY", "does not say on which day, add BYDAY"),
        ("FREQ=MONTHLY", "does not say on which day"),
        ("FREQ=WEEKLY;BYDAY=1SU", "counts within a month"),
        ("FREQ=WEEKLY;BYDAY=SU;BYMONTHDAY=1", "no meaning in a week"),
        ("FREQ=MONTHLY;BYDAY=6SU", '"6SU" is not a day in BYDAY'),
        ("FREQ=MONTHLY;BYMONTHDAY=32", '"32" is not a day in BYMONTHDAY'),
        ("FREQ=MONTHLY;BYMONTHDAY=0", '"0" is not a day'),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0 is not a whole number"),
        ("FREQ=DAILY;INTERVAL=2", "INTERVAL=2 counts from no day, add starts:"),
        ("FREQ=DAILY;UNTIL=tomorrow", "UNTIL=TOMORROW is not a day or an instant in UTC"),
        ("FREQ=DAILY;UNTIL=20260231", "UNTIL=20260231 is not a day"),
        ("FREQ=DAILY;UNTIL=20261231T235959", "write it like UNTIL=20261231"),
    ],
)
def test_what_is_not_supported_is_refused(text, says):
    with pytest.raises(RecurrenceError) as caught:
        parse_recurrence(text)
    assert says in str(caught.value)


@given(st.dates(date(2020, 1, 1), date(2030, 12, 31)), st.integers(1, 5), st.integers(0, 6))
def test_a_numbered_weekday_is_the_one_the_calendar_shows(day, nth, weekday):
    column = [week[weekday] for week in calendar.monthcalendar(day.year, day.month) if week[weekday]]
    name = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")[weekday]
    forward = parse_recurrence(f"FREQ=MONTHLY;BYDAY={nth}{name}").falls_on(day)
    backward = parse_recurrence(f"FREQ=MONTHLY;BYDAY=-{nth}{name}").falls_on(day)
    assert forward is (nth <= len(column) and column[nth - 1] == day.day)
    assert backward is (nth <= len(column) and column[-nth] == day.day)


@given(st.text(max_size=40))
def test_any_text_is_a_rule_or_a_sentence(text):
    with contextlib.suppress(RecurrenceError):
        parse_recurrence(text).falls_on(FIRST)
