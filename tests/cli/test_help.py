"""Every command says what it does, shows an example that works as it stands, and what its exit status means; lists speak JSON too."""

import argparse
import shlex
from collections.abc import Iterator

import pytest

from receiver.cli.main import parser


def commands(top: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Those that do something, with their whole name."""
    inner = [action for action in top._actions if isinstance(action, argparse._SubParsersAction)]
    if not inner:
        yield top
    for action in inner:
        for one in action.choices.values():
            yield from commands(one)


EVERY = [pytest.param(one, id=one.prog) for one in commands(parser())]


@pytest.fixture(autouse=True)
def _wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")


@pytest.mark.parametrize("one", EVERY)
def test_a_command_says_what_it_does_and_what_its_exit_status_means(one):
    text = one.format_help()
    assert one.description
    assert "exit status: 0" in text
    assert "2 wrong usage" in text


@pytest.mark.parametrize("one", EVERY)
def test_the_example_of_a_command_is_one_that_it_takes(one):
    (example,) = [line.strip() for line in one.format_help().split("example:\n")[1].splitlines() if line.startswith("  receiver ")]
    words = shlex.split(example.partition(" > ")[0])
    assert example.startswith(one.prog)
    assert parser().parse_args(words[1:]).command == one.prog.split()[1]


@pytest.mark.parametrize("one", EVERY)
def test_every_argument_of_a_command_says_what_it_is(one):
    assert [action.dest for action in one._actions if not action.help] == []


@pytest.mark.parametrize("one", [one for one in EVERY if one.values[0].prog.split()[-1] in ("list", "show", "stats", "oncall", "doctor")])
def test_what_lists_something_speaks_json_too(one):
    assert "--json" in one.format_help()
