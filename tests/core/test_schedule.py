"""Rotations on every night the clocks change, restrictions, overrides, calendars: who is on call at each instant."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.core.local import instant_at, parse_clock
from receiver.core.schedule import FIRST_MONDAY, Layer, Rotation, Schedule, Shift
from receiver.core.window import Span, Window

MOSCOW, BERLIN = ZoneInfo("Europe/Moscow"), ZoneInfo("Europe/Berlin")
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "America/Havana", "Antarctica/Troll")
ANNA, BORIS, VERA = ("anna",), ("boris",), ("vera",)
DAY = timedelta(days=1)


def nights_of(zone: str) -> list[tuple[str, date]]:
    """Every local day of 2026 and 2027 on which the clocks of a zone change."""
    place, first = ZoneInfo(zone), datetime(2026, 1, 1, tzinfo=UTC)
    offsets = [((first + n * DAY).astimezone(place).utcoffset(), (first + n * DAY).astimezone(place).date()) for n in range(730)]
    return [(zone, before[1]) for before, after in pairwise(offsets) if before[0] != after[0]]


NIGHTS = [night for zone in ZONES for night in nights_of(zone)]


def rotation(days: int = 1, clock: str = "10:00", first: date = FIRST_MONDAY) -> Rotation:
    return Rotation(first=first, days=days, minute=parse_clock(clock))


def layer(*groups: tuple[str, ...], turns: Rotation | None = None, hours: Window | None = None, since: datetime | None = None) -> Layer:
    return Layer(groups=groups, rotation=turns, hours=hours, since=since)


def schedule(*layers: Layer, zone: ZoneInfo = MOSCOW, overrides: tuple[Shift, ...] = (), imported: tuple[Shift, ...] = ()) -> Schedule:
    return Schedule(name="primary", where="schedules.yaml:3", zone=zone, layers=layers, overrides=overrides, imported=imported)


def hours(zone: ZoneInfo, start: str, end: str, *days: int) -> Window:
    return Window(name="", zone=zone, spans=(Span(days=frozenset(days or range(7)), start=parse_clock(start), end=parse_clock(end)),))


def at(zone: ZoneInfo, *fields: int, fold: int = 0) -> datetime:
    return datetime(*fields, tzinfo=zone, fold=fold).astimezone(UTC)


def test_every_zone_under_test_changes_its_clocks():
    assert {zone for zone, _ in NIGHTS} == set(ZONES)
    assert len(NIGHTS) >= 4 * len(ZONES)


def test_a_weekly_rotation_hands_over_on_its_day_and_time():
    weekly = schedule(layer(ANNA, BORIS, turns=rotation(7, first=date(2026, 11, 23))))
    assert weekly.on_call(at(MOSCOW, 2026, 11, 23, 10)) == ANNA
    assert weekly.on_call(at(MOSCOW, 2026, 11, 30, 9, 59)) == ANNA
    assert weekly.on_call(at(MOSCOW, 2026, 11, 30, 10)) == BORIS
    assert weekly.on_call(at(MOSCOW, 2026, 12, 7, 10)) == ANNA
    assert weekly.on_call(at(MOSCOW, 2026, 11, 23, 9, 59)) == BORIS
    assert weekly.next_change(at(MOSCOW, 2026, 11, 24)) == at(MOSCOW, 2026, 11, 30, 10)
    assert weekly.last_change(at(MOSCOW, 2026, 11, 24)) == at(MOSCOW, 2026, 11, 23, 10)
    assert weekly.last_change(at(MOSCOW, 2026, 11, 30, 10)) == at(MOSCOW, 2026, 11, 30, 10)


@pytest.mark.parametrize("days", [1, 3, 7, 14])
def test_turns_come_in_the_order_of_the_file(days):
    turns = schedule(layer(ANNA, BORIS, VERA, turns=rotation(days)), zone=BERLIN)
    start = instant_at(FIRST_MONDAY, parse_clock("10:00"), BERLIN)
    shifts = turns.shifts(start, start + 12 * days * DAY)
    assert [shift.people for shift in shifts[:12]] == [ANNA, BORIS, VERA] * 4
    assert all(abs(shift.end - shift.start - days * DAY) <= timedelta(hours=1) for shift in shifts[:11])


def test_a_layer_is_not_there_before_it_starts():
    starts = at(MOSCOW, 2026, 11, 23, 10)
    later = schedule(layer(VERA), layer(ANNA, BORIS, turns=rotation(7), since=starts))
    assert later.on_call(starts - timedelta(minutes=1)) == VERA
    assert later.on_call(starts) != VERA
    alone = schedule(layer(ANNA, since=starts))
    assert alone.gaps(starts - DAY, starts + DAY) == (Shift(start=starts - DAY, end=starts, people=()),)


def test_a_later_layer_covers_an_earlier_one_in_its_hours_past_midnight():
    nights = schedule(layer(ANNA), layer(BORIS, hours=hours(MOSCOW, "22:00", "08:00", 0, 1, 2, 3, 4)))
    friday = at(MOSCOW, 2026, 11, 27, 12)
    assert [(s.people, s.end) for s in nights.shifts(friday, friday + 2 * DAY)] == [
        (ANNA, at(MOSCOW, 2026, 11, 27, 22)),
        (BORIS, at(MOSCOW, 2026, 11, 28, 8)),
        (ANNA, friday + 2 * DAY),
    ]


def test_a_team_is_on_call_together_and_an_empty_one_covers_nobody():
    assert schedule(layer(("anna", "boris"))).on_call(at(MOSCOW, 2026, 11, 23)) == ("anna", "boris")
    assert schedule(layer(VERA), layer(())).on_call(at(MOSCOW, 2026, 11, 23)) == VERA


def test_overrides_cover_the_calendar_the_calendar_covers_layers_and_the_later_listed_wins():
    noon = at(MOSCOW, 2026, 11, 23, 12)
    span = {"start": noon, "end": noon + timedelta(hours=4)}
    calendar = (Shift(**span, people=BORIS), Shift(start=noon, end=noon + timedelta(hours=1), people=ANNA))
    early, late = Shift(start=noon, end=noon + timedelta(hours=2), people=ANNA), Shift(start=noon, end=noon + timedelta(hours=1), people=VERA)
    assert schedule(layer(VERA), imported=calendar).on_call(noon) == ("anna", "boris")
    assert schedule(layer(VERA), imported=calendar).on_call(noon + timedelta(hours=1)) == BORIS
    assert schedule(layer(VERA), imported=calendar).on_call(noon + timedelta(hours=4)) == VERA
    both = schedule(layer(BORIS), imported=calendar, overrides=(early, late))
    assert [both.on_call(noon + timedelta(hours=n)) for n in range(3)] == [VERA, ANNA, BORIS]


def test_one_person_alone_never_changes():
    alone = schedule(layer(ANNA, turns=rotation(7)))
    now = at(MOSCOW, 2026, 11, 23)
    assert (alone.next_change(now), alone.last_change(now)) == (None, None)
    assert [s.people for s in alone.shifts(now, now + 60 * DAY)] == [ANNA]
    assert schedule().gaps(now, now + DAY) == (Shift(start=now, end=now + DAY, people=()),)


def test_a_hand_off_that_does_not_exist_is_the_first_instant_after_the_gap():
    nightly = schedule(layer(ANNA, BORIS, turns=rotation(1, "02:30")), zone=BERLIN)
    gap_ends = datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert nightly.next_change(gap_ends - timedelta(minutes=1)) == gap_ends
    assert nightly.on_call(gap_ends - timedelta(seconds=1)) != nightly.on_call(gap_ends)
    assert nightly.next_change(gap_ends) == at(BERLIN, 2026, 3, 30, 2, 30)


def test_a_hand_off_that_comes_twice_is_the_first():
    nightly = schedule(layer(ANNA, BORIS, turns=rotation(1, "02:30")), zone=BERLIN)
    first = at(BERLIN, 2026, 10, 25, 2, 30, fold=0)
    assert nightly.next_change(at(BERLIN, 2026, 10, 25)) == first
    assert nightly.next_change(first) == at(BERLIN, 2026, 10, 26, 2, 30)


def test_an_hour_that_is_shown_again_on_the_day_before_stays_in_the_turn_that_began():
    # St. John's, 7 November 2010: at 00:01 the clocks went back to 23:01 of the 6th.
    place = ZoneInfo("America/St_Johns")
    daily = schedule(layer(ANNA, BORIS, turns=rotation(1, "00:00", first=date(2010, 11, 6))), zone=place)
    midnight = at(place, 2010, 11, 7)
    again = at(place, 2010, 11, 6, 23, 30, fold=1)
    assert (again - midnight, again.astimezone(place).day) == (timedelta(minutes=30), 6)
    assert [daily.on_call(now) for now in (midnight - timedelta(seconds=1), midnight, again)] == [ANNA, BORIS, BORIS]
    assert daily.next_change(midnight) == at(place, 2010, 11, 8)


@pytest.mark.parametrize(("zone", "day"), NIGHTS, ids=lambda value: str(value).replace("/", "-"))
def test_a_days_turn_over_the_night_is_longer_or_shorter_by_what_the_clocks_move(zone, day):
    place = ZoneInfo(zone)
    daily = schedule(layer(ANNA, BORIS, VERA, turns=rotation(1, "12:00")), zone=place)
    noon = datetime.combine(day - DAY, time(12), place)
    start, moved = noon.astimezone(UTC), (noon + 3 * DAY).utcoffset() - noon.utcoffset()
    lengths = [shift.end - shift.start for shift in daily.shifts(start, (noon + 3 * DAY).astimezone(UTC))]
    assert sorted(lengths) == sorted([DAY, DAY, DAY - moved])
    assert abs(moved) in (timedelta(hours=2), timedelta(hours=1), timedelta(minutes=30))


@cache
def watch(zone: str, day: date) -> list[tuple[datetime, datetime]]:
    """Every minute around the night and what the clock on the wall shows then."""
    begin, place = datetime.combine(day, time(), UTC) - 2 * DAY, ZoneInfo(zone)
    return [(u, u.astimezone(place).replace(tzinfo=None)) for u in (begin + timedelta(minutes=n) for n in range(6 * 24 * 60))]


@pytest.mark.parametrize(("zone", "day"), NIGHTS, ids=lambda value: str(value).replace("/", "-"))
@given(minute=st.integers(0, 1439))
def test_turns_agree_with_a_clock_watched_minute_by_minute(zone, day, minute):
    daily = schedule(layer(ANNA, BORIS, VERA, turns=Rotation(first=FIRST_MONDAY, days=1, minute=minute)), zone=ZoneInfo(zone))
    minutes = watch(zone, day)
    hand_offs = [datetime.combine(day + n * DAY, time()) + timedelta(minutes=minute) for n in range(-1, 3)]
    expected = [next(u for u, shown in minutes if shown >= each) for each in hand_offs]
    shifts = daily.shifts(expected[0], expected[-1])
    assert [shift.start for shift in shifts] == expected[:-1]
    order = [ANNA, BORIS, VERA] * 2
    begin = order.index(shifts[0].people)
    assert [shift.people for shift in shifts] == order[begin : begin + 3]


@st.composite
def cases(draw):
    """A schedule of every part it may have, over a night the clocks change, and an interval around it."""
    zone, day = draw(st.sampled_from(NIGHTS))
    place, night = ZoneInfo(zone), datetime.combine(day, time(), UTC)
    instants = st.integers(-4 * 1440, 4 * 1440).map(lambda minutes: night + timedelta(minutes=minutes))
    groups = st.lists(st.sampled_from([ANNA, BORIS, VERA, ("anna", "vera"), ()]), min_size=1, max_size=4).map(tuple)

    def a_layer():
        turns = draw(st.none() | st.builds(Rotation, first=st.just(FIRST_MONDAY), days=st.sampled_from([1, 2, 3, 7]), minute=st.integers(0, 1439)))
        start, end = draw(st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda pair: pair[0] != pair[1]))
        spans = (Span(days=frozenset(draw(st.sets(st.integers(0, 6), min_size=1))), start=start, end=end),)
        held = draw(st.none() | st.just(Window(name="", zone=place, spans=spans)))
        return layer(*draw(groups), turns=turns, hours=held, since=draw(st.none() | instants))

    def stretches():
        pairs = draw(st.lists(st.tuples(instants, instants).filter(lambda pair: pair[0] < pair[1]), max_size=2))
        return tuple(Shift(start=start, end=end, people=draw(st.sampled_from([ANNA, BORIS]))) for start, end in pairs)

    start, end = draw(st.tuples(instants, instants).filter(lambda pair: pair[0] < pair[1]))
    made = schedule(*(a_layer() for _ in range(draw(st.integers(0, 3)))), zone=place, overrides=stretches(), imported=stretches())
    return made, start, end


@given(cases(), st.lists(st.integers(0, 999), min_size=30, max_size=30))
def test_shifts_tile_the_interval_and_each_instant_is_in_the_shift_of_who_is_on_call(case, places):
    made, start, end = case
    shifts = made.shifts(start, end)
    assert (shifts[0].start, shifts[-1].end) == (start, end)
    assert all(one.start < one.end for one in shifts)
    assert all(one.end == two.start and one.people != two.people for one, two in pairwise(shifts))
    edges = [moment for shift in shifts for moment in (shift.start, shift.end - timedelta(seconds=1))]
    for now in [*edges, *(start + (end - start) * place / 1000 for place in places)]:
        assert [made.on_call(now)] == [shift.people for shift in shifts if shift.holds(now)]
    assert made.gaps(start, end) == tuple(shift for shift in shifts if not shift.people)


@given(cases())
def test_the_next_and_the_last_change_are_the_ends_of_the_shift(case):
    made, now, _ = case
    people = made.on_call(now)
    until, since = made.next_change(now), made.last_change(now)
    if until:
        assert until > now
        assert made.on_call(until) != people
        assert [s.people for s in made.shifts(now, until)] == [people]
    if since:
        assert since <= now
        assert made.on_call(since - timedelta(seconds=1)) != people
        assert since == now or [s.people for s in made.shifts(since, now)] == [people]
