"""The product's reading of Telegram's markup against the far end's own, which the tests keep apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.channels.entities import find_problem
from tests.fakes.bot_entities import BadEntitiesError, parse_entities

RIGHT = (
    "plain",
    "<b>x</b>",
    "<b><i>x</i></b>",
    '<a href="https://a.example/?x=1&amp;y=2">x</a>',
    "<pre><code>x</code></pre>",
    "&lt;b&gt; &amp; &#39;",
    "a > b",
)
WRONG = (
    "<b>x",
    "x</b>",
    "<b><i>x</b></i>",
    "<h1>x</h1>",
    "a < b",
    "<a>x</a>",
    '<a href="javascript:x">x</a>',
    "<code><b>x</b></code>",
    "&nbsp;",
    "<b x=1>x</b>",
    "<",
)
WORDS = st.sampled_from(("<b>", "</b>", "<i>", "</i>", "<code>", "</code>", "x", " ", "<u", ">", "</", "<s>", "</s>", "<br>", "<div>"))


@pytest.mark.parametrize("markup", RIGHT)
def test_what_telegram_reads_is_right(markup: str) -> None:
    assert find_problem(markup) is None
    parse_entities(markup)


@pytest.mark.parametrize("markup", WRONG)
def test_what_telegram_refuses_is_said(markup: str) -> None:
    problem = find_problem(markup)
    assert problem is not None
    assert problem.message
    assert problem.hint
    assert 0 <= problem.offset <= len(markup)


@given(st.lists(WORDS, max_size=12).map("".join))
def test_what_the_far_end_refuses_is_never_right(markup: str) -> None:
    try:
        parse_entities(markup)
    except BadEntitiesError:
        assert find_problem(markup) is not None
