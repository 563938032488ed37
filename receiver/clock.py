"""Time as an argument: the only wall clock of the product, and one that tests move by hand."""

import asyncio
import heapq
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

TOLERANCE = timedelta(milliseconds=50)


class Clock(Protocol):
    """What the rest asks for the time."""

    def now(self) -> datetime:
        """This instant, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back; for spans inside one process."""
        ...

    def correct(self, offset: timedelta) -> None:
        """Move `now` by this much: what it lacks against the store's clock."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The machine's clock, corrected against the store's so that replicas agree."""

    def __init__(self) -> None:
        self._offset = timedelta(0)

    def correct(self, offset: timedelta) -> None:
        """Add this to what is added already; less than the measurement's own error is left alone."""
        if abs(offset) > TOLERANCE:
            self._offset += offset

    def now(self) -> datetime:
        """This instant in UTC."""
        return datetime.now(UTC) + self._offset

    def monotonic(self) -> float:
        """Seconds of the machine since some start."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait in real time."""
        await asyncio.sleep(seconds)


class ManualClock:
    """Stands still until `advance`; sleepers wake when their time has come."""

    def __init__(self, start: datetime) -> None:
        self._start = self._now = start
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    def now(self) -> datetime:
        """The instant it was moved to."""
        return self._now

    def monotonic(self) -> float:
        """Seconds since the start."""
        return (self._now - self._start).total_seconds()

    def correct(self, offset: timedelta) -> None:
        """Tests say what time it is, whatever a store thinks."""

    def advance(self, **span: float) -> None:
        """Move on, in the words of timedelta: `advance(minutes=30)`."""
        self._now += timedelta(**span)
        while self._sleepers and self._sleepers[0][0] <= self.monotonic():
            future = heapq.heappop(self._sleepers)[2]
            if not future.done():
                future.set_result(None)

    async def sleep(self, seconds: float) -> None:
        """Wait until somebody advances far enough."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (self.monotonic() + seconds, self._count, future))
        await future
