"""Time becomes events: incidents whose wake-up has come are leased and decided. Any number of replicas may run this."""

import asyncio

from receiver.clock import Clock
from receiver.core.errors import ReceiverError, StoreUnavailableError
from receiver.core.event import Woke
from receiver.core.incident import IncidentId
from receiver.engine import Engine, Nudge
from receiver.rhythm import wait_for_nudge
from receiver.store.incidents import Incidents
from receiver.telemetry.logs import get_logger

POLL = 0.25
AT_ONCE = 64
TOGETHER = 8  # incidents in one trip to the store; between trips the loop answers webhooks
log = get_logger(__name__)


class Waker:
    """Runs until cancelled; a crash in between is retried by whoever leases the incident next."""

    def __init__(self, engine: Engine, incidents: Incidents, clock: Clock, nudge: Nudge) -> None:
        self._engine = engine
        self._incidents = incidents
        self._clock = clock
        self._nudge = nudge
        self.busy = 0

    async def run(self) -> None:
        """Loop: everything due, then sleep until nudged or the poll interval is over."""
        while True:
            try:
                woken = await self.turn()
            except StoreUnavailableError as fault:
                log.warning("store unavailable, waker waits", error=str(fault))
                woken = 0
                await asyncio.sleep(1)
            if woken < AT_ONCE:
                await wait_for_nudge(self._nudge.wakes, POLL)

    async def turn(self) -> int:
        """Decide everything that is due now; how many there were."""
        self.busy = 1
        try:
            due = await self._incidents.lease_due(self._clock.now(), AT_ONCE)
            for first in range(0, len(due), TOGETHER):
                await self._decide(due[first : first + TOGETHER])
        finally:
            self.busy = 0
        return len(due)

    async def _decide(self, due: list[IncidentId]) -> None:
        try:
            await self._engine.apply_to_all(due, Woke())
        except StoreUnavailableError:
            raise
        except ReceiverError as fault:
            # Their lease runs out and somebody tries again.
            log.warning("wake-up failed", incidents=due, error=str(fault))
