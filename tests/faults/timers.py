"""Escalation timers under kills, pauses and clock steps: none missed, none doubled, none rung after an acknowledgement.

`python -m tests.faults.timers --timers 10000 [--seed N]` is the full form; CI runs a short one. A real store, replicas that are killed in
the middle of anything and started again, all at once too, a far end that drops answers and hangs, machines and a store whose clocks are
set forward and back, and hours that pass in seconds. The oracle is the far end: what rang where and when, in true time. Three steps page
`a`, `b` and `c`, so a ring says which timer it was.
"""

import argparse
import asyncio
import contextlib
import random
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from receiver.app.build import App, build
from receiver.app.run import end
from receiver.clock import Machine, ManualClock, SystemClock
from receiver.core.errors import ReceiverError, StoreUnavailableError
from receiver.core.event import Acknowledge
from receiver.core.incident import IncidentId
from receiver.rules.origin import Place
from receiver.settings import Settings, load_settings
from receiver.sources.alertmanager import parse
from receiver.store.timekeeping import follow
from receiver.store.upkeep import Upkeep
from receiver.workers.auditor import Auditor
from receiver.workers.ruleskeeper import Loaded, load
from tests.builders import NOW, body, rules_files, wire
from tests.faults.far_end import FarEnd
from tests.faults.rings import WAITS, Figures, Happened, judge
from tests.harness import ROOT, redis_server

STEP = 1.0  # virtual seconds between two looks
AGREE = 1.0  # how often a replica asks what time the store has


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

    def __init__(self, settings: Settings, url: str, times: Times, far: FarEnd, loaded: Loaded) -> None:
        self._times, self.off = times, timedelta(0)
        self._make = lambda: build(settings, url, Kept(self._machine(), times.true), loaded=loaded)
        self._far = far
        self.app: App | None = None
        self._tasks: list[asyncio.Task[Any]] = []
        self._agreed_at = 0.0

    def _machine(self) -> Machine:
        return Machine(wall=lambda: self._times.true.now() + self.off, steady=self._times.true.monotonic)

    async def agree(self) -> None:
        """Ask the store what time it is, every now and then."""
        if self.app and self._times.true.monotonic() - self._agreed_at >= AGREE:
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
        self.app.ready.faults = ()
        self.app.channels["telegram"] = self._far
        self.app.sender._paces.clear()  # type: ignore[attr-defined]
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(run) for run in (self.app.waker.run(), self.app.sender.run())]

    async def kill(self) -> None:
        if self.app:
            app, self.app = self.app, None
            await end(self._tasks)
            await app.client.aclose()


class Campaign:
    """The replicas, what is fired and acknowledged, and what must have rung."""

    def __init__(self, replicas: list[Replica], times: Times, far: FarEnd, rng: random.Random, figures: Figures) -> None:
        self.replicas, self.times, self.clock, self.far, self.random, self.figures = replicas, times, times.true, far, rng, figures
        self._plans: list[tuple[datetime, str]] = []
        self.happened = Happened()
        self._restarts: list[tuple[datetime, Replica]] = []

    @property
    def live(self) -> list[App]:
        return [one.app for one in self.replicas if one.app]

    async def fire(self, number: int) -> None:
        """One incident, and when somebody will take it, if ever."""
        alert = wire("a", service=f"svc-{number}", since=self.clock.now())
        for _ in range(20):
            try:
                await self.random.choice(self.live).engine.admit("alertmanager", parse(body(alert)))
                self.happened.fired[f"svc-{number}"] = self.clock.now()
                break
            except (ReceiverError, IndexError):
                await asyncio.sleep(0.01)
        if self.random.random() < 0.6:
            step = timedelta(seconds=3) + self.random.choice((WAITS["a"], WAITS["a"] + WAITS["b"]))  # in the very moment of an escalation
            after = step if self.random.random() < 0.5 else timedelta(seconds=self.random.uniform(5, 700))
            self._plans.append((self.clock.now() + after, f"svc-{number}"))

    async def acknowledge(self) -> None:
        """Everybody whose time has come presses, while the workers do what the same moment brings."""
        if not self.live:
            return
        ids = self.happened.ids
        due = [plan for plan in self._plans if plan[0] <= self.clock.now() and plan[1] in ids]
        for plan in due:
            self._plans.remove(plan)
            incident = ids[plan[1]]
            with contextlib.suppress(ReceiverError):
                done = await self.random.choice(self.live).engine.apply(IncidentId(incident), Acknowledge(by="a", name="A"))
                if done.reason.value == "acknowledged":
                    self.happened.acks[incident] = self.clock.now()
                    self.figures.acknowledged += 1

    async def disturb(self) -> None:
        """A kill, a far end that hangs, or time that jumps."""
        now, chance = self.clock.now(), self.random.random()
        for at, replica in [one for one in self._restarts if one[0] <= now]:
            self._restarts.remove((at, replica))
            await replica.start()
        if chance < 0.03 and len(self.live) > 1:
            victim = self.random.choice([one for one in self.replicas if one.app])
            await victim.kill()
            self.figures.kills += 1
            self._restarts.append((now + timedelta(seconds=self.random.uniform(2, 60)), victim))
        elif chance < 0.035:
            self.figures.pauses += 1  # every message under way outlives its lease
            self.far.hangs.clear()
            await self.pass_time(self.random.uniform(21, 45), outage=True)
            self.far.hangs.set()
        elif chance < 0.038:
            self.figures.steps += 1  # all of it suspended: no process runs while time goes by
            await self.pass_time(self.random.uniform(60, 1500), outage=True)
        elif chance < 0.042:
            await self._black_out()
        elif chance < 0.062:
            self.set_a_clock()

    async def _black_out(self) -> None:
        """Every replica dies at once and all come back together. The store's clock is right: else nobody would be left to know the time."""
        self.figures.blackouts += 1
        self.times.set_right(at_once=True)
        for replica in self.replicas:
            await replica.kill()
        self._restarts.clear()
        before = self.clock.now()
        await self.pass_time(self.random.uniform(30, 600), outage=True)
        self.happened.blackouts.append((before, self.clock.now()))
        for replica in self.replicas:
            await replica.start()
        await self.settle()

    def set_a_clock(self) -> None:
        """Somebody sets a machine's clock by up to an hour, or the store's back by up to ten minutes."""
        self.figures.clocks_set += 1
        if self.random.random() < 0.5 or self.times.until:
            self.random.choice(self.replicas).off = timedelta(seconds=self.random.uniform(-3600, 3600))
        else:
            self.times.step_back(timedelta(seconds=self.random.uniform(0, 600)), timedelta(seconds=self.random.uniform(30, 600)))

    async def pass_time(self, seconds: float, *, outage: bool = False) -> None:
        """Move on, and let what is due happen."""
        before = self.clock.now()
        self.clock.advance(seconds=seconds)
        if outage:
            self.happened.outages.append((before, self.clock.now()))
        self.times.set_right()
        for replica in self.replicas:
            await replica.agree()
        if self.far.hangs.is_set():
            await self.settle()

    async def settle(self) -> None:
        """Until nothing is due, or everybody who could do it is dead."""
        quiet = 0
        for _ in range(3000):
            for app in self.live:
                app.nudge.wakes.set()
                app.nudge.sends.set()
            await asyncio.sleep(0.002)
            quiet = quiet + 1 if not self.live or not await self._due() else 0
            if quiet == 2:
                return
        raise AssertionError("work remains due")

    async def _due(self) -> int:
        now = int(min(app.clock.now() for app in self.live).timestamp() * 1000)
        client = self.live[0].client
        counts = [await client.zcount(name, "-inf", now) for name in ("{p00}:wake", *(f"{{p00}}:due:{p}" for p in range(4)))]
        return sum(counts) + sum(app.sender.in_flight for app in self.live)


def _rules(directory: Path) -> Path:
    people = "\n".join(f"  {one}: {{name: {one.upper()}, roles: [responder], telegram: {number}, language: en}}" for number, one in enumerate("abc", 1))
    steps = "\n".join(f"      - {{page: [{{person: {one}}}], wait: {int(wait.total_seconds())}s}}" for one, wait in WAITS.items())
    return rules_files(
        directory / "rules",
        people=f"version: 1\npeople:\n{people}\n",
        escalation=f"version: 1\npolicies:\n  all:\n    steps:\n{steps}\n    acknowledge: {{lease: 1d}}\n",
        destinations="version: 1\ndestinations:\n  all: {policy: all}\n  spare: {channel: telegram, chat: 9, language: en}\nfallback: [spare]\n",
        routes="version: 1\nroute: {id: root, group_by: [service], group_wait: 2s, destinations: [all]}\nnoise: {storm: {incidents: 1000000}}\n",
    )


async def run(directory: Path, timers: int, seed: int) -> Figures:
    """The whole campaign; about two timers come of every incident."""
    rng, figures, times = random.Random(seed), Figures(seed=seed), Times(ManualClock(NOW))
    far = FarEnd(times.true, rng)
    with redis_server(directory) as url:
        environ = {"RECEIVER_REDIS_URL": url, "RECEIVER_SECRET_KEY": "k" * 32, "RECEIVER_TELEGRAM_MODE": "off", "RECEIVER_DATA_DIR": str(directory)}
        places = {"RECEIVER_RULES_DIR": str(_rules(directory)), "RECEIVER_TEMPLATES_DIR": str(ROOT / "message_templates"), "RECEIVER_LANGUAGE": "en"}
        settings = load_settings({**environ, **places, "HOME": "/"})
        loaded = load(Place(rules=settings.rules_dir, templates=settings.templates_dir))
        replicas = [Replica(settings, url, times, far, loaded) for _ in range(3)]
        for replica in replicas:
            await replica.start()
        campaign = Campaign(replicas, times, far, rng, figures)
        try:
            await _play(campaign, timers)
            judge(figures, campaign.happened, far)
        finally:
            far.hangs.set()
            for replica in replicas:
                await replica.kill()
    return figures


async def _play(campaign: Campaign, timers: int) -> None:
    figures, fired = campaign.figures, 0
    quiet_until: datetime | None = None
    while quiet_until is None or campaign.clock.now() < quiet_until:
        for _ in range(min(campaign.random.randrange(4), max(0, timers - 2 * fired))):
            await campaign.fire(fired)
            fired += 1
        await campaign.disturb()
        await asyncio.gather(campaign.pass_time(STEP), campaign.acknowledge())
        if campaign.live:
            await _learn(campaign)
        if 2 * fired >= timers and quiet_until is None:
            quiet_until = campaign.clock.now() + timedelta(minutes=40)
    for replica in campaign.replicas:
        if replica.app is None:
            await replica.start()
    await campaign.settle()
    figures.incidents = fired
    app = campaign.live[0]
    repaired = await Auditor(Upkeep(app.client, app.partitions), app.incidents, app.rules, app.clock, app.nudge).look()
    figures.repairs = repaired.wakes + repaired.slots


async def _learn(campaign: Campaign) -> None:
    """Which incident is which service's."""
    app, ids = campaign.live[0], campaign.happened.ids
    for found in await app.incidents.load_many([i for i in await app.incidents.recent(40) if i not in ids.values()]):
        if found and found.route:
            ids[found.route.group_labels["service"]] = found.id


def main() -> None:
    cli = argparse.ArgumentParser()
    cli.add_argument("--timers", type=int, default=10_000)
    cli.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    args = cli.parse_args()
    print(f"seed {args.seed}", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        figures = asyncio.run(run(Path(directory), args.timers, args.seed))
    for name, value in figures.shown().items():
        print(f"{name}: {value}")
    if faults := figures.faults():
        raise SystemExit("\n".join(faults))


if __name__ == "__main__":
    main()
