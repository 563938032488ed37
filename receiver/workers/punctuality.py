"""The dead man's switch, inwards: jobs and sources that promise to say something now and then, and a page when they do not.

Any number of replicas run this; what stands is shared, so it is told once.
"""

from datetime import datetime

from receiver.clock import Clock
from receiver.core.source import ExpectedHeartbeat
from receiver.engine import Rules
from receiver.rhythm import keep_looking
from receiver.store.vitals import Vitals
from receiver.telemetry.logs import get_logger
from receiver.workers.standing import Standing

EVERY = 10.0
MISSING = "HeartbeatMissing"
log = get_logger(__name__)


class Punctuality:
    """Runs until cancelled."""

    def __init__(self, vitals: Vitals, standing: Standing, rules: Rules, clock: Clock) -> None:
        self._vitals, self._standing, self._rules, self._clock = vitals, standing, rules, clock
        self._told: dict[str, datetime] = {}

    async def run(self) -> None:
        """Loop: look, sleep; a store that is away is no reason to stop."""
        await keep_looking(self.look, self._clock.sleep, EVERY, log, "store unavailable, heartbeats not looked at")

    async def look(self) -> None:
        """Look once at every heartbeat that the rules expect. Raises StoreUnavailableError."""
        now = self._clock.now()
        expected = self._rules.current.heartbeats
        for name in expected:
            await self._vitals.expect(name, now)
        beats = await self._vitals.beats()
        for name, one in expected.items():
            since = beats[name]
            if now - since > one.interval:
                await self._tell(one, since)
            else:
                await self._forgive(one)

    async def _tell(self, one: ExpectedHeartbeat, since: datetime) -> None:
        if self._told.get(one.name) == since:
            return
        english = f"No heartbeat of {one.name} since {since:%Y-%m-%d %H:%M} UTC"
        russian = f"Нет отметки от {one.name} с {since:%d.%m.%Y %H:%M} UTC"
        await self._standing.fire(MISSING, english, russian, about=one.name, severity=one.severity.value)
        self._told[one.name] = since

    async def _forgive(self, one: ExpectedHeartbeat) -> None:
        english, russian = f"The heartbeat of {one.name} is back", f"Отметка от {one.name} снова приходит"
        await self._standing.end(MISSING, english, russian, about=one.name, severity=one.severity.value)
        self._told.pop(one.name, None)
