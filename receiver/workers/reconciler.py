"""Compares what fires here with what every Alertmanager peer holds, both ways: a webhook promises no end, and some firings get lost.

Any number of replicas run this; everything it does converges. Ends are found by absence, and absence proves little: nothing ends because a
peer is young, empty or unreachable, nothing on one look alone, and nothing of a source whose Watchdog is not there.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

from receiver.clients.alertmanager import Alertmanager, PeerError, PeerView
from receiver.clock import Clock
from receiver.core.alert import Alert, AlertId
from receiver.core.condition import Condition, ConditionKind
from receiver.core.errors import ReceiverError, StoreUnavailableError
from receiver.core.event import Reported
from receiver.core.incident import Incident
from receiver.core.source import Source
from receiver.engine import Engine, Rules, Trust
from receiver.rhythm import keep_looking
from receiver.sources import loose
from receiver.sources.alertmanager import Webhook, WireAlert
from receiver.store.incidents import Incidents
from receiver.store.signals import Sightings
from receiver.telemetry import metrics
from receiver.telemetry.logs import get_logger
from receiver.workers.peers import Union, condition_of, is_young

EVERY = 30.0
LATE = timedelta(seconds=90)
LOOKS = 2
_TOGETHER = 64
log = get_logger(__name__)


class Reconciler:
    """Runs until cancelled. Remembers, per source, since when which alert is missing at every peer."""

    def __init__(self, api: Alertmanager, engine: Engine, incidents: Incidents, sightings: Sightings, rules: Rules, clock: Clock) -> None:
        self._api, self._engine, self._incidents = api, engine, incidents
        self._sightings, self._rules, self._clock = sightings, rules, clock
        self._missing: dict[tuple[str, AlertId], tuple[datetime, int]] = {}

    async def run(self) -> None:
        """Loop: look, sleep; a store that is away is no reason to stop."""
        await keep_looking(self.look, self._clock.sleep, EVERY, log, "store unavailable, not reconciled")

    async def look(self) -> None:
        """Compare once, source by source. Raises StoreUnavailableError."""
        for source in list(self._rules.current.sources.values()):
            if source.peers:
                views = await self.views(source)
                if views:
                    await self._compare(source, views)

    async def views(self, source: Source) -> list[PeerView]:
        """What every reachable peer holds; the others are counted and said."""
        found = await asyncio.gather(*(self._api.look(url) for url in source.peers), return_exceptions=True)
        views = []
        for url, one in zip(source.peers, found, strict=True):
            if isinstance(one, PeerView):
                views.append(one)
            elif isinstance(one, PeerError):
                log.warning("peer not reached", source=source.name, error=str(one))
            elif isinstance(one, BaseException):
                raise one
            metrics.peer_up.labels(source=source.name, peer=url.rpartition("@")[2]).set(isinstance(one, PeerView))
        return views

    async def _compare(self, source: Source, views: list[PeerView]) -> None:
        watchdog = self._rules.current.watchdog_of(source.name)
        union = Union(source, views, watchdog)
        if watchdog:
            for one in union.watchdogs:
                await self._sightings.see(source.name, alive_at=one.updated_at, starts_at=one.starts_at, gap=watchdog.interval)
        ours = await self._ours(source)
        for incident, firing in ours:
            await self._condition(incident, firing, union)
        is_sure = self._may_close(source, views, union)
        gone = [(incident, alert, since) for incident, firing in ours for alert in firing if (since := self._is_gone(source, alert, union, is_sure=is_sure))]
        for incident, alert, since in gone:
            await self._close(source, incident, alert, since, union)
        await self._open_missed(source, union, {alert.id for _, firing in ours for alert in firing})

    async def _ours(self, source: Source) -> list[tuple[Incident, list[Alert]]]:
        ids = await self._incidents.held()
        found = []
        for first in range(0, len(ids), _TOGETHER):
            for incident in await self._incidents.load_many(ids[first : first + _TOGETHER]):
                firing = [a for a in incident.alerts.values() if a.is_firing and a.source == source.name] if incident else []
                if incident and firing:
                    found.append((incident, firing))
        return found

    async def _condition(self, incident: Incident, firing: list[Alert], union: Union) -> None:
        """What the peers hold of its alerts; one that is missing keeps its last word until that is decided."""
        others = {i: c for i, c in incident.conditions.items() if i not in {a.id for a in firing}}
        said: dict[AlertId, Condition] = dict(others)
        for alert in firing:
            seen = union.seen.get(alert.id)
            condition = condition_of(seen, union) if seen else incident.conditions.get(alert.id)
            if condition:
                said[alert.id] = condition
        if said != incident.conditions:
            await self._apply(incident, said)

    async def _apply(self, incident: Incident, said: Mapping[AlertId, Condition]) -> None:
        try:
            await self._engine.apply(incident.id, Reported(conditions=said))
        except StoreUnavailableError:
            raise
        except ReceiverError as fault:
            log.warning("condition not taken in", incident=incident.id, error=str(fault))

    def _may_close(self, source: Source, views: list[PeerView], union: Union) -> bool:
        """No peer is young, none of what they hold is nothing, and the Watchdog of a guarded source is among it."""
        now = self._clock.now()
        if any(is_young(view, now) for view in views) or union.is_empty:
            return False
        signal = self._engine.signals.current.get(source.name)
        if signal is None:
            return True
        return signal.lost_at is None and bool(union.watchdogs)

    def _is_gone(self, source: Source, alert: Alert, union: Union, *, is_sure: bool) -> datetime | None:
        """Since when it is missing, once that has been seen often enough."""
        key = (source.name, alert.id)
        if alert.id in union.seen or not is_sure:
            self._missing.pop(key, None)
            return None
        since, looks = self._missing.get(key, (self._clock.now(), 0))
        self._missing[key] = (since, looks + 1)
        return since if looks + 1 >= LOOKS else None

    async def _close(self, source: Source, incident: Incident, alert: Alert, since: datetime, union: Union) -> None:
        if alert.id not in incident.conditions:
            kind = ConditionKind.CLEARED if union.says_muted else ConditionKind.GONE
            fresh = await self._incidents.load(incident.id)
            await self._apply(fresh, {**fresh.conditions, alert.id: Condition(kind=kind)})
        over = loose.resolved(alert.labels, alert.annotations, since=alert.starts_at.isoformat(), ended=since.isoformat())
        await self._admit(source, over)
        self._missing.pop((source.name, alert.id), None)
        metrics.reconciled.labels(source=source.name, what="ended").inc()
        log.info("ended by reconciliation", incident=incident.id, alert=alert.name)

    async def _open_missed(self, source: Source, union: Union, firing: set[AlertId]) -> None:
        """What a peer would tell us and we do not have, once it is old enough that a webhook should have come."""
        receivers = await self._sightings.receivers(source.name)
        now = self._clock.now()
        for alert_id, seen in union.seen.items():
            newest = max(seen, key=lambda one: one.starts_at)
            is_ours = any(one.receiver_names & receivers and not one.is_suppressed for one in seen)
            if alert_id in firing or not is_ours or now - newest.starts_at < LATE or condition_of(seen, union):
                continue
            await self._admit(source, loose.firing(newest.labels, newest.annotations, since=newest.starts_at.isoformat()))
            metrics.reconciled.labels(source=source.name, what="opened").inc()
            log.info("opened by reconciliation", source=source.name, alert=newest.labels.get("alertname", ""))

    async def _admit(self, source: Source, alert: WireAlert) -> None:
        await self._engine.admit(source.name, Webhook(receiver="", group_key="", truncated=0, alerts=[alert]), trust=Trust.FULL)
