"""Where a measured value is going: a straight line through it, how sure that line is, and when it meets a limit. Pure.

Ordinary least squares; the interval is that of the slope, twice its standard error. Neighbouring samples of a metric resemble each other, so
their number overstates how much is known: the standard error counts one independent sample per quarter of an hour
(an effective sample size; plain OLS would call every drift of ten minutes certain).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

INDEPENDENT = timedelta(minutes=15)
LEAST_SPAN = timedelta(minutes=45)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One measured value; `at` in UTC."""

    at: datetime
    value: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Trend:
    """`per_hour` with its error (twice the standard error), over `span`; `last` is the line's value at `at` (UTC)."""

    at: datetime
    last: float
    per_hour: float
    error: float
    span: timedelta

    @property
    def is_steady(self) -> bool:
        """True when even the edge of the interval has the same direction, and the span is long enough to speak of one."""
        return self.span >= LEAST_SPAN and abs(self.per_hour) > self.error


@dataclass(frozen=True, kw_only=True, slots=True)
class Exhaustion:
    """When a limit is met at this rate: the likely instant and the edges of the interval (UTC); `latest` is none when it may never be."""

    at: datetime
    earliest: datetime
    latest: datetime | None


def fit_trend(samples: Sequence[Sample]) -> Trend | None:
    """A line through the samples; one that says nothing of the direction for fewer than three of them or all at one instant, none where there is no number."""
    found = [s for s in samples if math.isfinite(s.value)]
    if not found:
        return None
    start, end = found[0].at, found[-1].at
    if len(found) < 3 or end <= start:
        return Trend(at=end, last=found[-1].value, per_hour=0.0, error=math.inf, span=end - start)
    hours = [(s.at - start).total_seconds() / 3600 for s in found]
    middle, level = sum(hours) / len(hours), sum(s.value for s in found) / len(found)
    spread = sum((h - middle) ** 2 for h in hours)
    slope = sum((h - middle) * (s.value - level) for h, s in zip(hours, found, strict=True)) / spread
    rest = sum((s.value - level - slope * (h - middle)) ** 2 for h, s in zip(hours, found, strict=True))
    independent = min(float(len(found)), max(3.0, (end - start) / INDEPENDENT + 1))
    error = math.sqrt(rest / (len(found) - 2) / spread * len(found) / independent)
    return Trend(at=end, last=level + slope * (hours[-1] - middle), per_hour=slope, error=2 * error, span=end - start)


def find_exhaustion(trend: Trend, limit: float, *, within: timedelta = timedelta(days=30)) -> Exhaustion | None:
    """When the line meets the limit; none when it moves away, is not steady, or needs longer than `within`."""
    gap = limit - trend.last
    if not trend.is_steady or gap * trend.per_hour <= 0:
        return None
    way = 1 if trend.per_hour > 0 else -1
    likely, fast, slow = (gap / rate for rate in (trend.per_hour, trend.per_hour + way * trend.error, trend.per_hour - way * trend.error))
    if likely > within / timedelta(hours=1):
        return None
    latest = trend.at + timedelta(hours=slow) if 0 < slow <= within / timedelta(hours=1) else None
    return Exhaustion(at=trend.at + timedelta(hours=likely), earliest=trend.at + timedelta(hours=fast), latest=latest)
