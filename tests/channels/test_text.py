"""Telegram's arithmetic: UTF-16 units, and cuts that split no character and no entity."""

import html
import unicodedata
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from receiver.channels.render import Renderer
from receiver.channels.text import LIMIT, cut_html, cut_plain, plain_text, utf16_length, visible_length
from receiver.channels.visible import visible
from receiver.channels.words import ago, form, ordinal, span
from receiver.core.incident import State
from tests.builders import NOW, alert, incident
from tests.fakes.bot_entities import parse_entities
from tests.harness import ROOT

RENDERER = Renderer(ROOT / "message_templates")
ANY = st.characters(codec=None) | st.sampled_from("\u202e\u2066\u200d\ufe0f\U000e0041\x00\r\n\t&<>\"'`{}%$@/ \ud800\udfff😀й")
TEXT = st.text(ANY, max_size=60) | st.sampled_from(["<b>", "</b>", "&lt;", "&#0;", "<a href='tg://user?id=1'>", "{{7*7}}", "{% raw %}", "]]>", "<!--"])
PIECES = st.lists(st.tuples(st.sampled_from(["", "b", "i", "code", "blockquote"]), TEXT), max_size=40)


@pytest.mark.parametrize(("text", "units"), [("", 0), ("a", 1), ("й", 1), ("😀", 2), ("👩‍👩‍👧", 8), ("e\u0301", 2), ("\ud800", 1)])
def test_length_counts_utf16_units(text, units):
    assert utf16_length(text) == units


@pytest.mark.parametrize(
    ("markup", "limit", "cut"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("<b>abcd</b>", 3, "<b>ab…</b>"),
        ("<b>ab</b><i>cdef</i>", 4, "<b>ab</b><i>c…</i>"),
        ("a&amp;&amp;&amp;", 3, "a&amp;…"),
        ("😀😀", 3, "😀…"),
        ("a😀😀", 4, "a😀…"),
        ('<a href="https://x.example/?a=1&amp;b=2">abcd</a>', 3, '<a href="https://x.example/?a=1&amp;b=2">ab…</a>'),
    ],
)
def test_a_cut_splits_no_entity_and_no_character(markup, limit, cut):
    assert cut_html(markup, limit) == cut


def test_a_plain_cut_splits_no_surrogate_pair():
    assert cut_plain("😀" * 3, 6) == "😀" * 3
    assert cut_plain("a" + "😀" * 3, 6) == "a😀😀…"
    assert cut_plain("😀" * 3, 4) == "😀…"


@settings(deadline=None)
@given(PIECES, st.integers(1, 200))
def test_whatever_is_cut_the_far_end_can_still_read_it(pieces, limit):
    markup = "".join(f"<{tag}>{html.escape(text)}</{tag}>" if tag else html.escape(text) for tag, text in pieces)
    cut = cut_html(markup, limit)
    assert visible_length(cut) <= limit
    whole = plain_text(markup)
    assert parse_entities(cut) == whole or whole.startswith(parse_entities(cut).removesuffix("…"))


@settings(deadline=None)
@given(st.text(ANY, max_size=400))
def test_nothing_invisible_reaches_a_reader(text):
    shown = visible(text)
    assert len(shown) <= 200
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(c) in ("RLO", "LRO", "RLE", "LRE")]


@settings(deadline=None)
@given(
    st.lists(st.tuples(TEXT, TEXT, TEXT, TEXT), min_size=1, max_size=14),
    st.dictionaries(st.sampled_from(["summary", "description", "value", "unit", "threshold", "trace_id", "runbook_url"]), TEXT),
    TEXT,
    st.sampled_from(State),
    st.sampled_from(["incident", "ended", "worse", "reopened", "why"]),
    st.sampled_from(["en", "ru"]),
)
def test_whatever_labels_hold_the_far_end_takes_the_message(labels, notes, name, state, kind, language):
    alerts = [replace(alert(f"{n}", alertname=a, service=s, instance=i, pod=p), annotations=notes, id=f"{n}") for n, (a, s, i, p) in enumerate(labels)]
    over = {"resolved_at": NOW, "resolved_by": name} if state is State.RESOLVED else {}
    shown = incident(*alerts, state=state, acknowledged_by=name, acknowledged_at=NOW, failed={name: name}, **over)
    args = {"severity": "critical", "systems": name}
    message = RENDERER.render(kind, shown, language=language, timezone="UTC", now=NOW + timedelta(hours=1), services={}, args=args)
    seen = parse_entities(cut_html(message.html))
    assert seen.strip()
    assert 0 < utf16_length(seen) <= LIMIT
    seen.encode()  # no lone surrogate: the request could not be written
    assert "Error" not in message.html.splitlines()[-1], "no template failed"


@pytest.mark.parametrize(
    ("seconds", "en", "ru"),
    [
        (3, "just now", "только что"),
        (-5, "just now", "только что"),
        (47, "47 s ago", "47 с назад"),
        (125, "2 min ago", "2 мин назад"),
        (3600, "1 h ago", "1 ч назад"),
        (4800, "1 h 20 min ago", "1 ч 20 мин назад"),
        (183600, "2 d 3 h ago", "2 д 3 ч назад"),
    ],
)
def test_how_long_ago_as_people_say_it(seconds, en, ru):
    assert (ago(timedelta(seconds=seconds), "en"), ago(timedelta(seconds=seconds), "ru")) == (en, ru)


def test_russian_numbers_take_their_form():
    forms = ("алерт", "алерта", "алертов")
    said = {n: form(n, forms) for n in range(130)}
    assert [n for n in said if said[n] == "алерт"] == [1, 21, 31, 41, 51, 61, 71, 81, 91, 101, 121]
    assert [n for n in said if said[n] == "алерта"][:7] == [2, 3, 4, 22, 23, 24, 32]
    assert {said[n] for n in (0, 5, 11, 12, 13, 14, 19, 20, 25, 111, 112, 114)} == {"алертов"}


def test_ordinals():
    assert [ordinal(n, "en") for n in (1, 2, 3, 4, 11, 12, 13, 21, 112)] == ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th"]
    assert ordinal(3, "ru") == "3-й"


def test_a_span_names_its_two_largest_units():
    spans = [timedelta(seconds=59), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(days=1, hours=2, minutes=3)]
    assert [span(s, "en") for s in spans] == ["59 s", "1 min", "1 h", "1 d", "1 d 2 h"]
