"""Paths into a JSON body such as `$.events[*].state`: the small language of a generic source's mapping. Pure; read by `rules`, followed by `sources.generic`.

`$` is where one begins, `.name` or `['any name']` a member, `[0]` one item, `[*]` all of them. Nothing else: no filters, no recursion.
"""

import re
from dataclasses import dataclass
from typing import Any

_STEP = re.compile(r"\.([A-Za-z_][\w-]*)|\['([^']+)'\]|\[(\d+)\]|\[(\*)\]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Every:
    """All items of a list."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BodyPath:
    """A path that was read; `steps` are names, positions and `Every`."""

    text: str
    steps: tuple[str | int | Every, ...]

    def select(self, start: Any) -> list[Any]:
        """Everything the path leads to from here; empty where it leads nowhere. A null counts as nowhere."""
        found = [start]
        for step in self.steps:
            found = [below for here in found for below in _below(here, step)]
        return [value for value in found if value is not None]


def _below(here: Any, step: str | int | Every) -> list[Any]:
    match step, here:
        case str(), dict():
            return [here[step]] if step in here else []
        case int(), list():
            return [here[step]] if step < len(here) else []
        case Every(), list():
            return here
        case _:
            return []


def read_path(text: str) -> BodyPath:
    """Read a path; raises ValueError for anything that is none."""
    steps: list[str | int | Every] = []
    at = 1
    if not text.startswith("$"):
        raise ValueError(f"{text!r} does not begin with $")
    while at < len(text):
        found = _STEP.match(text, at)
        if not found:
            raise ValueError(f"{text!r} is no path from character {at + 1} on")
        name, quoted, position, _ = found.groups()
        steps.append(int(position) if position else (name or quoted or Every()))
        at = found.end()
    return BodyPath(text=text, steps=tuple(steps))


def place(path: BodyPath, value: Any, start: Any = None) -> Any:
    """Build the smallest body in which the path leads to this value, or add it to one that was built so; what stands there is kept."""
    return _place(path.steps, value, start)


def _place(steps: tuple[str | int | Every, ...], value: Any, here: Any) -> Any:
    if not steps:
        return {**here, **value} if isinstance(here, dict) and isinstance(value, dict) else value
    step, rest = steps[0], steps[1:]
    if isinstance(step, str):
        held = here if isinstance(here, dict) else {}
        return {**held, step: _place(rest, value, held.get(step))}
    at = step if isinstance(step, int) else 0
    items = list(here) if isinstance(here, list) else []
    items += [None] * (at + 1 - len(items))
    items[at] = _place(rest, value, items[at])
    return items
