"""An index over the children of a route, so that a thousand siblings cost no more than the few that may match. Called by `route`.

Each child is filed under one label whose values it names (`a="x"`, or `a=~"x|y"` of plain words); the rest are always tried.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from receiver.core.matcher import Matcher

_FEW = 4
_WORDS = re.compile(r"[\w-]+(?:\|[\w-]+)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Branches:
    """Positions of children: `filed` by label and value, `rest` for those that must always be tried."""

    filed: tuple[tuple[str, Mapping[str, tuple[int, ...]]], ...]
    rest: tuple[int, ...]

    def candidates(self, labels: Mapping[str, str]) -> Sequence[int]:
        """The children that may take these labels, in the order of the file; all others surely do not."""
        found = [positions for name, by_value in self.filed if (positions := by_value.get(labels.get(name, "")))]
        if not found:
            return self.rest
        if len(found) == 1 and not self.rest:
            return found[0]
        return sorted([*self.rest, *(position for positions in found for position in positions)])


def file_branches(children: Sequence[Iterable[Matcher]]) -> Branches:
    """Build the index from each child's matchers; a handful of children is not worth one."""
    everything = tuple(range(len(children)))
    if len(children) <= _FEW:
        return Branches((), everything)
    named = [{matcher.name: values for matcher in matchers if (values := _values(matcher))} for matchers in children]
    # File by the label that tells the siblings apart best.
    variety: dict[str, set[str]] = {}
    for names in named:
        for name, values in names.items():
            variety.setdefault(name, set()).update(values)
    filed: dict[str, dict[str, list[int]]] = {}
    for position, names in enumerate(named):
        if names:
            best = max(names, key=lambda name: len(variety[name]))
            for value in names[best]:
                filed.setdefault(best, {}).setdefault(value, []).append(position)
    frozen = tuple((name, {value: tuple(found) for value, found in by_value.items()}) for name, by_value in filed.items())
    return Branches(frozen, tuple(position for position in everything if not named[position]))


def _values(matcher: Matcher) -> frozenset[str]:
    """Every value the matcher takes, when it names them; empty when it does not."""
    if matcher.op == "=":
        return frozenset((matcher.value,))
    if matcher.op == "=~" and _WORDS.fullmatch(matcher.value):
        return frozenset(matcher.value.split("|"))
    return frozenset()
