"""Escalation timers under kills, pauses and clock steps: none missed, none doubled, none rung after an acknowledgement.

`python -m tests.faults.timers --timers 10000 [--seed N]` is the full form; CI runs a short one. A real store, replicas that are killed in
the middle of anything and started again, all at once too, or frozen between two words to the store, a far end that drops answers and hangs, machines and a store whose clocks are
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

from receiver.app.build import App
from receiver.clock import ManualClock
from receiver.core.errors import ReceiverError
from receiver.core.event import Acknowledge
from receiver.core.incident import IncidentId
from receiver.rules.origin import Place
from receiver.settings import load_settings
from receiver.sources.alertmanager import parse
from receiver.store.upkeep import Upkeep
from receiver.workers.auditor import Auditor
from receiver.workers.ruleskeeper import load
from tests.builders import NOW, body, rules_files, wire
from tests.faults.far_end import FarEnd
from tests.faults.replica import Replica, Times, could_not_send
from tests.faults.rings import WAITS, Figures, Happened, judge
from tests.harness import ROOT, redis_server

STEP = 1.0  # virtual seconds between two looks


class Campaign:
    """The replicas, what is fired and acknowledged, and what must have rung."""

    def __init__(self, replicas: list[Replica], times: Times, far: FarEnd, rng: random.Random, figures: Figures) -> None:
        self.replicas, self.times, self.clock, self.far, self.random, self.figures = replicas, times, times.true, far, rng, figures
        self._plans: list[tuple[datetime, str]] = []
        self.happened = Happened()
        self._restarts: list[tuple[datetime, Replica]] = []
        self._thaws: list[tuple[datetime, Replica]] = []

    @property
    def live(self) -> list[App]:
        return [one.app for one in self.replicas if one.app and not one.is_frozen]

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
            with contextlib.suppress(ReceiverError, IndexError):  # the last one that lived may have frozen meanwhile
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
        self._freeze()
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

    def _freeze(self) -> None:
        """One may freeze while others are there; whoever did goes on when others have long had what it held."""
        now = self.clock.now()
        for at, replica in [one for one in self._thaws if one[0] <= now]:
            self._thaws.remove((at, replica))
            replica.thaw()
        for replica in self.replicas:
            if replica.is_frozen and all(one is not replica for _, one in self._thaws):
                self.figures.freezes += 1
                self._thaws.append((now + timedelta(seconds=self.random.uniform(21, 45)), replica))
                self.happened.stalls.append((now - timedelta(seconds=2 * STEP), self._thaws[-1][0] + timedelta(seconds=2 * STEP)))
        chosen = self.random.choice(self.replicas)
        for replica in self.replicas:
            replica.allow(freeze=replica is chosen and len(self.live) > 1 and not self._thaws)

    async def _black_out(self) -> None:
        """Every replica dies at once and all come back together. The store's clock is right: else nobody would be left to know the time."""
        self.figures.blackouts += 1
        self.times.set_right(at_once=True)
        for replica in self.replicas:
            await replica.kill()
        self._restarts.clear()
        self._thaws.clear()
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
    far = FarEnd(times.true, rng, could_not_send)
    with redis_server(directory) as url:
        environ = {"RECEIVER_REDIS_URL": url, "RECEIVER_SECRET_KEY": "k" * 32, "RECEIVER_TELEGRAM_MODE": "off", "RECEIVER_DATA_DIR": str(directory)}
        places = {"RECEIVER_RULES_DIR": str(_rules(directory)), "RECEIVER_TEMPLATES_DIR": str(ROOT / "message_templates"), "RECEIVER_LANGUAGE": "en"}
        settings = load_settings({**environ, **places, "HOME": "/"})
        loaded = load(Place(rules=settings.rules_dir, templates=settings.templates_dir))
        replicas = [Replica(settings, url, times, far, loaded, rng) for _ in range(3)]
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
        replica.thaw()
        replica.allow(freeze=False)
        if replica.app is None:
            await replica.start()
    await campaign.settle()
    await _learn(campaign, among=fired)
    figures.incidents = fired
    app = campaign.live[0]
    repaired = await Auditor(Upkeep(app.client, app.partitions), app.incidents, app.rules, app.clock, app.nudge).look()
    figures.repairs = repaired.wakes + repaired.slots


async def _learn(campaign: Campaign, among: int = 40) -> None:
    """Which incident is which service's, `among` the newest. While the store's clock is behind many are equally new: in the end all are looked at."""
    app, ids = campaign.live[0], campaign.happened.ids
    for found in await app.incidents.load_many([i for i in await app.incidents.recent(among) if i not in ids.values()]):
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
