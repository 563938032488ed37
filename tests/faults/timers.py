"""Escalation timers under kills, pauses and clock steps: none missed, none doubled, none rung after an acknowledgement.

`python -m tests.faults.timers --timers 10000 [--seed N]` is the full form; CI runs a short one. A real store, replicas that are killed in
the middle of anything and started again, a far end that drops answers and hangs, and hours that pass in seconds. The oracle is the far
end: what rang where and when. Three steps page `a`, `b` and `c`, so a ring says which timer it was.
"""

import argparse
import asyncio
import contextlib
import random
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from receiver.app.build import App, build
from receiver.app.run import end
from receiver.clock import ManualClock
from receiver.core.errors import ReceiverError
from receiver.core.event import Acknowledge
from receiver.core.incident import IncidentId
from receiver.rules.origin import Place
from receiver.settings import Settings, load_settings
from receiver.sources.alertmanager import parse
from receiver.store.upkeep import Upkeep
from receiver.workers.auditor import Auditor
from receiver.workers.ruleskeeper import Loaded, load
from tests.builders import NOW, body, rules_files, wire
from tests.faults.far_end import FarEnd, Ring
from tests.harness import ROOT, redis_server

WAITS = {"a": timedelta(minutes=2), "b": timedelta(minutes=3), "c": timedelta(minutes=4)}
STEP = 2.0  # virtual seconds between two looks
AFTER_ACK = timedelta(seconds=12)
AGAIN = timedelta(minutes=55)  # the last step is paged again from hour to hour once everybody was tried
LATE = timedelta(seconds=30)  # a killed replica's lease, and a look


@dataclass(kw_only=True)
class Figures:
    """What the run showed; the lists name what broke the promise."""

    seed: int
    incidents: int = 0
    timers: int = 0
    rings: int = 0
    marked: int = 0
    acknowledged: int = 0
    kills: int = 0
    pauses: int = 0
    steps: int = 0
    repairs: int = 0
    worst_late: timedelta = timedelta(0)
    missed: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    after_ack: list[str] = field(default_factory=list)
    early: list[str] = field(default_factory=list)

    def faults(self) -> list[str]:
        """Empty when all of it was kept."""
        return [f"{name}: {held[:5]}" for name, held in vars(self).items() if isinstance(held, list) and held] + (
            [f"{self.repairs} repairs by the auditor"] if self.repairs else []
        )


class Replica:
    """One process: killed in the middle of anything, started again."""

    def __init__(self, settings: Settings, url: str, clock: ManualClock, far: FarEnd, loaded: Loaded) -> None:
        self._make = lambda: build(settings, url, clock, loaded=loaded)
        self._far = far
        self.app: App | None = None
        self._tasks: list[asyncio.Task[Any]] = []

    def start(self) -> None:
        self.app = self._make()
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

    def __init__(self, replicas: list[Replica], clock: ManualClock, far: FarEnd, rng: random.Random, figures: Figures) -> None:
        self.replicas, self.clock, self.far, self.random, self.figures = replicas, clock, far, rng, figures
        self.acks: dict[str, datetime] = {}
        self._plans: list[tuple[datetime, str]] = []
        self._outages: list[tuple[datetime, datetime]] = []
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
                break
            except (ReceiverError, IndexError):
                await asyncio.sleep(0.01)
        if self.random.random() < 0.6:
            self._plans.append((self.clock.now() + timedelta(seconds=self.random.uniform(5, 700)), f"svc-{number}"))

    async def acknowledge(self, ids: dict[str, str]) -> None:
        """Everybody whose time has come presses."""
        due = [plan for plan in self._plans if plan[0] <= self.clock.now() and plan[1] in ids]
        for plan in due:
            self._plans.remove(plan)
            incident = ids[plan[1]]
            with contextlib.suppress(ReceiverError):
                done = await self.random.choice(self.live).engine.apply(IncidentId(incident), Acknowledge(by="a", name="A"))
                if done.reason.value == "acknowledged":
                    self.acks[incident] = self.clock.now()
                    self.figures.acknowledged += 1

    async def disturb(self) -> None:
        """A kill, a far end that hangs, or time that jumps."""
        now, chance = self.clock.now(), self.random.random()
        for at, replica in [one for one in self._restarts if one[0] <= now]:
            self._restarts.remove((at, replica))
            replica.start()
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
            self.figures.steps += 1
            await self.pass_time(self.random.uniform(60, 1500), outage=True)

    async def pass_time(self, seconds: float, *, outage: bool = False) -> None:
        """Move on, and let what is due happen."""
        before = self.clock.now()
        self.clock.advance(seconds=seconds)
        if outage:
            self._outages.append((before, self.clock.now()))
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
        now = int(self.clock.now().timestamp() * 1000)
        client = self.live[0].client
        counts = [await client.zcount(name, "-inf", now) for name in ("{p00}:wake", *(f"{{p00}}:due:{p}" for p in range(4)))]
        return sum(counts) + sum(app.sender.in_flight for app in self.live)

    def judge(self) -> None:
        """Hold what rang against what must have."""
        by_incident: dict[str, dict[str, list[Ring]]] = defaultdict(lambda: defaultdict(list))
        for ring in self.far.rings:
            by_incident[ring.incident][ring.person].append(ring)
            self.figures.rings += 1
            self.figures.marked += ring.is_marked
        for incident, people in by_incident.items():
            self._judge_one(incident, people)

    def _judge_one(self, incident: str, people: dict[str, list[Ring]]) -> None:
        taken = self.acks.get(incident)
        for person, rings in people.items():
            loud = [ring for ring in rings if not ring.is_silent]
            first = [ring.at for ring in loud if not ring.is_marked]
            if any(then - before < AGAIN for before, then in pairwise(first)):
                self.figures.doubled.append(f"{incident} {person} {[str(ring.at) for ring in loud]}")
            if taken and any(ring.at > taken + AFTER_ACK for ring in loud):
                self.figures.after_ack.append(f"{incident} {person} taken {taken} rang {max(ring.at for ring in loud)}")
        for before, after in (("a", "b"), ("b", "c")):
            self._judge_step(incident, people.get(before, []), people.get(after, []), before, taken)

    def _judge_step(self, incident: str, first: list[Ring], then: list[Ring], step: str, taken: datetime | None) -> None:
        if not first:
            return
        self.figures.timers += 1
        earliest = first[0].at + WAITS[step]
        latest = self._without_outage(first[0].at + 2 * WAITS[step]) + LATE
        is_unknown = any(ring.is_marked for ring in first)  # two lost answers: somebody else hears at once
        if then and then[0].at < earliest - timedelta(milliseconds=1) and not is_unknown:
            self.figures.early.append(f"{incident} after {step}: {then[0].at - first[0].at}")
        if not then:
            if taken is None or taken > latest:
                self.figures.missed.append(f"{incident} after {step}, taken {taken}, due {earliest}")
        elif then[0].at > latest:
            self.figures.missed.append(f"{incident} after {step}: late by {then[0].at - latest}")
        else:
            self.figures.worst_late = max(self.figures.worst_late, then[0].at - self._without_outage(earliest))

    def _without_outage(self, instant: datetime) -> datetime:
        """A deadline that fell into time that jumped is met at the jump's end."""
        return next((end_at for start, end_at in self._outages if start <= instant < end_at), instant)


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
    rng, figures, clock = random.Random(seed), Figures(seed=seed), ManualClock(NOW)
    far = FarEnd(clock, rng)
    with redis_server(directory) as url:
        environ = {"RECEIVER_REDIS_URL": url, "RECEIVER_SECRET_KEY": "k" * 32, "RECEIVER_TELEGRAM_MODE": "off", "RECEIVER_DATA_DIR": str(directory)}
        places = {"RECEIVER_RULES_DIR": str(_rules(directory)), "RECEIVER_TEMPLATES_DIR": str(ROOT / "message_templates"), "RECEIVER_LANGUAGE": "en"}
        settings = load_settings({**environ, **places, "HOME": "/"})
        loaded = load(Place(rules=settings.rules_dir, templates=settings.templates_dir))
        replicas = [Replica(settings, url, clock, far, loaded) for _ in range(3)]
        for replica in replicas:
            replica.start()
        campaign = Campaign(replicas, clock, far, rng, figures)
        try:
            await _play(campaign, timers)
            campaign.judge()
        finally:
            far.hangs.set()
            for replica in replicas:
                await replica.kill()
    return figures


async def _play(campaign: Campaign, timers: int) -> None:
    figures, ids, fired = campaign.figures, dict[str, str](), 0
    quiet_until: datetime | None = None
    while quiet_until is None or campaign.clock.now() < quiet_until:
        for _ in range(min(campaign.random.randrange(4), max(0, timers - 2 * fired))):
            await campaign.fire(fired)
            fired += 1
        await campaign.disturb()
        await campaign.pass_time(STEP)
        if campaign.live:
            await _learn(campaign, ids)
            await campaign.acknowledge(ids)
        if 2 * fired >= timers and quiet_until is None:
            quiet_until = campaign.clock.now() + timedelta(minutes=40)
    for replica in campaign.replicas:
        if replica.app is None:
            replica.start()
    await campaign.settle()
    figures.incidents = fired
    app = campaign.live[0]
    repaired = await Auditor(Upkeep(app.client, app.partitions), app.incidents, app.rules, app.clock, app.nudge).look()
    figures.repairs = repaired.wakes + repaired.slots


async def _learn(campaign: Campaign, ids: dict[str, str]) -> None:
    """Which incident is which service's."""
    app = campaign.live[0]
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
    for name, value in vars(figures).items():
        print(f"{name}: {value if not isinstance(value, list) else len(value)}")
    if faults := figures.faults():
        raise SystemExit("\n".join(faults))


if __name__ == "__main__":
    main()
