"""Finds the incidents whose picture is due and asks for it. Run by `app`, where there is a Prometheus.

Equal on every replica: `core.picture` decides, and of two that ask at once the second changes nothing.
"""

from receiver.clock import Clock
from receiver.core.errors import ReceiverError, StoreUnavailableError
from receiver.core.event import Pictured
from receiver.core.incident import IncidentId
from receiver.core.picture import is_closed, is_due
from receiver.engine import Engine
from receiver.rhythm import keep_looking
from receiver.store.incidents import Incidents
from receiver.telemetry.logs import get_logger

EVERY = 5.0
NEWEST = 200
MOST = 10
log = get_logger(__name__)


class Illustrator:
    """Runs until cancelled. Incidents that are closed are not looked at again."""

    def __init__(self, engine: Engine, incidents: Incidents, clock: Clock) -> None:
        self._engine, self._incidents, self._clock = engine, incidents, clock
        self._closed: set[IncidentId] = set()

    async def run(self) -> None:
        """A look every few seconds."""
        await keep_looking(self.look, self._clock.sleep, EVERY, log, "the store is away, no pictures")

    async def look(self) -> None:
        """One round, newest first; few at a time, so that a storm waits its turn. Raises StoreUnavailableError."""
        newest = await self._incidents.recent(NEWEST)
        self._closed &= set(newest)
        wanted = [one for one in newest if one not in self._closed]
        now = self._clock.now()
        found = [one for one in await self._incidents.load_many(wanted) if one] if wanted else []
        self._closed |= {one.id for one in found if is_closed(one, now)}
        for incident in [one for one in found if is_due(one, now)][:MOST]:
            try:
                await self._engine.apply(incident.id, Pictured())
            except StoreUnavailableError:
                raise
            except ReceiverError as fault:
                log.info("no picture is asked for", incident=incident.id, fault=str(fault))
