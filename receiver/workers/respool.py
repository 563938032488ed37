"""Takes the spooled webhooks into the store when it is back, and tells once what that outage was. Runs on each replica for its own disk.

An old firing is taken through the suspect rule: what ended meanwhile pages nobody where Alertmanager can be asked; what fired and ended
within the outage is over before anybody is told.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from receiver.channels.words import span
from receiver.clock import Clock
from receiver.core.alert import Severity
from receiver.core.errors import StoreUnavailableError
from receiver.engine import Engine, Rules, Trust
from receiver.sources.alertmanager import UndecodableError
from receiver.sources.reading import read
from receiver.store.spool import Spool, Spooled
from receiver.store.vitals import Vitals
from receiver.telemetry import metrics
from receiver.telemetry.logs import get_logger

EVERY = 2.0
WORTH_TELLING = timedelta(seconds=60)
log = get_logger(__name__)


class Respool:
    """Runs until cancelled. `away_since` is since when (UTC) the store does not promise what it must; none while it does."""

    def __init__(self, spool: Spool, vitals: Vitals, engine: Engine, rules: Rules, clock: Clock, faults: Callable[[], tuple[str, ...]]) -> None:
        self._vitals, self._spool, self._engine, self._rules, self._clock, self._faults = vitals, spool, engine, rules, clock, faults
        self.away_since: datetime | None = None
        self._taken = 0
        self._gone_since: datetime | None = None
        self.is_starting = True  # a pause is noticed by whoever starts after it; while one runs there is none

    async def run(self) -> None:
        """Loop: look, sleep."""
        while True:
            try:
                await self.look()
            except StoreUnavailableError as fault:
                log.warning("store unavailable, spool waits", error=str(fault), waiting=self._spool.count)
            await self._clock.sleep(EVERY)

    async def look(self) -> None:
        """Note that the store is away, or take in what waits and tell. Raises StoreUnavailableError."""
        metrics.spooled.set(self._spool.count)
        if self._faults():
            self.away_since = self.away_since or self._clock.now()
            return
        alive_at = await self._vitals.live(self._clock.now())
        self._gone_since = self._gone_since or (alive_at if self.is_starting else None)
        for name in self._spool.names():
            await self._take(name)
        if self._faults():  # it went away meanwhile
            return
        if self.away_since is not None:
            await self._tell(self._clock.now() - self.away_since)
            self.away_since, self._taken, self._spool.dropped = None, 0, 0
        elif self.is_starting and self._gone_since and self._clock.now() - self._gone_since > WORTH_TELLING:
            await self._tell_down(self._gone_since)
        self.is_starting, self._gone_since = False, None

    async def _take(self, name: str) -> None:
        one = await self._spool.read(name)
        if one is not None and not self._comes_again(one):
            try:
                webhook = read(one.source, self._rules.current.sources.get(one.source), one.body, one.at)
                await self._engine.admit(one.source, webhook, trust=Trust.LATE)
                self._taken += 1
            except UndecodableError as fault:
                log.warning("spooled webhook not readable", source=one.source, reason=fault.reason)
        await self._spool.done(name)

    def _comes_again(self, one: Spooled) -> bool:
        """Alertmanager, told 503, sends again what is true then; after a short outage it has. An old firing whose end is known by now
        cannot be told from a true one where nobody can be asked.
        """
        source, since = self._rules.current.source(one.source), self.away_since or self._gone_since
        is_short = since is None or self._clock.now() - since < WORTH_TELLING
        return is_short and one.is_firing and source.kind in ("", "alertmanager") and not source.peers

    async def _tell_down(self, alive_at: datetime) -> None:
        """No replica ran for a while; the reconciler finds what fired and ended meanwhile."""
        length = self._clock.now() - alive_at
        english = f"No replica ran for {span(length, 'en')}: webhooks recovered from disk: {self._taken}; the rest is compared with Alertmanager now"
        russian = f"Сервис не работал {span(length, 'ru')}: с диска восстановлено сообщений — {self._taken}, остальное сверяем с Alertmanager"
        await self._engine.tell("RouterWasDown", {"about": f"{alive_at:%Y-%m-%dT%H:%M:%SZ}"}, {"summary": english, "summary_ru": russian}, Severity.WARNING)
        self._taken = 0

    async def _tell(self, length: timedelta) -> None:
        if length < WORTH_TELLING and not self._spool.dropped:
            return
        lost_en = f", {self._spool.dropped} dropped for want of room" if self._spool.dropped else ""
        lost_ru = f", отброшено за нехваткой места: {self._spool.dropped}" if self._spool.dropped else ""
        english = f"The store is back after {span(length, 'en')}: {self._taken} webhooks recovered{lost_en}"
        russian = f"Хранилище снова доступно, не работало {span(length, 'ru')}: восстановлено сообщений — {self._taken}{lost_ru}"
        since = f"{self.away_since:%Y-%m-%dT%H:%M:%SZ}"
        await self._engine.tell("StoreWasAway", {"about": since}, {"summary": english, "summary_ru": russian}, Severity.WARNING)
