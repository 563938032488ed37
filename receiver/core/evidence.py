"""What the numbers say of a saturated system: where it stands, where it goes, what else is full, and what would help. Pure.

Called by `workers.observer` with what Prometheus answered; the outcome is kept on the incident and said in its message. Whoever decides on
scaling reads it, so it says nothing the numbers do not carry: without a steady trend there is no time to exhaustion and no advice.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from receiver.core.trend import Exhaustion, Trend, find_exhaustion

RESERVE = 1.2
WORTH_SAYING = 0.01


class Remedy(StrEnum):
    """What helps a kind of system that is full; the words of `remedies` in services.yaml."""

    HORIZONTAL = "horizontal"  # more instances of a stateless service
    CONSUMERS = "consumers"
    VERTICAL = "vertical"  # a bigger machine
    GROW = "grow"  # a bigger disk or pool
    SLOW_QUERY = "find-slow-query-first"
    UNKNOWN = ""


class Doubt(StrEnum):
    """Why there is no advice."""

    NONE = ""
    SHORT = "short"
    UNSTEADY = "unsteady"
    FALLING = "falling"
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
class Evidence:
    """The numbers behind a decision on scaling, as they were at `at` (UTC). `limit` is in the unit of `value`; rates are per hour."""

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
    needed: int = 0
    with_reserve: int = 0
    also: tuple[Saturated, ...] = ()
    remedy: Remedy = Remedy.UNKNOWN
    doubt: Doubt = Doubt.NONE


_BY_KIND: Mapping[str, Mapping[str, Remedy]] = {
    "frontend": {"cpu": Remedy.HORIZONTAL, "memory": Remedy.HORIZONTAL},
    "service": {"cpu": Remedy.HORIZONTAL, "memory": Remedy.HORIZONTAL},
    "database": {"cpu": Remedy.VERTICAL, "memory": Remedy.VERTICAL, "disk": Remedy.GROW, "pool": Remedy.SLOW_QUERY},
    "queue": {"depth": Remedy.CONSUMERS, "cpu": Remedy.VERTICAL, "memory": Remedy.VERTICAL, "disk": Remedy.GROW},
    "host": {"cpu": Remedy.VERTICAL, "memory": Remedy.VERTICAL, "disk": Remedy.GROW},
}


def find_remedy(kind: str, resource: str, remedies: Mapping[str, str]) -> Remedy:
    """What helps: the catalogue's word, else what is usual for this kind of system."""
    said = remedies.get(resource)
    return Remedy(said) if said in set(Remedy) else _BY_KIND.get(kind, {}).get(resource, Remedy.UNKNOWN)


def weigh(
    at: datetime,
    service: str,
    resource: str,
    *,
    trend: Trend | None,
    limit: float | None = None,
    unit: str = "",
    flow: Flow | None = None,
    also: tuple[Saturated, ...] = (),
    remedy: Remedy = Remedy.UNKNOWN,
) -> Evidence:
    """Put the numbers together; `limit` is where it ends, in the unit of the trend."""
    if trend is None:
        return Evidence(at=at, service=service, resource=resource, unit=unit, also=also, doubt=Doubt.NO_NUMBERS)
    end = find_exhaustion(trend, limit) if limit is not None else None
    needed, reserve = _workers(flow)
    doubt = _doubt(trend, limit, is_short_of_workers=bool(needed))
    return Evidence(
        at=at, service=service, resource=resource, value=trend.last, limit=limit, unit=unit, per_hour=trend.per_hour, span=trend.span,
        runs_out_at=end.at if end else None, earliest=end.earliest if end else None, latest=_latest(end),
        flow=flow, needed=needed, with_reserve=reserve, also=also, doubt=doubt, remedy=Remedy.UNKNOWN if doubt else remedy,
    )  # fmt: skip


def _latest(end: Exhaustion | None) -> datetime | None:
    return end.latest if end else None


def _workers(flow: Flow | None) -> tuple[int, int]:
    """How many workers keep up with what arrives, and how many with a fifth to spare; nothing when these already do."""
    if flow is None or flow.workers <= 0 or flow.done <= 0 or flow.arriving <= flow.done:
        return 0, 0
    each = flow.done / flow.workers
    return math.ceil(flow.arriving / each), math.ceil(flow.arriving * RESERVE / each)


def _doubt(trend: Trend, limit: float | None, *, is_short_of_workers: bool) -> Doubt:
    """A value at its limit needs no trend, nor do workers who fall behind; anything else is only as sure as its direction."""
    if is_short_of_workers or (limit is not None and limit > 0 and trend.last >= 0.95 * limit):
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
