"""Asks Alertmanager itself before customers hear anything: do these alerts really fire, are they really over. Called by `notice_engine`.

A webhook may be late, doubled or made up, and a Prometheus that died looks like recovery; what every peer holds now is the better witness.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from receiver.clients.alertmanager import PeerView
from receiver.clock import Clock
from receiver.core.incident import Incident
from receiver.core.notice_plan import Confirmation
from receiver.core.source import Source
from receiver.engine import Rules
from receiver.workers.peers import Union, is_young

FRESH = timedelta(seconds=5)  # one look serves all notices that wake together

Look = Callable[[Source], Awaitable[list[PeerView]]]
"""What every reachable peer of a source holds."""


class Confirmer:
    """Answers for incidents; keeps the last look at each source for a few seconds."""

    def __init__(self, look: Look, rules: Rules, clock: Clock) -> None:
        self._look, self._rules, self._clock = look, rules, clock
        self._held: dict[str, tuple[datetime, list[PeerView]]] = {}

    async def confirm(self, incidents: Sequence[Incident]) -> frozenset[Confirmation]:
        """One word for every source of their alerts: those that fire, and all of them where none does."""
        found = set()
        alerts = [alert for one in incidents for alert in (one.firing or one.alerts.values())]
        for name in {alert.source for alert in alerts}:
            found.add(await self._of(name, {alert.id for alert in alerts if alert.source == name}))
        return frozenset(found)

    async def _of(self, name: str, ids: set[str]) -> Confirmation:
        """Absence counts only where every peer answers, is not young and holds something."""
        source = self._rules.current.sources.get(name)
        if source is None or not source.peers:
            return Confirmation.UNKNOWN
        views = await self._views(source)
        union = Union(source, views, self._rules.current.watchdog_of(name))
        if ids & set(union.seen):
            return Confirmation.FIRING
        now = self._clock.now()
        is_sure = len(views) == len(source.peers) and not union.is_empty and not any(is_young(view, now) for view in views)
        return Confirmation.GONE if is_sure else Confirmation.UNSURE

    async def _views(self, source: Source) -> list[PeerView]:
        now = self._clock.now()
        at, views = self._held.get(source.name, (now - FRESH, []))
        if now - at >= FRESH:
            views = await self._look(source)
            self._held[source.name] = (now, views)
        return views
