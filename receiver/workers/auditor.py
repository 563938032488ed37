"""Proves every 30 s that no open incident is forgotten: each has the wake-up it is owed, each unsent message is due. One replica at a time.

A missing one is put back, counted and logged as what it is: a bug. The rest of the service never relies on this.
"""

from datetime import timedelta

from receiver.clock import Clock
from receiver.core.errors import StoreUnavailableError
from receiver.core.incident import Incident
from receiver.core.owed import owed_at
from receiver.engine import Nudge, Rules
from receiver.store.incidents import Incidents
from receiver.store.upkeep import Repaired, Upkeep
from receiver.telemetry import metrics
from receiver.telemetry.logs import get_logger

EVERY = timedelta(seconds=30)
log = get_logger(__name__)


class Auditor:
    """Runs until cancelled."""

    def __init__(self, upkeep: Upkeep, incidents: Incidents, rules: Rules, clock: Clock, nudge: Nudge) -> None:
        self._upkeep, self._incidents, self._rules, self._clock, self._nudge = upkeep, incidents, rules, clock, nudge

    async def run(self) -> None:
        """Loop: sleep, look when no other replica has."""
        while True:
            await self._clock.sleep(EVERY.total_seconds())
            try:
                if await self._upkeep.claim(EVERY * 0.9):
                    await self.look()
            except StoreUnavailableError as fault:
                log.warning("store unavailable, nothing audited", error=str(fault))

    async def look(self) -> Repaired:
        """Every open incident once; what was put back. Raises StoreUnavailableError."""
        wakes = slots = looked = 0
        async for some in self._upkeep.open():
            for incident in await self._incidents.load_many(some):
                if incident is not None:
                    looked += 1
                    repaired = await self._one(incident)
                    wakes, slots = wakes + repaired.wakes, slots + repaired.slots
        metrics.audited.set(looked)
        await self._upkeep.trim(self._clock.now())
        if wakes or slots:
            self._nudge.wakes.set()
            self._nudge.sends.set()
        return Repaired(wakes=wakes, slots=slots)

    async def _one(self, incident: Incident) -> Repaired:
        now = self._clock.now()
        repaired = await self._upkeep.hold(incident, owed_at(incident, self._rules.current, now), now)
        for what, count in (("wake_up", repaired.wakes), ("slot", repaired.slots)):
            if count:
                metrics.audit_repairs.labels(what=what).inc(count)
                log.error("bug: an open incident was forgotten, put back", incident=incident.id, what=what, count=count, state=incident.state.value)
        return repaired
