"""Time as an argument: the only wall clock of the product, and one that tests move by hand."""

import asyncio
import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

TOLERANCE = timedelta(milliseconds=50)
SLEW = 1 / 500  # of the time that goes by: an escalation of five minutes is late by 0.6 s at most while a clock is led back
TOO_FAR = timedelta(hours=1)  # a clock this far ahead of the store's is plainly wrong, and is put back at once


class Clock(Protocol):
    """What the rest asks for the time."""

    def now(self) -> datetime:
        """This instant, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back; for spans inside one process."""
        ...

    def correct(self, offset: timedelta) -> None:
        """Take in what `now` lacks against the store's clock."""
        ...

    def catch_up(self, instant: datetime) -> None:
        """Other replicas have lived through this instant: do not stay behind it."""
        ...

    def machine(self) -> datetime:
        """What the machine's own wall clock says (UTC): to be compared with, never to be acted upon."""
        ...

    def apart(self) -> timedelta:
        """How far (never negative) the machine's clock and the store's were from each other when the store was last asked."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """What a machine offers: a wall clock that anybody may set, and steady seconds that nobody can and that count a suspend too."""

    wall: Callable[[], datetime]
    steady: Callable[[], float]


def _steady() -> float:
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class SystemClock:
    """The machine's steady seconds, counted on from the store's time, so that replicas agree and nobody's wall clock matters.

    It never goes back: what it is ahead of the store's clock is slewed. So a store whose host steps back, or that fails over to a slower
    clock, makes no timer late, and a machine whose wall clock leaps rings none early.
    """

    def __init__(self, machine: Machine | None = None) -> None:
        self._machine = machine or Machine(wall=lambda: datetime.now(UTC), steady=_steady)
        self._began, self._from = self._machine.steady(), self._machine.wall()
        self._offset = self._apart = timedelta(0)
        self._asked_at: float | None = None

    def correct(self, offset: timedelta) -> None:
        """Forward at once, and wherever the store says when it is asked for the first time; back by a little of what went by since."""
        before, self._asked_at = self._asked_at, self._machine.steady()
        self._apart = abs(self.machine() - (self.now() + offset))
        if abs(offset) <= TOLERANCE:  # less than the measurement's own error
            return
        if offset > timedelta(0) or before is None or -offset > TOO_FAR:
            self._offset += offset
        else:
            self._offset -= min(-offset, timedelta(seconds=(self._asked_at - before) * SLEW))

    def catch_up(self, instant: datetime) -> None:
        """Forward only."""
        self._offset += max(timedelta(0), instant - self.now())

    def now(self) -> datetime:
        """This instant in UTC."""
        return self._from + timedelta(seconds=self._machine.steady() - self._began) + self._offset

    def monotonic(self) -> float:
        """Seconds of the machine since some start."""
        return time.monotonic()

    def machine(self) -> datetime:
        """The machine's wall clock, as somebody set it."""
        return self._machine.wall()

    def apart(self) -> timedelta:
        """Zero until the store was asked."""
        return self._apart

    async def sleep(self, seconds: float) -> None:
        """Wait in real time."""
        await asyncio.sleep(seconds)


class ManualClock:
    """Stands still until `advance`; sleepers wake when their time has come. `astray` is what the machine's own clock is off."""

    def __init__(self, start: datetime) -> None:
        self._start = self._now = start
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0
        self.astray = timedelta(0)

    def now(self) -> datetime:
        """The instant it was moved to."""
        return self._now

    def monotonic(self) -> float:
        """Seconds since the start."""
        return (self._now - self._start).total_seconds()

    def correct(self, offset: timedelta) -> None:
        """Tests say what time it is, whatever a store thinks."""

    def catch_up(self, instant: datetime) -> None:
        """Tests say what time it is, whatever others have lived through."""

    def machine(self) -> datetime:
        """As far off as the test says."""
        return self._now + self.astray

    def apart(self) -> timedelta:
        """As far off as the test says."""
        return abs(self.astray)

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
