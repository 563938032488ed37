"""Looks at what is saturated: asks Prometheus for the numbers behind each such incident and puts the conclusion on it. Run by `app`.

A page never waits for it: the incident is told first, the evidence edits the message. Without Prometheus nothing but the evidence is missing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from receiver.clients.prometheus import Prometheus, PrometheusUnavailableError, Series
from receiver.clock import Clock
from receiver.core.alert import Alert
from receiver.core.errors import StoreUnavailableError, UnknownIncidentError
from receiver.core.event import Observed
from receiver.core.evidence import Evidence, Flow, Saturated, find_remedy, is_news, weigh
from receiver.core.incident import Incident, IncidentId
from receiver.core.rulebook import Capacity, RuleBook
from receiver.core.trend import Trend, fit_trend
from receiver.engine import Engine, Rules
from receiver.store.incidents import Incidents
from receiver.telemetry.logs import get_logger
from receiver.workers.measure import PERCENT, measure, own_series, scale_of, scaled

EVERY = timedelta(seconds=15)
AGAIN = timedelta(minutes=5)
BACK = timedelta(hours=3)
MOST = 20
NEWEST = 200
SIGNAL, RESOURCE = "signal", "resource"
SATURATION = "saturation"
log = get_logger(__name__)


def saturated(incident: Incident) -> Alert | None:
    """The worst firing alert that says something is full."""
    return next((alert for alert in incident.firing if alert.labels.get(SIGNAL) == SATURATION), None)


class Observer:
    """Equal on every replica: two that see the same news make one change of it, so they need not agree on who looks."""

    def __init__(self, prometheus: Prometheus, engine: Engine, incidents: Incidents, rules: Rules, clock: Clock) -> None:
        self._prometheus = prometheus
        self._engine = engine
        self._incidents = incidents
        self._rules = rules
        self._clock = clock
        self._looked: dict[IncidentId, datetime] = {}

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look()
            except StoreUnavailableError as fault:
                log.warning("the store is away, no evidence", fault=str(fault))
            await self._clock.sleep(EVERY.total_seconds())

    async def look(self) -> None:
        """One round over the open incidents that are saturated. Raises StoreUnavailableError."""
        for incident in await self._due():
            now = self._clock.now()
            try:
                evidence = await gather(self._prometheus, incident, self._rules.current, now)
            except PrometheusUnavailableError as fault:
                log.warning("no evidence from Prometheus", incident=incident.id, fault=str(fault))
                return
            if evidence and is_news(incident.evidence, evidence):
                try:
                    await self._engine.apply(incident.id, Observed(evidence=evidence))
                except UnknownIncidentError:
                    log.info("the incident is gone", incident=incident.id)

    async def _due(self) -> list[Incident]:
        """Those not looked at for five minutes, newest first; twenty a round, so that a storm waits its turn."""
        now = self._clock.now()
        newest = await self._incidents.load_many(await self._incidents.recent(NEWEST))
        shown = [one for one in newest if one and one.is_open and one.announced_at and saturated(one)]
        self._looked = {one.id: self._looked[one.id] for one in shown if one.id in self._looked}
        due = [one for one in shown if one.id not in self._looked or now - self._looked[one.id] >= AGAIN][:MOST]
        self._looked.update({one.id: now for one in due})
        return due


async def gather(prometheus: Prometheus, incident: Incident, book: RuleBook, now: datetime) -> Evidence | None:
    """Ask for everything the decision needs; none when nothing of the incident is saturated. Raises PrometheusUnavailableError."""
    alert = saturated(incident)
    if alert is None:
        return None
    service = book.services.get(alert.service)
    resource = alert.labels.get(RESOURCE, "")
    capacity = (service.capacity.get(resource) if service else None) or Capacity()
    trend, limit, unit = await _trend(prometheus, alert, capacity, now)
    return weigh(
        now, alert.service, resource, trend=trend, limit=limit, unit=unit, flow=await _flow(prometheus, capacity, now),
        also=await _also(prometheus, alert, now), remedy=find_remedy(service.kind if service else "", resource, service.remedies if service else {}),
    )  # fmt: skip


async def _trend(prometheus: Prometheus, alert: Alert, capacity: Capacity, now: datetime) -> tuple[Trend | None, float | None, str]:
    """The trend of the last hours, where it ends, and the unit of both."""
    limit, is_floor = await prometheus.now(capacity.limit_by, now) if capacity.limit_by else capacity.limit, False
    if capacity.value:
        unit = capacity.unit or alert.annotations.get("unit", "")
        scale = scale_of(unit, limit)
        found: Sequence[Series] = [scaled(one, scale) for one in own_series(await prometheus.over(capacity.value, now - BACK, now), alert.labels)]
        limit = None if limit is None else limit * scale
    else:
        measured = await measure(prometheus, alert, now - BACK, now)
        unit, found, is_floor = (measured.unit, measured.series, measured.is_floor) if measured else ("", (), False)
    if limit is None and unit == PERCENT and not is_floor:  # what must not fall has no upper end
        limit = 100.0
    return (fit_trend(found[0].samples) if found else None), limit, unit


async def _flow(prometheus: Prometheus, capacity: Capacity, now: datetime) -> Flow | None:
    if not (capacity.arriving and capacity.done and capacity.workers):
        return None
    arriving, done, workers = [await prometheus.now(text, now) for text in (capacity.arriving, capacity.done, capacity.workers)]
    return None if arriving is None or done is None or workers is None else Flow(arriving=arriving, done=done, workers=round(workers))


async def _also(prometheus: Prometheus, alert: Alert, now: datetime) -> tuple[Saturated, ...]:
    firing = await prometheus.firing(f'{SIGNAL}="{SATURATION}"', now)
    found = {(labels.get("service", ""), labels.get(RESOURCE, "")) for labels in firing}
    found.discard((alert.service, alert.labels.get(RESOURCE, "")))
    return tuple(Saturated(service=service, resource=resource) for service, resource in sorted(found) if service)
