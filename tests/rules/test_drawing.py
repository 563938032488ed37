"""A logo draws and does nothing else."""

import pytest
from pydantic import TypeAdapter, ValidationError

from receiver.rules.drawing import LONGEST, Drawing

GOOD = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><style>path{fill:url(#a)} @media(prefers-color-scheme:dark){path{fill:#fff}}</style><linearGradient id="a"/><path d="M0 0h9v9z"/><use href="#a"/></svg>'
take = TypeAdapter(Drawing).validate_python


def inside(part: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">{part}</svg>'


def test_paths_styles_and_gradients_are_taken_as_they_are():
    assert take(f"\n  {GOOD}\n") == GOOD


@pytest.mark.parametrize(
    ("drawing", "complaint"),
    [
        (7, "not a drawing"),
        ("logo.svg", "not a drawing"),
        ("<svg", "cannot be read"),
        ('<svg viewBox="0 0 9 9"/>', "neither what it is"),
        ('<svg xmlns="http://www.w3.org/2000/svg"/>', "neither what it is"),
        (inside(" " * LONGEST), "characters"),
        (inside("<!-- x -->"), "no comments"),
        ('<svg><!DOCTYPE a [<!ENTITY b "c">]></svg>', "no comments"),
        (inside("<script>alert(1)</script>"), "<script>"),
        (inside('<x:script xmlns:x="http://www.w3.org/1999/xhtml"/>'), "<script>"),
        (inside("<foreignObject/>"), "<foreignObject>"),
        (inside('<path onload="alert(1)"/>'), "onload"),
        (inside('<use href="https://evil.example/x.svg"/>'), "href"),
        (inside('<use xlink:href="data:image/svg+xml,x"/>'), "href"),
        (inside('<a href="#x"/>'), "<a>"),
        (inside('<animateTransform attributeName="x"/>'), "<animateTransform>"),
        (inside('<path style="fill:url( https://evil.example)"/>'), "style="),
        (inside("<style>@import 'x.css';</style>"), "fetches"),
    ],
)
def test_whatever_else_it_might_do_is_refused(drawing, complaint):
    with pytest.raises(ValidationError, match=complaint):
        take(drawing)
