"""Matchers behave as Alertmanager's; durations as Prometheus's."""

import contextlib
import time
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.core.durations import DurationError, parse_duration
from receiver.core.matcher import MatcherError, parse_matcher


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        ('severity="critical"', {"severity": "critical"}, True),
        ('severity="critical"', {"severity": "criticality"}, False),
        ("severity=critical", {"severity": "critical"}, True),
        (' severity = "critical" ', {"severity": "critical"}, True),
        ('severity=""', {}, True),
        ('severity!=""', {}, False),
        ('severity!="info"', {}, True),
        ('service=~"shop-.*|mes"', {"service": "shop-db"}, True),
        ('service=~"shop-.*|mes"', {"service": "mes-db"}, False),
        ('service=~"a|b"', {"service": "ab"}, False),
        ('service=~"hop"', {"service": "shop"}, False),
        ('service=~".*"', {}, True),
        ('service!~".+"', {}, True),
        ('service!~"shop.*"', {"service": "shop-db"}, False),
        (r'a="x\"y\\z\nw"', {"a": 'x"y\\z\nw'}, True),
        ('"kibana.alert.rule"="x, y"', {"kibana.alert.rule": "x, y"}, True),
        ('a=~"Магазин.*"', {"a": "Магазин 1"}, True),
        ('a=~"b.*"', {"a": "b\ud800"}, True),
    ],
)
def test_matching(text: str, labels: dict[str, str], expected: bool) -> None:
    assert parse_matcher(text).matches(labels) is expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("severity", 'write name="value"'),
        ('severity=="critical"', "doubled ="),
        ('{severity="critical"}', "without braces|without them"),
        ('a="b", c="d"', "several matchers"),
        ('a="b', "unclosed"),
        ('a=~"(?=b)"', "RE2"),
        (r'a=~"(b)\\1"', "RE2"),
        ('a=~"x{1001}"', "RE2"),
        ('a=~"["', "RE2"),
        (f'a=~"{"b" * 1001}"', "within 1000"),
        ('a=~"((a{100}){100}){100}"', "RE2"),
        ('""="b"', "names no label"),
    ],
)
def test_wrong_matchers_say_what_to_write(text: str, says: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(MatcherError, match=says):
        parse_matcher(text)
    assert capfd.readouterr().err == ""


def test_no_expression_takes_long() -> None:
    matcher = parse_matcher('a=~"(?:a|aa)+"')
    began = time.perf_counter()
    assert not matcher.matches({"a": "a" * 5_000 + "b"})
    assert time.perf_counter() - began < 0.5


@given(st.text(), st.text())
def test_equality_of_any_text(value: str, other: str) -> None:
    quoted = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    assert parse_matcher(f'a="{quoted}"').matches({"a": other}) is (value == other)


@given(st.text())
def test_any_text_is_a_matcher_or_a_sentence(text: str) -> None:
    with contextlib.suppress(MatcherError):
        parse_matcher(text).matches({"a": text})


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("5m", 300),
        ("1h30m", 5400),
        ("1d", 86_400),
        ("2w", 1_209_600),
        ("1y", 31_536_000),
        ("250ms", 0.25),
        ("0", 0),
        ("0s", 0),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "5", "5 m", "m", "-5m", "1m1h", "1.5h", "٣s", "9999y", "10 sec"])
def test_wrong_durations_say_what_to_write(text: str) -> None:
    with pytest.raises(DurationError, match="write it like"):
        parse_duration(text)
