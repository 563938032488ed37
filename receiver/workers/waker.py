"""Time becomes events: incidents whose wake-up has come are leased and decided. Any number of replicas may run this."""

import asyncio

from receiver.clock import Clock
from receiver.core.errors import ReceiverError, StoreUnavailableError, UnknownIncidentError
from receiver.core.event import Woke
from receiver.core.incident import IncidentId
from receiver.engine import Engine, Nudge
from receiver.store.incidents import Incidents
from receiver.telemetry.logs import get_logger

POLL = 0.25
AT_ONCE = 64
PARALLEL = 8
log = get_logger(__name__)


class Waker:
    """Runs until cancelled; a crash in between is retried by whoever leases the incident next."""

    def __init__(self, engine: Engine, incidents: Incidents, clock: Clock, nudge: Nudge) -> None:
        self._engine = engine
        self._incidents = incidents
        self._clock = clock
        self._nudge = nudge
        self._room = asyncio.Semaphore(PARALLEL)

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
        due = await self._incidents.lease_due(self._clock.now(), AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for incident_id in due:
                group.create_task(self._wake(incident_id))
        return len(due)

    async def _wake(self, incident_id: IncidentId) -> None:
        async with self._room:
            try:
                await self._engine.apply(incident_id, Woke())
            except UnknownIncidentError:
                log.warning("woken incident is gone", incident=incident_id)
            except ReceiverError as fault:
                # Its lease runs out and somebody tries again.
                log.warning("wake-up failed", incident=incident_id, error=str(fault))


async def wait_for_nudge(nudge: asyncio.Event, seconds: float) -> None:
    """Return when nudged, or after the seconds; clears the nudge."""
    try:
        # Not wait_for: on Python 3.11 it swallows a cancellation that comes together with the nudge, and the worker never ends.
        async with asyncio.timeout(seconds):
            await nudge.wait()
    except TimeoutError:
        return
    nudge.clear()
