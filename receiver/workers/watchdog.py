"""Watches the Watchdog of each source: tells when one is missing and when it is back, and lets the engine know whose ends to believe.

Any number of replicas run this, each for itself; what they see is shared, so what they say is the same.
"""

from datetime import datetime, timedelta

from receiver.clock import Clock
from receiver.core.errors import ReceiverError, StoreUnavailableError, UnknownIncidentError
from receiver.core.event import Woke
from receiver.core.signal import Signal, Signals
from receiver.core.source import Watchdog
from receiver.engine import Engine, Rules
from receiver.store.incidents import Incidents
from receiver.store.signals import Sighting, Sightings
from receiver.telemetry import metrics
from receiver.telemetry.logs import get_logger
from receiver.workers.standing import Standing

EVERY = 5.0
PAUSE = timedelta(seconds=60)
SIGNAL_LOST = "SignalLost"
log = get_logger(__name__)


class WatchdogWatch:
    """Runs until cancelled."""

    def __init__(self, sightings: Sightings, standing: Standing, engine: Engine, incidents: Incidents, rules: Rules, clock: Clock) -> None:
        self._sightings, self._standing, self._engine = sightings, standing, engine
        self._incidents, self._rules, self._clock = incidents, rules, clock
        self._told: dict[str, datetime] = {}
        self._listens_from: datetime | None = None
        self._looked_at: datetime | None = None

    async def run(self) -> None:
        """Loop: look, sleep; a store that is away is no reason to stop."""
        while True:
            try:
                await self.look()
            except StoreUnavailableError as fault:
                self._listens_from = None  # nothing can be heard meanwhile
                log.warning("store unavailable, watchdogs not looked at", error=str(fault))
            await self._clock.sleep(EVERY)

    async def look(self) -> None:
        """Look once at every source that the rules know. Raises StoreUnavailableError."""
        self._listen()
        found: dict[str, Signal] = {}
        held = await self._sightings.all()
        for name in self._rules.current.sources:
            watchdog = self._rules.current.watchdog_of(name)
            if watchdog is None:
                continue
            if watchdog.is_required and name not in held:
                await self._sightings.watch(name, self._clock.now())
                held[name] = await self._sightings.of(name)
            if name in held:
                found[name] = await self._judge(name, watchdog, held[name])
        changed = {n for n in {*found, *self._engine.signals.current} if _lost_at(found, n) != _lost_at(self._engine.signals.current, n)}
        self._engine.signals.current = found
        for name, signal in found.items():
            metrics.signal_lost.labels(source=name).set(signal.lost_at is not None)
        if changed:
            await self._wake_all()

    def _listen(self) -> None:
        """A silence that nobody listened to proves nothing: after a start, an outage of the store or a suspend it begins anew."""
        now = self._clock.now()
        if self._listens_from is None or (self._looked_at and now - self._looked_at > PAUSE):
            self._listens_from = now
        self._looked_at = now

    async def _judge(self, name: str, watchdog: Watchdog, held: Sighting) -> Signal:
        now = self._clock.now()
        newest = held.alive_at or held.watched_from or now
        if held.lost_at is None:  # until it is heard again no end is believed anyway: the proof is older than the end
            newest = max(newest, self._listens_from or newest)
        is_lost = now - newest > watchdog.patience
        if is_lost:
            await self._sightings.lose(name, now)
            since = held.lost_at or now
            await self._tell_lost(name, since)
            return Signal(source=name, alive_at=held.alive_at, since=held.since, lost_at=since)
        if held.lost_at or name in self._told:
            await self._tell_back(name)
            await self._sightings.regain(name)
        return Signal(source=name, alive_at=held.alive_at, since=held.since)

    async def _tell_lost(self, name: str, since: datetime) -> None:
        if self._told.get(name) == since:
            return
        english = f"Signal of {name} is lost: its Watchdog is silent. What it calls resolved is held back, new faults may go unseen"
        russian = f"Пропал сигнал от {name}: молчит его Watchdog. Закрытие алертов придержано, новые сбои можем не увидеть"
        await self._standing.fire(SIGNAL_LOST, english, russian, about=name, severity="critical")
        self._told[name] = since

    async def _tell_back(self, name: str) -> None:
        english, russian = f"The signal of {name} is back: its Watchdog is heard again", f"Сигнал от {name} вернулся: Watchdog снова слышен"
        await self._standing.end(SIGNAL_LOST, english, russian, about=name, severity="critical")
        self._told.pop(name, None)

    async def _wake_all(self) -> None:
        """Every open incident says it; those of other sources decide that nothing is new."""
        for incident_id in await self._incidents.held():
            try:
                await self._engine.apply(incident_id, Woke())
            except UnknownIncidentError:
                continue
            except StoreUnavailableError:
                raise
            except ReceiverError as fault:
                log.warning("signal not shown", incident=incident_id, error=str(fault))


def _lost_at(signals: Signals, name: str) -> datetime | None:
    return signals[name].lost_at if name in signals else None
