"""A process of the campaign of timers: killed in the middle of anything, started again, frozen between two words to the store. Used by `faults.timers`."""

import asyncio
import contextlib
import random
from collections.abc import Sequence
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any

from receiver.app.build import App, build
from receiver.app.run import end
from receiver.clock import Machine, ManualClock, SystemClock
from receiver.core.errors import StoreUnavailableError
from receiver.settings import Settings
from receiver.store.timekeeping import follow
from receiver.workers.ruleskeeper import Loaded
from tests.faults.far_end import FarEnd

AGREE = 1.0  # how often a replica asks what time the store has
CLAIM, RECORD = 0.05, 0.5  # how often one freezes with messages claimed, and with one that could not be sent and is not recorded yet
_own: ContextVar["Replica"] = ContextVar("_own")


class Times:
    """True time, and how far the store's clock was set from it."""

    def __init__(self, true: ManualClock) -> None:
        self.true, self.off = true, timedelta(0)
        self.until: datetime | None = None

    def step_back(self, by: timedelta, lasting: timedelta) -> None:
        """The store's host is set back, and somebody sets it right after a while."""
        self.off, self.until = -by, self.true.now() + lasting

    def set_right(self, *, at_once: bool = False) -> None:
        """When its time has come, or now."""
        if self.until and (at_once or self.true.now() >= self.until):
            self.off, self.until = timedelta(0), None

    @property
    def stores(self) -> datetime:
        return self.true.now() + self.off


class Kept(SystemClock):
    """The product's clock on a machine whose steady seconds the campaign moves."""

    def __init__(self, machine: Machine, true: ManualClock) -> None:
        super().__init__(machine)
        self.monotonic, self.sleep = true.monotonic, true.sleep  # type: ignore[method-assign]


class Replica:
    """One process: killed in the middle of anything, started again."""

    def __init__(self, settings: Settings, url: str, times: Times, far: FarEnd, loaded: Loaded, rng: random.Random) -> None:
        self._times, self.off, self._random = times, timedelta(0), rng
        self._make = lambda: build(settings, url, Kept(self._machine(), times.true), loaded=loaded)
        self._far = far
        self.app: App | None = None
        self._tasks: list[asyncio.Task[Any]] = []
        self._agreed_at = 0.0
        self._goes = asyncio.Event()
        self._goes.set()
        self._may_freeze = False
        self.freezes = 0

    @property
    def is_frozen(self) -> bool:
        """True while nothing it says reaches the store."""
        return not self._goes.is_set()

    def allow(self, *, freeze: bool) -> None:
        """Whether it may freeze now: somebody else must be there to take over."""
        self._may_freeze = freeze

    def thaw(self) -> None:
        """It goes on where it was, and does not know that time went by."""
        self._goes.set()

    def freeze(self, share: float) -> None:
        """Perhaps."""
        if self._may_freeze and self._random.random() < share:
            self._may_freeze = False
            self.freezes += 1
            self._goes.clear()

    def _gate(self, app: App) -> None:
        """Whatever it asks the store for waits while it is frozen; the moments in which it freezes are those in which a message is claimed and
        not begun, and in which an attempt is over and not recorded.
        """
        ask, claim = app.client.execute_command, app.outbox.claim

        async def gated(*words: Any, **options: Any) -> Any:
            if _own.get(None) is self:  # whoever presses or fires meanwhile is not held up
                await self._goes.wait()
            return await ask(*words, **options)

        async def claimed(*words: Any, **options: Any) -> Sequence[Any]:
            found = await claim(*words, **options)
            if found:
                self.freeze(CLAIM)
            return found

        app.client.execute_command = gated  # type: ignore[method-assign]
        app.outbox.claim = claimed  # type: ignore[method-assign]

    def _machine(self) -> Machine:
        return Machine(wall=lambda: self._times.true.now() + self.off, steady=self._times.true.monotonic)

    async def agree(self) -> None:
        """Ask the store what time it is, every now and then."""
        if self.app and not self.is_frozen and self._times.true.monotonic() - self._agreed_at >= AGREE:
            self._agreed_at = self._times.true.monotonic()
            with contextlib.suppress(StoreUnavailableError):  # a machine that is busy; the next look says so
                await follow(self.app.client, self.app.clock, self._times.stores)

    async def start(self) -> None:
        app = self._make()
        self._agreed_at = self._times.true.monotonic()
        for pause in (0.1, 1.0, 5.0, 0.0):  # as `serve` does: nobody works before the store has said what time it is
            try:
                await follow(app.client, app.clock, self._times.stores)
                break
            except StoreUnavailableError:
                if not pause:
                    raise
                await asyncio.sleep(pause)
        self.app = app
        self._gate(self.app)
        self.app.ready.faults = ()
        self.app.channels["telegram"] = self._far
        self.app.sender._paces.clear()  # type: ignore[attr-defined]
        loop = asyncio.get_running_loop()
        token = _own.set(self)  # its tasks know whose they are
        self._tasks = [loop.create_task(run) for run in (self.app.waker.run(), self.app.sender.run())]
        _own.reset(token)

    async def kill(self) -> None:
        if self.app:
            app, self.app = self.app, None
            await end(self._tasks)
            await app.client.aclose()
        self.thaw()


def could_not_send() -> None:
    """The far end tells the replica that asks; it may freeze before it has recorded that."""
    replica = _own.get(None)
    if replica is not None:
        replica.freeze(RECORD)
