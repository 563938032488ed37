"""What a picture of an alert shows, in the words of its reader. Made by `workers.painter`, drawn by `channels.graph`.

Kept apart from the drawing, so that the plotting library is loaded by nobody but the process that draws.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from receiver.channels.visible import visible
from receiver.channels.words import number, unit_name
from receiver.core.trend import Sample

SHORT_UNIT = 4
_BYTES = ("B", "KiB", "MiB", "GiB", "TiB")


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One measured series with what tells it from the others."""

    name: str
    samples: tuple[Sample, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Graph:
    """What is drawn, ready to be read: instants in UTC, shown in `zone`; values and threshold in `unit`, which is in the reader's language.

    The worst line comes first; `ended` is none while the incident lasts.
    """

    title: str
    lines: tuple[Line, ...]
    since: datetime
    now: datetime
    zone: str
    language: str
    threshold: float | None = None
    is_floor: bool = False
    unit: str = ""
    ended: datetime | None = None


def readable(graph: Graph) -> Graph:
    """The same with bytes and fractions of a second in a unit of their size, and the unit in the reader's language."""
    values = [abs(s.value) for line in graph.lines for s in line.samples if math.isfinite(s.value)]
    factor, unit = _scale(graph.unit, max(values, default=0.0))
    unit = visible(unit_name(unit, graph.language), 20)
    if factor == 1.0:
        return replace(graph, unit=unit)
    lines = tuple(replace(line, samples=tuple(Sample(at=s.at, value=s.value * factor) for s in line.samples)) for line in graph.lines)
    return replace(graph, unit=unit, lines=lines, threshold=None if graph.threshold is None else graph.threshold * factor)


def _scale(unit: str, largest: float) -> tuple[float, str]:
    if unit in ("bytes", "B") and largest >= 1024:
        step = min(int(math.log2(largest) / 10), len(_BYTES) - 1)
        return 1024.0**-step, _BYTES[step]
    if unit == "s" and 0 < largest < 0.1:
        return 1000.0, "ms"
    return 1.0, "B" if unit == "bytes" else unit


def said(value: float, graph: Graph, *, is_short: bool = False) -> str:
    """A value with its unit; on an axis only with a unit that has room there."""
    has_room = len(graph.unit) <= SHORT_UNIT or not is_short
    unit = graph.unit if graph.unit.startswith("/") else f"\u00a0{graph.unit}"
    return number(value, graph.language) + (unit if graph.unit and has_room else "")


def latest(line: Line) -> Sample | None:
    """The last value that is a number."""
    return next((one for one in reversed(line.samples) if math.isfinite(one.value)), None)


def by_badness(lines: Sequence[Line], *, is_floor: bool) -> tuple[Line, ...]:
    """The worst first: the highest peak, or the deepest where an alert fires below its threshold; lines without a number are left out."""
    found = [(max((-s.value if is_floor else s.value) for s in line.samples if math.isfinite(s.value)), line) for line in lines if latest(line)]
    return tuple(line for _, line in sorted(found, key=lambda one: (-one[0], one[1].name)))
