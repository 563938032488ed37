"""Every fire gets one page and one true end, from two real Alertmanagers whose gossip is cut and healed, and that are killed and reloaded.

`python -m tests.faults.gossip --cycles 200 [--seed N]` is the full form, in real time; CI runs a short one in fast motion. A cycle is one
service: it fires, is paged, ends. Cycles run side by side in rounds, and each round has its trouble. Oracles are the far end's log (what
people read, and when) and the alerts' own truth, which only the simulated Prometheus knows; two services fire throughout and never end.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from receiver.app.run import end, serve
from receiver.core import life, signal
from receiver.settings import Settings, load_settings
from receiver.workers import peers, reconciler, suspicion, watchdog
from tests.alertmanager import real_now
from tests.builders import rules_files
from tests.fakes.bot_api import BotApi
from tests.fakes.prometheus_beat import PrometheusBeat
from tests.faults.cluster import Cluster, cluster
from tests.harness import ROOT, TOKEN, free_port, redis_server

TROUBLES = ("cut", "kill", "reload", "dead", "one")
HELD = ("held-0", "held-1")
CHATS = 10  # by the last digit of a service, so that Telegram's limit of one chat is not what is measured


@dataclass(frozen=True, kw_only=True)
class Motion:
    """How fast all of it goes; real time, or the same in fast motion."""

    beat: float = 15.0
    hold: timedelta = timedelta(minutes=4)
    watchdog: str = "2m"
    page: float = 75.0
    end: float = 180.0
    trouble: float = 20.0
    alertmanager: dict[str, str] = field(default_factory=lambda: {"wait": "5s", "interval": "10s", "dog": "30s", "peer": "15s"})
    constants: tuple[tuple[object, str, object], ...] = ()

    @contextlib.contextmanager
    def set(self) -> Iterator[None]:
        """The product's own periods, for as long as this lasts."""
        before = [(where, name, getattr(where, name)) for where, name, _ in self.constants]
        for where, name, value in self.constants:
            setattr(where, name, value)
        try:
            yield
        finally:
            for where, name, value in before:
                setattr(where, name, value)


FAST = Motion(
    beat=0.5,
    hold=timedelta(seconds=6),
    watchdog="4s",
    page=20.0,
    end=20.0,
    trouble=1.0,
    alertmanager={"wait": "200ms", "interval": "400ms", "dog": "1s", "peer": "1s"},
    constants=(
        (reconciler, "EVERY", 1.0),
        (reconciler, "LATE", timedelta(seconds=4)),
        (peers, "YOUNG", timedelta(seconds=4)),
        (signal, "SETTLE", timedelta(seconds=4)),
        (life, "LOOK_AGAIN", timedelta(seconds=0.5)),
        (suspicion, "EVERY", 0.5),
        (watchdog, "EVERY", 0.5),
    ),
)


@dataclass(kw_only=True)
class Figures:
    """What the run showed; the lists name the services for which the promise was broken."""

    seed: int
    cycles: int = 0
    troubles: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    silenced: int = 0
    never_paged: list[str] = field(default_factory=list)
    paged_twice: list[str] = field(default_factory=list)
    never_ended: list[str] = field(default_factory=list)
    ended_twice: list[str] = field(default_factory=list)
    ended_falsely: list[str] = field(default_factory=list)
    ended_late: list[str] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)

    def faults(self) -> list[str]:
        """Empty when all of it was kept."""
        return [f"{name}: {held[:8]}" for name, held in vars(self).items() if isinstance(held, list) and name != "ends" and held]

    def shown(self) -> dict[str, object]:
        """Every figure; lists by their length."""
        lists = {name: len(held) if isinstance(held, list) else held for name, held in vars(self).items()}
        ordered = sorted(self.ends)
        return {**lists, "end_after_s": [round(ordered[int(len(ordered) * q)], 1) for q in (0.5, 0.95)] + [round(ordered[-1], 1)] if ordered else []}


class Observer:
    """Reads the far end's log and notes when each line came; what it says of each service."""

    def __init__(self, api: BotApi) -> None:
        self._api, self._read = api, 0
        self.pages: dict[str, list[datetime]] = defaultdict(list)
        self.ends: dict[str, list[datetime]] = defaultdict(list)
        self.greens: dict[str, datetime] = {}

    async def run(self) -> None:
        while True:
            for verb, sent in self._api.log[self._read :]:
                self._read += 1
                self._note(verb, sent.text, sent.chat)
            await asyncio.sleep(0.05)

    def _note(self, verb: str, text: str, chat: str) -> None:
        found = re.search(r"\b(svc|held)-\d+", text)
        if not found or int(chat) > CHATS:
            return
        name, now = found[0], real_now()
        if verb != "edit" and "back to normal" in text:
            self.ends[name].append(now)
        elif verb != "edit" and text.startswith("🔴"):
            self.pages[name].append(now)
        if text.startswith("🟢"):
            self.greens.setdefault(name, now)


class Campaign:
    """Rounds of cycles side by side."""

    def __init__(self, motion: Motion, rng: random.Random, both: Cluster, observer: Observer, figures: Figures) -> None:
        self.motion, self.random, self.both, self.observer, self.figures = motion, rng, both, observer, figures
        self.prometheus = PrometheusBeat([*both.peers], motion.beat, motion.hold)
        self._known: dict[str, datetime] = {}

    async def run(self, cycles: int, side_by_side: int, troubles: Sequence[str]) -> None:
        for name in HELD:
            self.prometheus.fire(name, severity="critical")
        beat = asyncio.get_running_loop().create_task(self.prometheus.run())
        try:
            done = 0
            while done < cycles:
                trouble = troubles[done // side_by_side % len(troubles)]
                names = [f"svc-{n}" for n in range(done, min(cycles, done + side_by_side))]
                await self._round(trouble, names)
                done += len(names)
                print(f"{real_now():%H:%M:%S} {done} of {cycles} cycles, {trouble}: {self.figures.faults()}", flush=True)
        finally:
            await end([beat])
        self._judge_held()

    async def _round(self, trouble: str, names: list[str]) -> None:
        self.figures.troubles[trouble] += 1
        if trouble == "cut":
            self.both.cut()
        for name in names:
            self.prometheus.fire(name, severity="critical")
            await asyncio.sleep(self.random.uniform(0, self.motion.trouble / 10))
        await self._until(lambda: all(self.observer.pages[name] for name in names), self.motion.page)
        quiet = [name for name in names if self.random.random() < 0.3]
        for name in quiet:
            await self.both.silence_quietly(service=name)
            self.figures.silenced += 1
        ends = asyncio.get_running_loop().create_task(self._end(names))
        await asyncio.sleep(self.random.uniform(0, self.motion.trouble))
        await getattr(self, f"_{trouble}")()
        await ends
        known = {name: max(self.prometheus.rules[name].ended_at or real_now(), self._known.get(trouble, real_now() - timedelta(hours=1))) for name in names}
        await self._until(lambda: all(self.observer.ends[name] for name in names), self.motion.end + 5)
        await asyncio.sleep(self.motion.trouble / 4)
        for name in names:
            self._judge(name, known[name])

    async def _end(self, names: list[str]) -> None:
        for name in names:
            await asyncio.sleep(self.random.uniform(0, self.motion.trouble * 3 / len(names)))
            self.prometheus.end(name)

    async def _cut(self) -> None:
        await asyncio.sleep(self.motion.trouble)
        await self.both.heal()

    async def _kill(self) -> None:
        await self.both.restart()

    async def _one(self) -> None:
        """One of the peers dies with what it knew, while gossip is cut."""
        self.both.cut()
        peer = self.random.choice(self.both.peers)
        peer.kill()
        peer.start()
        await peer.until_up()
        await asyncio.sleep(self.motion.trouble)
        await self.both.heal()

    async def _reload(self) -> None:
        await self.both.reload("svc")

    async def _dead(self) -> None:
        """Prometheus dies for longer than its alerts last, the peers are restarted meanwhile, and it comes back without a memory."""
        self.prometheus.die()
        await asyncio.sleep(self.motion.hold.total_seconds() * 0.5)
        await self.both.restart()
        await asyncio.sleep(self.motion.hold.total_seconds() * 0.7)
        self.prometheus.rise()
        self._known["dead"] = real_now()

    async def _until(self, holds: Callable[[], bool], seconds: float) -> None:
        over = time.monotonic() + seconds
        while time.monotonic() < over and not holds():
            await asyncio.sleep(0.05)

    def _judge(self, name: str, known: datetime) -> None:
        figures, pages, ends, truth = self.figures, self.observer.pages[name], self.observer.ends[name], self.prometheus.rules[name].ended_at
        figures.cycles += 1
        if len(pages) != 1:
            (figures.paged_twice if pages else figures.never_paged).append(name)
        if not ends:
            figures.never_ended.append(name)
            return
        if len(ends) > 1:
            figures.ended_twice.append(name)
        if truth is None or min(ends[0], self.observer.greens.get(name, ends[0])) < truth:
            figures.ended_falsely.append(name)
        late = (ends[0] - known).total_seconds()
        figures.ends.append(late)
        if late > self.motion.end:
            figures.ended_late.append(f"{name} after {late:.0f} s")

    def _judge_held(self) -> None:
        for name in HELD:
            if len(self.observer.pages[name]) != 1:
                self.figures.paged_twice.append(name)
            if self.observer.ends[name] or name in self.observer.greens:
                self.figures.ended_falsely.append(name)


async def run(directory: Path, *, cycles: int, seed: int, motion: Motion, side_by_side: int, troubles: Sequence[str] = TROUBLES) -> Figures:
    """The whole campaign."""
    figures, rng, port = Figures(seed=seed), random.Random(seed), free_port()
    hook = f"http://127.0.0.1:{port}/webhooks/alertmanager"
    with motion.set(), redis_server(directory) as url:
        async with BotApi() as api, cluster(directory, hook, motion.alertmanager) as both:
            api.pace = None
            loop = asyncio.get_running_loop()
            observer = Observer(api)
            tasks = [loop.create_task(serve(_settings(directory, url, api.url, port, both, motion))), loop.create_task(observer.run())]
            try:
                await Campaign(motion, rng, both, observer, figures).run(cycles, side_by_side, troubles)
            finally:
                await end(tasks)
    return figures


def _settings(directory: Path, url: str, api: str, port: int, both: Cluster, motion: Motion) -> Settings:
    addresses = json.dumps([peer.url for peer in both.peers])
    watched = f"watchdog: {{matchers: ['alertname=\"Watchdog\"'], interval: {motion.watchdog}, required: true}}"
    sources = f"version: 1\nsources:\n  alertmanager: {{kind: alertmanager, peers: {addresses}, {watched}}}\n"
    children = "\n".join(f"    - {{id: to-{n}, matchers: ['service=~\".*{n}\"'], destinations: [to-{n}]}}" for n in range(CHATS))
    routes = f"version: 1\nroute:\n  id: root\n  group_by: [service]\n  group_wait: 1s\n  destinations: [spare]\n  routes:\n{children}\n"
    routes += "noise: {storm: {incidents: 1000000}}\n"  # every incident is told by itself, and counted
    chats = "\n".join(f"  to-{n}: {{channel: telegram, chat: {n + 1}}}" for n in range(CHATS))
    places = f"version: 1\ndestinations:\n{chats}\n  spare: {{channel: telegram, chat: 99}}\nfallback: [spare]\n"
    ours = {
        "REDIS_URL": url,
        "PORT": str(port),
        "DATA_DIR": str(directory / "data"),
        "SECRET_KEY": "k" * 32,
        "TELEGRAM_TOKEN": TOKEN,
        "TELEGRAM_API_URL": api,
        "RULES_DIR": str(rules_files(directory / "rules", sources=sources, routes=routes, destinations=places)),
        "TEMPLATES_DIR": str(ROOT / "message_templates"),
    }
    return load_settings({"HOME": os.environ.get("HOME", "/"), **{f"RECEIVER_{name}": value for name, value in ours.items()}})


def main() -> None:
    cli = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cli.add_argument("--cycles", type=int, default=200)
    cli.add_argument("--side-by-side", type=int, default=40)
    cli.add_argument("--troubles", nargs="+", choices=TROUBLES, default=TROUBLES, help="one after the other, round by round")
    cli.add_argument("--fast", action="store_true", help="the fast motion of CI")
    cli.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    cli.add_argument("--keep", type=Path, help="directory for logs and store (default: a temporary one)")
    args = cli.parse_args()
    print(f"seed {args.seed}", flush=True)
    with tempfile.TemporaryDirectory() as made:
        where = args.keep or Path(made)
        where.mkdir(parents=True, exist_ok=True)
        motion = FAST if args.fast else Motion()
        figures = asyncio.run(
            run(where, cycles=args.cycles, seed=args.seed, motion=motion, side_by_side=args.side_by_side, troubles=args.troubles),
        )
    print(json.dumps(figures.shown(), indent=1))
    if faults := figures.faults():
        raise SystemExit("\n".join(faults))


if __name__ == "__main__":
    main()
