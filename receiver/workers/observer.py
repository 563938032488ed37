"""Looks at what is saturated: asks Prometheus for the numbers behind each such incident and puts the conclusion on it. Run by `app`.

A page never waits for it: the incident is told first, the evidence edits the message. Without Prometheus nothing but the evidence is missing.
"""

import math
from datetime import datetime, timedelta

from receiver.clients.prometheus import Prometheus, PrometheusUnavailableError
from receiver.clock import Clock
from receiver.core.alert import BUDGET, Alert
from receiver.core.errors import ReceiverError, StoreUnavailableError
from receiver.core.event import Observed
from receiver.core.evidence import Evidence, Flow, Saturated, Spread, is_news, weigh
from receiver.core.incident import Incident, IncidentId
from receiver.core.remedy import ERRORS, find_remedy
from receiver.core.rulebook import Capacity, RuleBook
from receiver.core.trend import fit_trend
from receiver.engine import Engine, Rules
from receiver.rhythm import keep_looking
from receiver.store.incidents import Incidents
from receiver.telemetry.logs import get_logger
from receiver.workers.measure import PERCENT, Measured, instances_of, measure, own_series, scale_of, scaled

EVERY = timedelta(seconds=15)
AGAIN = timedelta(minutes=5)
BACK = timedelta(hours=3)
MOST = 20
NEWEST = 200
SIGNAL, RESOURCE = "signal", "resource"
SATURATION = "saturation"
COUNTED = (ERRORS, BUDGET)
log = get_logger(__name__)


def asked_about(incident: Incident) -> Alert | None:
    """The worst firing alert that says something is full; where none does, the worst that counts errors."""
    full = (alert for alert in incident.firing if alert.labels.get(SIGNAL) == SATURATION)
    return next(full, next((alert for alert in incident.firing if alert.labels.get(RESOURCE) in COUNTED), None))


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
        await keep_looking(self.look, self._clock.sleep, EVERY.total_seconds(), log, "the store is away, no evidence")

    async def look(self) -> None:
        """One round over the open incidents in which something is full or fails. Raises StoreUnavailableError."""
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
                except StoreUnavailableError:
                    raise
                except ReceiverError as fault:  # it is gone, or changed again and again: at the next look
                    self._looked.pop(incident.id, None)
                    log.info("no evidence is noted", incident=incident.id, error=str(fault))

    async def _due(self) -> list[Incident]:
        """Those not looked at for five minutes, newest first; twenty a round, so that a storm waits its turn."""
        now = self._clock.now()
        newest = await self._incidents.load_many(await self._incidents.recent(NEWEST))
        shown = [one for one in newest if one and one.is_open and one.announced_at and asked_about(one)]
        self._looked = {one.id: self._looked[one.id] for one in shown if one.id in self._looked}
        due = [one for one in shown if one.id not in self._looked or now - self._looked[one.id] >= AGAIN][:MOST]
        self._looked.update({one.id: now for one in due})
        return due


async def gather(prometheus: Prometheus, incident: Incident, book: RuleBook, now: datetime) -> Evidence | None:
    """Ask for everything the decision needs; none when nothing of the incident is full or counts errors. Raises PrometheusUnavailableError."""
    alert = asked_about(incident)
    if alert is None:
        return None
    service = book.services.get(alert.service)
    resource = alert.labels.get(RESOURCE, "")
    capacity = (service.capacity.get(resource) if service else None) or Capacity()
    limit = await _total(prometheus, capacity.limit_by, alert, now) if capacity.limit_by else capacity.limit
    measured = await _measured(prometheus, alert, capacity, limit, now)
    trend = fit_trend(measured.series[0].samples) if measured else None
    return weigh(
        now, alert.service, resource, trend=trend, limit=_limit(alert, capacity, measured, limit), unit=measured.unit if measured else "",
        flow=await _flow(prometheus, alert, capacity, now), spread=_spread(measured), also=await _also(prometheus, alert, now),
        remedy=find_remedy(service.kind if service else "", resource, service.remedies if service else {}),
    )  # fmt: skip


async def _measured(prometheus: Prometheus, alert: Alert, capacity: Capacity, limit: float | None, now: datetime) -> Measured | None:
    """The last hours, as the catalogue wants them measured or, without its word, as the alert's own rule does."""
    if not capacity.value:
        return await measure(prometheus, alert, now - BACK, now)
    unit = capacity.unit or alert.annotations.get("unit", "")
    everybody, scale = await prometheus.over(capacity.value, now - BACK, now), scale_of(unit, limit)
    own, beside = (tuple(scaled(one, scale) for one in some) for some in (own_series(everybody, alert.labels), instances_of(everybody, alert.labels)))
    return Measured(series=own, instances=beside, threshold=None, unit=unit) if own else None


def _limit(alert: Alert, capacity: Capacity, measured: Measured | None, said: float | None) -> float | None:
    """Where it ends, in the unit of what is measured. Errors have no end, nor has what must not fall; the catalogue's limit is of its own unit."""
    if measured is None or alert.labels.get(RESOURCE) in COUNTED:
        return None
    if said is not None and capacity.unit in ("", measured.unit):
        return said * scale_of(measured.unit, said) if capacity.value else said
    return 100.0 if measured.unit == PERCENT and not measured.is_floor else None


def _spread(measured: Measured | None) -> Spread | None:
    """How full all instances are now; none where one line stands for the whole system."""
    latest = [one.samples[-1].value for one in (measured.instances if measured else ()) if one.samples and math.isfinite(one.samples[-1].value)]
    return Spread(instances=len(latest), mean=sum(latest) / len(latest)) if latest else None


async def _flow(prometheus: Prometheus, alert: Alert, capacity: Capacity, now: datetime) -> Flow | None:
    if not (capacity.arriving and capacity.done and capacity.workers):
        return None
    arriving, done, workers = [await _total(prometheus, text, alert, now) for text in (capacity.arriving, capacity.done, capacity.workers)]
    return None if arriving is None or done is None or workers is None else Flow(arriving=arriving, done=done, workers=round(workers))


async def _total(prometheus: Prometheus, expression: str, alert: Alert, now: datetime) -> float | None:
    """The sum now over what is the alert's own: of its queue where it names one, else of all."""
    values = [one.samples[0].value for one in own_series(await prometheus.at(expression, now), alert.labels)]
    return sum(values) if values and math.isfinite(sum(values)) else None


async def _also(prometheus: Prometheus, alert: Alert, now: datetime) -> tuple[Saturated, ...]:
    firing = await prometheus.firing(f'{SIGNAL}="{SATURATION}"', now)
    found = {(labels.get("service", ""), labels.get(RESOURCE, "")) for labels in firing}
    found.discard((alert.service, alert.labels.get(RESOURCE, "")))
    return tuple(Saturated(service=service, resource=resource) for service, resource in sorted(found) if service)
