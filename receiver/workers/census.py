"""Which replica runs which rules: says it for this one, looks at the others, and tells when they disagree for long."""

from collections.abc import Callable

from receiver.clock import Clock
from receiver.core.errors import StoreUnavailableError
from receiver.store.replicas import Replica, Replicas
from receiver.telemetry import metrics
from receiver.telemetry.logs import get_logger
from receiver.workers.standing import Standing

EVERY = 10.0
PATIENCE = 60.0
DISAGREE = "RulesDisagree"
log = get_logger(__name__)


class Census:
    """Runs until cancelled; `own` says what this replica runs now."""

    def __init__(self, replicas: Replicas, standing: Standing, clock: Clock, own: Callable[[], Replica]) -> None:
        self._replicas, self._standing, self._clock, self._own = replicas, standing, clock, own
        self._since: float | None = None
        self._is_told = False

    async def run(self) -> None:
        """Loop: look, sleep; leaves the register at the end."""
        while True:
            await self.look()
            await self._clock.sleep(EVERY)

    async def look(self) -> None:
        """Say, compare, tell; a store that is away is no reason to stop."""
        try:
            await self._replicas.beat(self._own())
            await self._compare(await self._replicas.live())
        except StoreUnavailableError as fault:
            log.warning("store unavailable, replicas not compared", error=str(fault))

    async def live(self) -> list[Replica]:
        """Every live replica, this one included. Raises StoreUnavailableError."""
        await self._replicas.beat(self._own())
        return await self._replicas.live()

    async def leave(self) -> None:
        """This replica ends: the others need not wait until its word expires."""
        await self._replicas.leave(self._own().id)

    async def _compare(self, found: list[Replica]) -> None:
        versions = sorted({one.version for one in found})
        metrics.rules_disagreement.set(len(versions) - 1)
        if len(versions) == 1:
            self._since, self._is_told = None, False
            await self._standing.end(DISAGREE, f"All replicas run the same rules: {versions[0]}", f"Все реплики работают по одним правилам: {versions[0]}")
            return
        now = self._clock.monotonic()
        self._since = now if self._since is None else self._since
        if self._is_told or now - self._since <= PATIENCE:
            return
        told = ", ".join(f"{one.id}: {one.version}{f' ({one.commit})' if one.commit else ''}" for one in found)
        await self._standing.fire(DISAGREE, f"Replicas run different rules for more than a minute: {told}", f"Реплики работают по разным правилам: {told}")
        self._is_told = True
