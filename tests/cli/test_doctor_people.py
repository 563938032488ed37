"""The doctor names people whom no channel reaches."""

from receiver.cli.doctor import _people
from receiver.core.rulebook import Person
from tests.builders import rulebook


def test_who_cannot_be_reached_is_named():
    reached = {n: Person(id=n, name=n, **how) for n, how in {"a": {"telegram": 1}, "b": {"email": "b@c.example"}, "c": {"phone": "+1"}}.items()}
    assert _people(rulebook(people=reached)) == []
    (found,) = _people(rulebook(people={**reached, "vera": Person(id="vera", name="Vera")}))
    assert found.text.startswith("no way to reach vera: ")
