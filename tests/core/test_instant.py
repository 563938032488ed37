"""Instants on the wire: the common form has a reading of its own, which must never differ from the full one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.core.instant import LATEST, _parse, parse_instant, spell_instant, to_datetime

DAY = 86_400_000_000
CASES = {
    "1970-01-01T00:00:00Z": 0,
    "1970-01-02T00:00:00Z": DAY,
    "1970-01-02T00:00:00.123Z": DAY + 123_000,
    "1970-01-02t00:00:00.123z": DAY + 123_000,
    "1970-01-02 00:00:00,123Z": DAY + 123_000,
    "1970-01-02T00:00:00.123456789Z": DAY + 123_456,
    "1970-01-02T05:30:00+05:30": DAY,
    "1970-01-01T19:00:00-0500": DAY,
    "1970-01-01T23:59:60Z": DAY - 1_000_000,
    "0001-01-01T00:00:00Z": 0,
    "9999-12-31T23:59:59.999Z": 253_402_300_799_999_000,
}
NOT_INSTANTS = (
    "", "now", "2026-11-24", "2026-11-24T23:30:28", "2026-13-24T23:30:28Z", "2026-11-24T24:00:00Z", "2026-W47-2T23:30:28Z", "2026-W47-2T23:30:28.12Z",
    "2026-11-24T233028.1234Z", "2026-11-24x23:30:28.123Z", "2026-11-24T23:30:28.12ZZ", "２026-11-24T23:30:28.123Z",
)  # fmt: skip


@pytest.mark.parametrize("text", CASES)
def test_an_instant_is_microseconds_since_the_epoch(text):
    assert parse_instant(text) == CASES[text]


@pytest.mark.parametrize("text", NOT_INSTANTS)
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        parse_instant(text)
    with pytest.raises(ValueError, match=r".+"):
        spell_instant(text)


@given(st.integers(-(10**15), LATEST), st.sampled_from(("seconds", "milliseconds", "microseconds")))
def test_what_is_written_is_read_again(micros, precision):
    written = to_datetime(micros).isoformat(timespec=precision).replace("+00:00", "Z")
    kept = micros - micros % {"seconds": 1_000_000, "milliseconds": 1000, "microseconds": 1}[precision]
    assert parse_instant(written) == _parse(written) == max(kept, 0)
    assert spell_instant(written) == str(max(kept, 0)).zfill(18)


@given(st.from_regex(r"\d{4}[-W0]\d[\d-][-\d]\d\d[T tx]\d\d[:\d]\d\d[:\d]\d\d([.,:]\d{3})?[Zz0]", fullmatch=True))
def test_both_readings_agree_on_what_is_nearly_an_instant(text):
    try:
        full = _parse(text)
    except ValueError:
        full = None
    try:
        found = parse_instant(text)
        assert spell_instant(text) == str(found).zfill(18)
    except ValueError:
        found = None
    assert found == full
