"""Which system stands on which, from the catalogue's `depends_on`. Pure; used by `rulebook` and `core.correlation`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Graph:
    """The arrows of the catalogue; the rules' check has refused circles. `lines` is where a service says what it depends on."""

    depends_on: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lines: Mapping[str, str] = field(default_factory=dict)

    def below(self, service: str) -> Mapping[str, tuple[str, ...]]:
        """Every system this one stands on, nearest first, each with the way to it: `shop → api → db`."""
        return _reach(service, self.depends_on)

    def above(self, service: str) -> tuple[str, ...]:
        """Every system that stands on this one, nearest first."""
        resting: dict[str, list[str]] = {}
        for one, lower in self.depends_on.items():
            for each in lower:
                resting.setdefault(each, []).append(one)
        return tuple(_reach(service, resting))


def _reach(service: str, arrows: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """In breadth first order, so that the way to each is a shortest one; the first named wins."""
    found: dict[str, tuple[str, ...]] = {service: (service,)}
    for at in (edge := [service]):
        for each in arrows.get(at, ()):
            if each not in found:
                found[each] = (*found[at], each)
                edge.append(each)
    del found[service]
    return found
