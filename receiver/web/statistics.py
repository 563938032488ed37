"""`GET /api/v1/stats`: how the work with incidents goes, counted from what the store keeps. Called by `app.http`; asked by `receiver stats`."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from litestar import get
from litestar.exceptions import ClientException
from litestar.params import FromQuery

from receiver.clock import Clock
from receiver.core.durations import DurationError, parse_duration
from receiver.core.notice_record import Cry
from receiver.core.statistics import SHOWN, Spread, Statistics, summarize
from receiver.core.wolf import count_cries
from receiver.store.history import History
from receiver.store.notice_desk import NoticeDesk

LONGEST = timedelta(days=30)


def statistics_route(history: History, desk: NoticeDesk, clock: Clock, timezone: str) -> Any:
    """The handler; hours of the day are those of `timezone`."""

    @get("/stats")
    async def stats(since: FromQuery[str] = "7d") -> dict[str, Any]:
        try:
            span = parse_duration(since)
        except DurationError as fault:
            raise ClientException(str(fault)) from None
        if not timedelta(0) < span <= LONGEST:
            raise ClientException(f"since={since}: history is kept for 30 days, ask for 1m to 30d")
        until = clock.now()
        pasts, is_cut = await history.since(until - span, until)
        cries = count_cries(await desk.since(until - span))
        return {**describe(summarize(pasts, until - span, until, timezone, is_cut=is_cut)), "drafts_for_customers": [_cry(cry) for cry in cries[:SHOWN]]}

    return stats


def describe(found: Statistics) -> dict[str, Any]:
    """For programs: spans in seconds, instants as RFC 3339 in UTC."""
    return {
        "since": _text(found.since),
        "until": _text(found.until),
        "timezone": found.zone,
        "incidents": found.incidents,
        "open": found.open,
        "by_severity": dict(found.severities),
        "time_to_acknowledge": _spread(found.acknowledged),
        "time_to_resolve": _spread(found.resolved),
        "ended_unanswered": found.unanswered,
        "pages": sum(found.pages.values()),
        "pages_by_person": dict(found.pages),
        "pages_by_hour": list(found.hours),
        "noisiest": [
            {"alertname": one.alert, "route": one.route, "incidents": one.incidents, "pages": one.pages, "untouched": one.untouched} for one in found.noisiest
        ],
        "flappers": [{"incident": one.incident, "service": one.service, "alertname": one.alert, "returns": one.returns} for one in found.flappers],
        "stranded": _counts(found.stranded),
        "recoveries_held": found.held,
        "recoveries_false": found.false,
        "is_cut": found.is_cut,
    }


def _cry(cry: Cry) -> dict[str, Any]:
    return {"alertname": cry.cause.alert, "route": cry.cause.route, "drafts": cry.drafts, "not_for_customers": cry.unwanted, "why": dict(cry.why)}


def _spread(found: Spread) -> dict[str, float]:
    return {
        "count": found.count,
        "median_seconds": found.median.total_seconds(),
        "p90_seconds": found.ninetieth.total_seconds(),
        "longest_seconds": found.longest.total_seconds(),
    }


def _counts(found: Mapping[str, int]) -> dict[str, Any]:
    return {"alerts": sum(found.values()), "by_source": dict(found)}


def _text(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")
