"""An alert's own measurement: the series of its rule's expression that are this alert's, with threshold and unit. Used by `observer` and `painter`."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from receiver.clients.prometheus import Prometheus, Series
from receiver.core.alert import Alert
from receiver.core.expression import Condition, read_condition
from receiver.core.trend import Sample

PERCENT = "%"
INSTANCES = ("instance", "pod")
_HUNDRED = re.compile(r"(?<![\w.])100\s*[*]|[*]\s*100(?![\w.])")


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """The series of an alert, largest label overlap first, and those of all instances of its system; values and threshold in `unit`."""

    series: tuple[Series, ...]
    instances: tuple[Series, ...]
    threshold: float | None
    unit: str
    is_floor: bool = False


async def measure(prometheus: Prometheus, alert: Alert, start: datetime, end: datetime) -> Measured | None:
    """What the alert's rule measured from `start` to `end` (UTC); none when no rule of this name has values. Raises PrometheusUnavailableError."""
    for expression in await prometheus.expressions(alert.name, alert.labels):
        condition = read_condition(expression)
        everybody = await prometheus.over(condition.value, start, end)
        found = own_series(everybody, alert.labels)
        if found:
            unit = alert.annotations.get("unit", "")
            scale = scale_by(condition, alert.annotations)
            threshold = limit_of(alert.annotations, None if condition.threshold is None else condition.threshold * scale)
            own, beside = (tuple(scaled(one, scale) for one in some) for some in (found, instances_of(everybody, alert.labels)))
            return Measured(series=own, instances=beside, threshold=threshold, unit=unit, is_floor=condition.is_floor)
    return None


def limit_of(annotations: Mapping[str, str], compared: float | None) -> float | None:
    """The threshold that the message names, else `compared`, what the rule compares with; both in the alert's unit.

    A rule that foresees something compares first with what is worth a look (60 %), and its annotation says where it ends (100 %).
    """
    try:
        said = float(annotations.get("threshold", ""))
    except ValueError:
        return compared
    return said if math.isfinite(said) else compared


def scale_by(condition: Condition, annotations: Mapping[str, str]) -> float:
    """As `scale_of`; a rule that multiplies by a hundred, or compares with the very number its annotation names, is in per cent already."""
    if _HUNDRED.search(condition.value) or limit_of(annotations, None) == condition.threshold:
        return 1.0
    return scale_of(annotations.get("unit", ""), condition.threshold)


def own_series(found: Sequence[Series], labels: Mapping[str, str]) -> tuple[Series, ...]:
    """Those that do not contradict the alert's labels: a rule may sum some of them away and add others of its own."""
    own = [one for one in found if all(labels.get(name, value) == value for name, value in one.labels.items())]
    return tuple(sorted(own, key=lambda one: -len(one.labels.keys() & labels.keys())))


def instances_of(found: Sequence[Series], labels: Mapping[str, str]) -> tuple[Series, ...]:
    """The same measured of every instance of the alert's system; none where it is not measured by instance."""
    same = own_series(found, {name: value for name, value in labels.items() if name not in INSTANCES})
    return tuple(one for one in same if one.labels.keys() & set(INSTANCES))


def scale_of(unit: str, limit: float | None) -> float:
    """Rules compare ratios, people read per cent: a limit of at most one in per cent is a ratio."""
    return 100.0 if unit == PERCENT and limit is not None and abs(limit) <= 1 else 1.0


def scaled(series: Series, scale: float) -> Series:
    """The same series in another unit."""
    if scale == 1.0:
        return series
    return Series(labels=series.labels, samples=tuple(Sample(at=s.at, value=s.value * scale) for s in series.samples))
