"""The dead man's switch, outwards: a ping to a checker outside, once a minute, only while everything on the way to a page is known to work.

Its absence pages through a provider that shares nothing with this service. Each condition has a name, in the metric, in `/readyz` and in
`receiver doctor`. Every replica pings for itself.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx

from receiver.channels.telegram import TelegramChannel
from receiver.clock import Clock
from receiver.core.delivery import Evidence
from receiver.core.errors import StoreUnavailableError
from receiver.engine import Engine, Nudge
from receiver.store.vitals import Vitals
from receiver.telemetry import metrics
from receiver.telemetry.logs import get_logger
from receiver.trust import load_trust
from receiver.workers.canary import Canary

EVERY = 60.0
PAGE_LAG = timedelta(seconds=60)
TIMER_LAG = timedelta(seconds=30)
LEAP = 5.0
FREE_DISK = 0.10
PROBE = 5.0
TIMEOUT = 10.0
log = get_logger(__name__)
Check = Callable[[], Awaitable[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What is asked of the process and the machine: faults of the store and of the rules, the share of the disk that is free."""

    store_faults: Callable[[], tuple[str, ...]]
    rules_faults: Callable[[], tuple[str, ...]]
    free_disk: Callable[[], float]


def free_share(directory: Path) -> float:
    """The free share of the disk on which the directory lies (0 to 1)."""
    there = next((one for one in (directory, *directory.parents) if one.exists()), Path("/"))
    usage = shutil.disk_usage(there)
    return usage.free / usage.total


class Heartbeat:
    """Runs until cancelled; `held` names every condition that failed at the last look."""

    def __init__(
        self,
        url: str,
        vitals: Vitals,
        engine: Engine,
        nudge: Nudge,
        around: Surroundings,
        clock: Clock,
        bot: TelegramChannel | None,
        *,
        canary: Canary | None = None,
        probe: float = PROBE,
    ) -> None:
        self._url, self._vitals, self._engine, self._nudge, self._around = url, vitals, engine, nudge, around
        self._clock, self._bot, self._canary, self._probe = clock, bot, canary, probe
        self._wall, self._steady = clock.machine(), clock.monotonic()
        self.held: Mapping[str, str] = {}

    @property
    def is_on(self) -> bool:
        """True when a checker outside waits for it."""
        return bool(self._url)

    @property
    def checks(self) -> Mapping[str, Check]:
        """Every condition by its name; an empty text says that it holds."""
        return {
            "store": self._store,
            "worker": self._worker,
            "page": self._page,
            "timer": self._timer,
            "egress": self._egress,
            "signal": self._signal,
            "rules": self._rules,
            "clock": self._leap,
            "disk": self._disk,
        }

    async def run(self) -> None:
        """Loop: look, ping if all is well, sleep."""
        while True:
            await self.beat()
            await self._clock.sleep(EVERY)

    async def beat(self) -> bool:
        """Look at everything; ping when nothing is wrong. True when the checker took the ping."""
        found: dict[str, str] = {}
        for name, check in self.checks.items():
            try:
                said = await check()
            except StoreUnavailableError as fault:
                said = str(fault)
            metrics.heartbeat_held.labels(reason=name).set(bool(said))
            if said:
                found[name] = said
        if found:
            log.warning("heartbeat held back", **{f"because_{name}": text for name, text in found.items()})
        self.held = found
        return not found and await self._ping()

    async def _ping(self) -> bool:
        try:
            async with httpx.AsyncClient(verify=load_trust(), timeout=TIMEOUT, trust_env=False, follow_redirects=False) as http:
                answer = await http.get(self._url)
        except httpx.HTTPError as fault:
            log.warning("heartbeat not taken", error=type(fault).__name__)
            metrics.heartbeat_pings.labels(outcome="failed").inc()
            return False
        is_taken = answer.is_success
        metrics.heartbeat_pings.labels(outcome="taken" if is_taken else "refused").inc()
        return is_taken

    async def _store(self) -> str:
        await self._vitals.prove(self._clock.now())
        return "; ".join(self._around.store_faults())

    async def _worker(self) -> str:
        """Both workers answer a nudge: each clears it when it looks for work."""
        nudges = {"waker": self._nudge.wakes, "sender": self._nudge.sends}
        for nudge in nudges.values():
            nudge.set()
        loop = asyncio.get_running_loop()
        until = loop.time() + self._probe
        while loop.time() < until and any(nudge.is_set() for nudge in nudges.values()):  # noqa: ASYNC110 - the workers clear it, nobody sets anything
            await asyncio.sleep(0.02)
        return ", ".join(f"the {name} does not answer" for name, nudge in nudges.items() if nudge.is_set())

    async def _page(self) -> str:
        lag = await self._vitals.page_lag(self._clock.now())
        return f"a page has been due for {lag.total_seconds():.0f} s" if lag > PAGE_LAG else ""

    async def _timer(self) -> str:
        lag = await self._vitals.timer_lag(self._clock.now())
        return f"a wake-up has been due for {lag.total_seconds():.0f} s" if lag > TIMER_LAG else ""

    async def _egress(self) -> str:
        """Move the canary's time; without one ask Telegram who we are: the same way out, the same token, and nobody hears either."""
        if self._canary is not None:
            said = await self._canary.prove()
            return f"telegram: {said}" if said else ""
        if self._bot is None:
            return ""
        outcome = await self._bot.me()
        return "" if outcome.evidence is Evidence.OK else f"telegram: {outcome.reason}"

    async def _signal(self) -> str:
        return ", ".join(f"the Watchdog of {name} is missing" for name, signal in sorted(self._engine.signals.current.items()) if signal.lost_at)

    async def _rules(self) -> str:
        return "; ".join(self._around.rules_faults()[:1])

    async def _leap(self) -> str:
        """The machine's clock must agree with its steady seconds since the last look, and with the store's clock."""
        wall, steady, apart = self._clock.machine(), self._clock.monotonic(), self._clock.apart().total_seconds()
        leap = (wall - self._wall).total_seconds() - (steady - self._steady)
        self._wall, self._steady = wall, steady
        if abs(leap) > LEAP:
            return f"the clock leapt by {leap:+.0f} s"
        return f"the clocks of this machine and of the store are {apart:.0f} s apart" if apart > LEAP else ""

    async def _disk(self) -> str:
        free = self._around.free_disk()
        return f"{free:.0%} of the disk is free" if free < FREE_DISK else ""
