"""kill -9 at random, of two replicas and of their store, while webhooks flow; the far end's log says what people got.

`python -m tests.faults.campaign --kills 200 --store-kills 40 [--rate 20] [--seed N]` is the full form; CI runs a short one. Every oracle is
outside the service: what the far end performed, and which webhooks were answered `202`.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx

from tests.builders import body, wire
from tests.fakes.bot_api import BotApi, Sent
from tests.harness import ROOT, TOKEN, free_port, wait_for_store

TEAMS = 60  # each its own chat, so that Telegram's limit of one chat is not what is measured
ROUND_TRIP = 0.05  # of the far end; a kill in between leaves an unknown outcome
MARKS = ("Possible repeat", "Возможен повтор")
MOST_COPIES = 3


@dataclass(kw_only=True)
class Figures:
    """What the run showed. `lost`, `split` and `wrong` name services; `unmarked` are copies that do not say so."""

    webhooks: int = 0
    refused: int = 0
    services: int = 0
    sends: int = 0
    edits: int = 0
    kills: int = 0
    store_kills: int = 0
    lost: list[str] = field(default_factory=list)
    split: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    unmarked: list[str] = field(default_factory=list)
    copies: int = 0
    most_copies: int = 0

    @property
    def per_kill(self) -> float:
        """Further copies for each kill of any kind."""
        return self.copies / max(1, self.kills + self.store_kills)

    def faults(self) -> list[str]:
        """What breaks the promise; empty when all of it was kept."""
        found = [f"{name}: {held[:5]}" for name, held in vars(self).items() if isinstance(held, list) and held]
        if self.per_kill > 0.5:
            found.append(f"{self.per_kill:.2f} copies a kill")
        if self.most_copies > MOST_COPIES:
            found.append(f"{self.most_copies} copies of one message")
        return found


def write_rules(directory: Path) -> Path:
    """One route and one chat for each team."""
    rules = directory / "rules"
    rules.mkdir()
    places = "\n".join(f"  team-{n}: {{channel: telegram, chat: {1000 + n}}}" for n in range(TEAMS))
    routes = "\n".join(f"    - {{id: team-{n}, matchers: ['team=\"{n}\"'], destinations: [team-{n}]}}" for n in range(TEAMS))
    (rules / "destinations.yaml").write_text(f"version: 1\ndestinations:\n{places}\n  spare: {{channel: telegram, chat: 999}}\nfallback: [spare]\n")
    (rules / "routes.yaml").write_text(
        f"version: 1\nroute:\n  id: root\n  group_by: [service]\n  group_wait: 1s\n  destinations: [spare]\n  routes:\n{routes}\n"
        "noise: {storm: {incidents: 1000000}}\n"  # every incident is told by itself, and counted
    )
    (rules / "people.yaml").write_text("version: 1\npeople:\n  anna: {name: Anna, roles: [responder], telegram: 111111111}\n")
    return rules


class Process:
    """One program that is started again whenever it was killed."""

    def __init__(self, words: list[str], log: Path, environ: dict[str, str]) -> None:
        self._words, self._log, self._environ = words, log, environ
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(self._words, stdout=out, stderr=out, env=self._environ)

    def kill(self) -> None:
        assert self._process
        self._process.kill()
        self._process.wait()

    def signal(self, number: int) -> None:
        assert self._process
        self._process.send_signal(number)

    def is_running(self) -> bool:
        return bool(self._process and self._process.poll() is None)

    def stop(self) -> int:
        assert self._process
        self._process.terminate()
        try:
            return self._process.wait(120)
        except subprocess.TimeoutExpired:
            self.kill()
            return -9


class Campaign:
    """Two replicas, one store, one far end, one sender of webhooks that retries as Alertmanager does."""

    def __init__(self, directory: Path, api: BotApi, seed: int, rate: float) -> None:
        self.figures = Figures()
        self._api, self._rate, self._directory = api, rate, directory
        self._random = random.Random(seed)
        self._ports = [free_port(), free_port()]
        self._socket = directory / "store.sock"
        self._firing: dict[str, datetime] = {}
        self._ended: set[str] = set()
        self._accepted: set[str] = set()
        self._under_way: set[asyncio.Task[None]] = set()
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._store = Process(self._store_words(), directory / "store.log", dict(os.environ))
        self._replicas = [self._replica(n, write_rules(directory) if n == 0 else directory / "rules") for n in range(2)]

    def _store_words(self) -> list[str]:
        options = {"port": "0", "unixsocket": str(self._socket), "dir": str(self._directory), "appendonly": "yes", "appendfsync": "always", "save": ""}
        return ["redis-server", *(word for name, value in options.items() for word in (f"--{name}", value))]

    def _replica(self, number: int, rules: Path) -> Process:
        ours = {
            "REDIS_URL": f"unix://{self._socket}",
            "PORT": str(self._ports[number]),
            "DATA_DIR": str(self._directory / f"data-{number}"),
            "SECRET_KEY": "k" * 32,
            "TELEGRAM_TOKEN": TOKEN,
            "TELEGRAM_API_URL": self._api.url,
            "RULES_DIR": str(rules),
            "TEMPLATES_DIR": str(ROOT / "message_templates"),
        }
        environ = {**os.environ, **{f"RECEIVER_{k}": v for k, v in ours.items()}}
        return Process([sys.executable, "-m", "receiver", "serve"], self._directory / f"replica-{number}.log", environ)

    async def run(self, kills: int, store_kills: int, pause: float) -> Figures:
        """Start everything, kill at random while webhooks flow, let it settle, judge."""
        self._store.start()
        await asyncio.to_thread(wait_for_store, self._socket)
        for replica in self._replicas:
            replica.start()
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=12) as http:
                await self._until_ready(http)
                flow = asyncio.get_running_loop().create_task(self._flow(http))
                await self._kill(["service"] * kills + ["store"] * store_kills, pause)
                flow.cancel()
                await asyncio.gather(flow, *self._under_way, return_exceptions=True)
                await self._settle()
        finally:
            for process in (*self._replicas, self._store):
                if process.is_running():
                    process.stop()
        return self._judge()

    async def _until_ready(self, http: httpx.AsyncClient) -> None:
        for port in self._ports:
            for _ in range(2400):
                with contextlib.suppress(httpx.HTTPError):
                    if (await http.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200:
                        break
                await asyncio.sleep(0.1)
            else:
                raise TimeoutError(f"replica on port {port} does not get ready: see {self._directory}")

    async def _kill(self, victims: list[str], pause: float) -> None:
        self._random.shuffle(victims)
        for n, victim in enumerate(victims):
            await asyncio.sleep(self._random.uniform(0.5, 1.5) * pause)
            if victim == "store":
                self._store.kill()
                await asyncio.sleep(self._random.uniform(0, 0.5))
                self._store.start()
                self.figures.store_kills += 1
            else:
                replica = self._random.choice(self._replicas)
                replica.kill()
                replica.start()
                self.figures.kills += 1
            if sys.stderr.isatty():
                print(f"\r{n + 1} of {len(victims)} kills, {self.figures.webhooks} webhooks", end="", file=sys.stderr, flush=True)

    async def _flow(self, http: httpx.AsyncClient) -> None:
        """A quarter new incidents, half repeats, a quarter ends: of incidents people have heard of, so that no end comes before its page."""
        while True:
            await asyncio.sleep(self._random.expovariate(self._rate))
            told = {m[0] for s in self._api.sends() if (m := re.search(r"svc-\d+", s.text))}
            may_end = sorted(self._firing.keys() & told & self._accepted)
            roll = self._random.random()
            if roll < 0.25 or not self._firing:
                name, status = f"svc-{len(self._firing) + len(self._ended)}", "firing"
                self._firing[name] = datetime.now(UTC)
            elif roll < 0.5 and may_end:
                name, status = self._random.choice(may_end), "resolved"
            else:
                name, status = self._random.choice(sorted(self._firing)), "firing"
            since = self._firing.pop(name) if status == "resolved" else self._firing[name]
            if status == "resolved":
                self._ended.add(name)
            task = asyncio.get_running_loop().create_task(self._deliver(http, name, status, since))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _deliver(self, http: httpx.AsyncClient, name: str, status: str, since: datetime) -> None:
        """One group has one POST under way at a time, as in Alertmanager."""
        async with self._turns[name]:
            await self._post(http, name, status, since)

    async def _post(self, http: httpx.AsyncClient, name: str, status: str, since: datetime) -> None:
        """To one replica, again and again until it is accepted: Alertmanager's backoff, 0.5 s x 1.5."""
        number = int(name.partition("-")[2])
        alert = wire("i", status, since=since, ended=datetime.now(UTC) if status == "resolved" else None, service=name, team=str(number % TEAMS))
        url = f"http://127.0.0.1:{self._random.choice(self._ports)}/webhooks/alertmanager"
        self.figures.webhooks += 1
        pause = 0.5
        while True:
            with contextlib.suppress(httpx.HTTPError):
                answer = await http.post(url, content=body(alert), headers={"content-type": "application/json"})
                if answer.status_code == 202:
                    self._accepted.add(name)
                    return
                assert answer.status_code == 503, answer.text
            self.figures.refused += 1
            await asyncio.sleep(pause)
            pause = min(5.0, pause * 1.5)

    async def _settle(self) -> None:
        """Until nothing has been sent or edited for longer than a lost send's lease."""
        seen, quiet = -1, 0.0
        while quiet < 27:
            await asyncio.sleep(0.5)
            quiet = quiet + 0.5 if len(self._api.log) == seen else 0.0
            seen = len(self._api.log)

    def _judge(self) -> Figures:
        figures = self.figures
        ids: dict[str, set[str]] = defaultdict(set)
        living: dict[tuple[str, str, str], list[Sent]] = defaultdict(list)
        for verb, sent in self._api.log:
            if verb == "edit":
                figures.edits += 1
                continue
            figures.sends += 1
            name, incident = re.search(r"svc-\d+", sent.text), re.search(r"INC-\d+", sent.text)
            if name and incident:
                ids[name[0]].add(incident[0])
                living[name[0], sent.chat, "living" if sent.buttons else "end"].append(sent)
        figures.services = len(self._firing) + len(self._ended)
        figures.lost = sorted(n for n in self._accepted if n not in ids)
        figures.split = sorted(n for n, held in ids.items() if len(held) > 1)
        for (name, _, kind), sents in living.items():
            figures.copies += len(sents) - 1
            figures.most_copies = max(figures.most_copies, len(sents))
            figures.unmarked += [f"{name} {kind}: {s.text}" for s in sents[1:] if not any(m in s.text for m in MARKS)]
            if kind == "living":
                figures.wrong += self._untrue(name, sents)
        return figures

    def _untrue(self, name: str, sents: list[Sent]) -> list[str]:
        """The message, and a copy we were told of, ends by saying what is so."""
        shown = [self._api.messages[s.chat, s.id].text[:1] for s in sents]
        want = "🟢" if name in self._ended else "🔴"
        return [] if want in shown else [f"{name} shows {shown}, should show {want}"]


async def campaign(directory: Path, *, kills: int, store_kills: int, seed: int, rate: float = 20.0, pause: float = 1.5) -> Figures:
    """One run; bounded by its kills."""
    async with BotApi(latency=ROUND_TRIP) as api:
        return await Campaign(directory, api, seed, rate).run(kills, store_kills, pause)


if __name__ == "__main__":
    cli = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cli.add_argument("--kills", type=int, default=200)
    cli.add_argument("--store-kills", type=int, default=40)
    cli.add_argument("--rate", type=float, default=20.0, help="webhooks a second")
    cli.add_argument("--pause", type=float, default=1.5, help="mean seconds between kills")
    cli.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    cli.add_argument("--keep", type=Path, help="directory for logs and store (default: a temporary one)")
    args = cli.parse_args()
    print(f"seed {args.seed}", flush=True)
    with tempfile.TemporaryDirectory() as made:
        where = args.keep or Path(made)
        where.mkdir(parents=True, exist_ok=True)
        found = asyncio.run(campaign(where, kills=args.kills, store_kills=args.store_kills, seed=args.seed, rate=args.rate, pause=args.pause))
    shown = {k: len(v) if isinstance(v, list) else v for k, v in vars(found).items()}
    print(json.dumps({**shown, "copies_per_kill": round(found.per_kill, 3)}, indent=1))
    for fault in found.faults():
        print(f"FAULT {fault}")
    sys.exit(1 if found.faults() else 0)
