"""Windows of local time, above all on the nights the clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.core.local import instant_at, parse_clock, stretch_on
from receiver.core.window import Span, Window

MOSCOW = ZoneInfo("Europe/Moscow")
BERLIN = ZoneInfo("Europe/Berlin")
# A zone and a day near which its clocks change: by an hour, by half an hour, by two, at midnight, across a whole day.
NIGHTS = (
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Antarctica/Troll", date(2026, 3, 29)),
    ("Antarctica/Troll", date(2026, 10, 25)),
    ("America/Havana", date(2026, 3, 8)),
    ("America/Havana", date(2026, 11, 1)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("Europe/Moscow", date(2026, 11, 23)),
)


def window(zone: ZoneInfo, start: str, end: str, *days: int) -> Window:
    span = Span(days=frozenset(days or range(7)), start=parse_clock(start), end=parse_clock(end))
    return Window(name="nights", zone=zone, spans=(span,))


def at(zone: ZoneInfo, *fields: int, fold: int = 0) -> datetime:
    return datetime(*fields, tzinfo=zone, fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("hour", "minute", "is_active"),
    [(21, 59, False), (22, 0, True), (23, 59, True), (0, 0, True), (7, 59, True), (8, 0, False), (12, 0, False)],
)
def test_a_window_past_midnight(hour, minute, is_active):
    assert window(MOSCOW, "22:00", "08:00").is_active(at(MOSCOW, 2026, 11, 23, hour, minute)) is is_active


def test_the_day_is_the_day_the_span_starts():
    friday_night = window(MOSCOW, "22:00", "08:00", 4)
    assert not friday_night.is_active(at(MOSCOW, 2026, 11, 27, 7))
    assert friday_night.is_active(at(MOSCOW, 2026, 11, 27, 23))
    assert friday_night.is_active(at(MOSCOW, 2026, 11, 28, 7))
    assert not friday_night.is_active(at(MOSCOW, 2026, 11, 28, 23))


def test_a_window_that_is_always_open_never_changes():
    always = window(BERLIN, "00:00", "24:00")
    assert always.next_change(at(BERLIN, 2026, 3, 28, 12)) is None
    assert always.is_active(at(BERLIN, 2026, 3, 29, 3))
    never = Window(name="never", zone=BERLIN, spans=())
    assert (never.is_active(at(BERLIN, 2026, 3, 29)), never.next_change(at(BERLIN, 2026, 3, 29))) == (False, None)


def test_spans_that_touch_are_one():
    both = Window(name="both", zone=MOSCOW, spans=(*window(MOSCOW, "22:00", "24:00").spans, *window(MOSCOW, "00:00", "08:00").spans))
    assert both.next_change(at(MOSCOW, 2026, 11, 23, 23)) == at(MOSCOW, 2026, 11, 24, 8)


def test_next_change_is_the_opening_then_the_closing():
    weekend = window(MOSCOW, "10:00", "11:00", 6)
    assert weekend.next_change(at(MOSCOW, 2026, 11, 23, 3)) == at(MOSCOW, 2026, 11, 29, 10)
    assert weekend.next_change(at(MOSCOW, 2026, 11, 29, 10)) == at(MOSCOW, 2026, 11, 29, 11)


def test_a_start_in_the_gap_is_the_first_valid_instant():
    # Berlin, 29 March: 02:00 becomes 03:00.
    gap_ends = datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert instant_at(date(2026, 3, 29), parse_clock("02:00"), BERLIN) == gap_ends
    assert instant_at(date(2026, 3, 29), parse_clock("02:30"), BERLIN) == gap_ends
    assert instant_at(date(2026, 3, 29), parse_clock("02:30"), BERLIN, is_end=True) == gap_ends
    assert window(BERLIN, "02:30", "04:00").is_active(gap_ends)


def test_a_start_that_comes_twice_is_the_first_and_an_end_the_second():
    # Berlin, 25 October: 03:00 becomes 02:00.
    start, end = stretch_on(date(2026, 10, 25), parse_clock("02:15"), parse_clock("02:45"), BERLIN)
    assert (start, end) == (at(BERLIN, 2026, 10, 25, 2, 15, fold=0), at(BERLIN, 2026, 10, 25, 2, 45, fold=1))
    assert end - start == timedelta(minutes=90)


def test_a_window_the_clocks_skip_does_not_happen_and_comes_back_the_week_after():
    lost = window(BERLIN, "02:10", "02:50", 6)
    assert lost.next_change(at(BERLIN, 2026, 3, 23)) == at(BERLIN, 2026, 4, 5, 2, 10)


@cache
def watch(zone: ZoneInfo, day: date) -> list[tuple[datetime, datetime]]:
    """Every minute around the day and what the clock on the wall shows then."""
    begin = datetime.combine(day, time(), UTC) - timedelta(hours=30)
    return [(u, u.astimezone(zone).replace(tzinfo=None)) for u in (begin + timedelta(minutes=n) for n in range(90 * 60))]


@pytest.mark.parametrize(("zone", "day"), NIGHTS, ids=lambda value: str(value).replace("/", "-"))
@given(data=st.data())
def test_instants_agree_with_a_clock_watched_minute_by_minute(zone, day, data):
    place = ZoneInfo(zone)
    minute = data.draw(st.integers(0, 1440), label="minute")
    target = datetime.combine(day, time()) + timedelta(minutes=minute)
    shown = watch(place, day)
    after_gap = next(u for u, local in shown if local >= target)
    exact = [u for u, local in shown if local == target]
    assert instant_at(day, minute, place) == min(exact, default=after_gap)
    assert instant_at(day, minute, place, is_end=True) == max(exact, default=after_gap)


@st.composite
def cases(draw):
    zone, day = draw(st.sampled_from(NIGHTS))
    spans = []
    for _ in range(draw(st.integers(1, 3))):
        start, end = draw(st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda pair: pair[0] != pair[1]))
        spans.append(Span(days=frozenset(draw(st.sets(st.integers(0, 6), min_size=1))), start=start, end=end))
    now = datetime.combine(day, time(), UTC) + timedelta(minutes=draw(st.integers(-3 * 1440, 3 * 1440)))
    return Window(name="w", zone=ZoneInfo(zone), spans=tuple(spans)), now


@given(cases())
def test_the_state_holds_up_to_the_next_change_and_not_at_it(case):
    held, now = case
    change = held.next_change(now)
    state = held.is_active(now)
    if change is None:
        change = now + timedelta(days=15)
    else:
        assert change > now
        assert held.is_active(change) is not state
    steps = 60
    assert all(held.is_active(now + (change - now) * n / steps) is state for n in range(steps))
    assert held.is_active(change - timedelta(seconds=1)) is state


@given(cases())
def test_no_minute_is_lost_between_a_window_and_its_complement(case):
    held, now = case
    span = held.spans[0]
    day = Window(name="a", zone=held.zone, spans=(Span(days=frozenset(range(7)), start=span.start, end=span.end),))
    rest = Window(name="b", zone=held.zone, spans=(Span(days=frozenset(range(7)), start=span.end % 1440, end=span.start or 1440),))
    assert day.is_active(now) or rest.is_active(now)
