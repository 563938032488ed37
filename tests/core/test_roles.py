"""The table in the docs is the one in the code."""

import re
from pathlib import Path

from receiver.core.roles import MAY, ROLES, Verb, is_allowed

PAGE = Path(__file__).parents[2] / "docs/roles.md"


def table() -> str:
    """The table as the page must have it."""
    head = f"| verb | {' | '.join(ROLES)} |\n| --- |{' :-: |' * len(ROLES)}\n"
    return head + "".join(f"| {verb.value} | {' | '.join('✓' if role in MAY[verb] else '' for role in ROLES)} |\n" for verb in Verb)


def test_the_page_shows_who_may_do_what_as_it_is():
    text = PAGE.read_text("utf-8")
    assert re.findall(r"(?:^\|.*\n)+", text, re.M)[0] == table(), f"write this into {PAGE}:\n{table()}"


def test_every_verb_has_its_line_and_no_role_that_does_not_exist():
    assert set(MAY) == set(Verb)
    assert {role for roles in MAY.values() for role in roles} <= set(ROLES)
    assert not any(is_allowed(verb, ()) for verb in Verb)
