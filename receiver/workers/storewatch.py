"""Asks the store what it can promise and what time it is; readiness says the answer. Any number of replicas run this, each for itself."""

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import timedelta

from receiver.clock import Clock
from receiver.core.errors import StoreUnavailableError
from receiver.store.connection import Client, check_partitions, fix_partitions, inspect
from receiver.store.keys import Partitions
from receiver.store.promise import Promise
from receiver.store.timekeeping import agree_on_time
from receiver.telemetry import metrics
from receiver.telemetry.logs import get_logger

EVERY = 15  # seconds
APART = timedelta(seconds=2)
log = get_logger(__name__)


@dataclass(slots=True)
class Readiness:
    """Why traffic may not come; empty when it may."""

    faults: tuple[str, ...] = ("starting",)
    is_stopping: bool = False

    def now(self) -> tuple[str, ...]:
        """Faults of this moment."""
        return ("stopping", *self.faults) if self.is_stopping else self.faults


class StoreWatch:
    """Runs until cancelled; looks more often while something is wrong."""

    def __init__(self, client: Client, clock: Clock, promise: Promise, ready: Readiness, partitions: Partitions, *, is_relaxed: bool) -> None:
        self._client, self._clock, self._promise, self._ready, self._is_relaxed = client, clock, promise, ready, is_relaxed
        self._partitions = partitions

    async def run(self) -> None:
        """Loop: ask for the time every second, so that a replica which starts has it from the others, and look now and then."""
        while True:
            for _ in range(1 if self._ready.faults else EVERY):
                await asyncio.sleep(1)
                with contextlib.suppress(StoreUnavailableError):  # the next look says so
                    await agree_on_time(self._client, self._clock)
            await self.look()

    async def look(self) -> None:
        """Ask once."""
        try:
            report = await inspect(self._client)
            await agree_on_time(self._client, self._clock)
            self._compare_clocks()
            await fix_partitions(self._client, self._partitions)
            layout = await check_partitions(self._client, self._partitions)
        except Exception as fault:  # noqa: BLE001 - whatever the store does, readiness must say so and the process go on
            self._ready.faults = (f"store: {fault}",)
            return
        self._promise.follow(report)
        weak = () if self._is_relaxed else report.faults
        self._ready.faults = tuple(f"store: {fault}" for fault in (*weak, *([layout] if layout else ())))

    def _compare_clocks(self) -> None:
        """Neither is acted upon but for its steady pace; that one of them is wrong must be seen all the same."""
        apart = self._clock.apart()
        metrics.clocks_apart.set(apart.total_seconds())
        if apart > APART:
            log.warning("the clocks of this machine and of the store disagree", apart_s=round(apart.total_seconds(), 1))
