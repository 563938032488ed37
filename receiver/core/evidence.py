"""What the numbers say of a saturated system: where it stands, where it goes, what else is full, and what would help. Pure.

Called by `workers.observer` with what Prometheus answered; the outcome is kept on the incident and said in its message. Whoever decides on
scaling reads it, so it says nothing the numbers do not carry: without a steady trend there is no time to exhaustion and no advice.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from receiver.core.remedy import Remedy
from receiver.core.trend import Exhaustion, Trend, find_exhaustion

RESERVE = 1.2
WORTH_SAYING = 0.01
LONGEST_HOURS = 30 * 24.0
EASY = 0.7  # of the limit: what instances should be busy to when there are enough of them
EVEN = 0.6  # of the fullest: an average below says that one instance is full and not the service


class Doubt(StrEnum):
    """Why there is no advice."""

    NONE = ""
    SHORT = "short"
    UNSTEADY = "unsteady"
    FALLING = "falling"
    UNEVEN = "uneven"
    NO_NUMBERS = "no_numbers"


@dataclass(frozen=True, kw_only=True, slots=True)
class Saturated:
    """Something else that is full at the same time."""

    service: str
    resource: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Flow:
    """What comes in and what is done about it, each a second; `workers` do it."""

    arriving: float
    done: float
    workers: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """How full the instances of a service are: how many there are, and their average in the unit of the value."""

    instances: int
    mean: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """The numbers behind a decision on scaling, as they were at `at` (UTC). `limit` is in the unit of `value`; rates are per hour.

    `needed` counts consumers where there is a flow, else instances; `postpones` is how long the same room once more would last at this rate.
    """

    at: datetime
    service: str
    resource: str
    value: float | None = None
    limit: float | None = None
    unit: str = ""
    per_hour: float | None = None
    span: timedelta = timedelta(0)
    runs_out_at: datetime | None = None
    earliest: datetime | None = None
    latest: datetime | None = None
    flow: Flow | None = None
    spread: Spread | None = None
    needed: int = 0
    with_reserve: int = 0
    postpones: timedelta | None = None
    also: tuple[Saturated, ...] = ()
    remedy: Remedy = Remedy.UNKNOWN
    doubt: Doubt = Doubt.NONE


def weigh(
    at: datetime,
    service: str,
    resource: str,
    *,
    trend: Trend | None,
    limit: float | None = None,
    unit: str = "",
    flow: Flow | None = None,
    spread: Spread | None = None,
    also: tuple[Saturated, ...] = (),
    remedy: Remedy = Remedy.UNKNOWN,
) -> Evidence:
    """Put the numbers together; `limit` is where it ends, in the unit of the trend."""
    if trend is None:
        return Evidence(at=at, service=service, resource=resource, unit=unit, also=also, doubt=Doubt.NO_NUMBERS)
    end = find_exhaustion(trend, limit) if limit is not None else None
    needed, reserve = _workers(flow)
    doubt = _doubt(trend, limit, spread if remedy is Remedy.HORIZONTAL else None, is_sure=bool(needed) or is_unread(flow) or remedy is Remedy.FIND_CAUSE)
    if remedy is Remedy.HORIZONTAL and not doubt:
        needed = _instances(spread, limit)
    return Evidence(
        at=at, service=service, resource=resource, value=trend.last, limit=limit, unit=unit, span=trend.span,
        per_hour=trend.per_hour if trend.is_steady or remedy is not Remedy.FIND_CAUSE else None,
        runs_out_at=end.at if end else None, earliest=end.earliest if end else None, latest=_latest(end),
        flow=flow, spread=spread, needed=needed, with_reserve=reserve, postpones=_postpones(trend, limit),
        also=also, doubt=doubt, remedy=Remedy.UNKNOWN if doubt else remedy,
    )  # fmt: skip


def _latest(end: Exhaustion | None) -> datetime | None:
    return end.latest if end else None


def _workers(flow: Flow | None) -> tuple[int, int]:
    """How many workers keep up with what arrives, and how many with a fifth to spare; nothing when these already do."""
    if flow is None or flow.workers <= 0 or flow.done <= 0 or flow.arriving <= flow.done:
        return 0, 0
    each = flow.done / flow.workers
    return math.ceil(flow.arriving / each), math.ceil(flow.arriving * RESERVE / each)


def is_unread(flow: Flow | None) -> bool:
    """True when something arrives and nobody is there to do it."""
    return flow is not None and flow.arriving > 0 and flow.workers == 0


def _instances(spread: Spread | None, limit: float | None) -> int:
    """How many instances bring the load of all down to what is easy; nothing when there are enough."""
    if spread is None or not limit or limit <= 0:
        return 0
    needed = math.ceil(spread.instances * spread.mean / (EASY * limit))
    return needed if needed > spread.instances else 0


def _postpones(trend: Trend, limit: float | None) -> timedelta | None:
    """How long twice the room would last beyond the end; none without a steady way to it."""
    if not limit or limit <= 0 or not trend.is_steady or trend.per_hour <= 0 or limit / trend.per_hour > LONGEST_HOURS:
        return None
    return timedelta(hours=limit / trend.per_hour)


def _doubt(trend: Trend, limit: float | None, spread: Spread | None, *, is_sure: bool) -> Doubt:
    """A value at its limit needs no trend, nor do workers who fall behind; anything else is only as sure as its direction."""
    if spread and spread.instances > 1 and spread.mean < EVEN * trend.last:
        return Doubt.UNEVEN
    if is_sure or (limit is not None and limit > 0 and trend.last >= 0.95 * limit):
        return Doubt.NONE
    if trend.is_steady:
        return Doubt.FALLING if limit is not None and (limit - trend.last) * trend.per_hour < 0 else Doubt.NONE
    return Doubt.SHORT if trend.span < timedelta(minutes=45) else Doubt.UNSTEADY


def is_news(before: Evidence | None, after: Evidence) -> bool:
    """True when a reader would want to know: another conclusion, or a number that moved by more than a tenth of what was said."""
    if before is None:
        return True
    if (before.remedy, before.doubt, before.needed, before.also) != (after.remedy, after.doubt, after.needed, after.also):
        return True
    if (before.runs_out_at is None) != (after.runs_out_at is None):
        return True
    if before.runs_out_at and after.runs_out_at:
        return abs(after.runs_out_at - before.runs_out_at) > max(timedelta(minutes=5), abs(before.runs_out_at - before.at) / 10)
    said, now = before.value or 0.0, after.value or 0.0
    return abs(now - said) > max(abs(said) / 10, WORTH_SAYING * abs(after.limit or 0.0))
