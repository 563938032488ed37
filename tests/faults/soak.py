"""Half an hour of ordinary work in which nothing may stop the outward ping: `python -m tests.faults.soak --minutes 30 [--seed N]`.

In real time, on a process of its own: webhooks that fire and end, people who press, a Watchdog, a canary, and a reload of the rules every
minute. The oracle is the checker outside: whenever 90 s went by without a ping, it would have paged. CI runs
the same for thirty minutes of an advanced clock (`tests/workers/test_heartbeat.py`).
"""

import argparse
import asyncio
import contextlib
import os
import random
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import httpx

from receiver.app.run import end
from tests.builders import body, rules_files, wire
from tests.fakes.bot_api import BotApi
from tests.faults.campaign import Process
from tests.harness import ANNA, DEVOPS, ROOT, TOKEN, free_port, redis_server

MOST = 90.0
SOURCES = """version: 1
sources: {alertmanager: {kind: alertmanager, watchdog: {matchers: ['alertname="Watchdog"'], interval: 2m, required: true}}}
"""


@dataclass
class Checker:
    """The checker outside: when each ping came, in steady seconds."""

    pings: list[float] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            self.pings.append(time.monotonic())
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK")
            await writer.drain()
            writer.close()

    def longest_gap(self, until: float) -> float:
        """Seconds, the first ping being the beginning."""
        return max((then - before for before, then in pairwise([*self.pings, until])), default=until)


class Work:
    """What an ordinary half hour brings."""

    def __init__(self, http: httpx.AsyncClient, api: BotApi, url: str, rng: random.Random) -> None:
        self._http, self._api, self._url, self._random = http, api, url, rng
        self._firing: dict[str, datetime] = {}
        self._began = datetime.now(UTC)
        self.webhooks = self.presses = 0

    async def run(self) -> None:
        turn = 0
        while True:
            if turn % 30 == 0:
                await self._post(wire("x", since=self._began, alertname="Watchdog", severity="none"))
            await self._one()
            turn += 1
            await asyncio.sleep(1)

    async def _one(self) -> None:
        roll, now = self._random.random(), datetime.now(UTC)
        if roll < 0.10:
            name = f"svc-{self.webhooks}"
            self._firing[name] = now
            await self._post(wire("a", since=now, service=name, severity=self._random.choice(("critical", "warning", "warning"))))
        elif roll < 0.20 and self._firing:
            name = self._random.choice(sorted(self._firing))
            await self._post(wire("a", "resolved", since=self._firing.pop(name), ended=now, service=name))
        elif roll < 0.25:
            living = [one for one in self._api.messages.values() if one.chat == DEVOPS and any("Ack" in b["text"] for row in one.buttons for b in row)]
            if living:
                one = self._random.choice(living)
                await self._api.press(one, "Ack", ANNA)
                self.presses += 1

    async def _post(self, alert: dict[str, object]) -> None:
        self.webhooks += 1
        answer = await self._http.post(f"{self._url}/webhooks/alertmanager", content=body(alert), headers={"content-type": "application/json"})
        assert answer.status_code == 202, answer.text


async def soak(directory: Path, *, minutes: float, seed: int) -> tuple[Checker, float, Work]:
    """The checker, the longest time without a ping in seconds, and what was done."""
    checker, port, ping = Checker(), free_port(), free_port()
    async with BotApi() as api, await asyncio.start_server(checker.answer, "127.0.0.1", ping):
        with redis_server(directory) as url:
            ours = {
                "REDIS_URL": url,
                "PORT": str(port),
                "DATA_DIR": str(directory / "data"),
                "SECRET_KEY": "k" * 32,
                "TELEGRAM_TOKEN": TOKEN,
                "TELEGRAM_API_URL": api.url,
                "TELEGRAM_MODE": "polling",
                "RULES_DIR": str(rules_files(directory / "rules", sources=SOURCES)),
                "TEMPLATES_DIR": str(ROOT / "message_templates"),
                "HEARTBEAT_URL": f"http://127.0.0.1:{ping}/ping",
                "CANARY_CHAT": "777",
            }
            environ = {**os.environ, **{f"RECEIVER_{name}": value for name, value in ours.items()}}
            service = Process([sys.executable, "-m", "receiver", "serve"], directory / "service.log", environ)
            service.start()
            try:
                work = await _work(checker, api, port, minutes=minutes, rng=random.Random(seed), service=service)
            finally:
                service.stop()
    return checker, checker.longest_gap(time.monotonic()), work


async def _work(checker: Checker, api: BotApi, port: int, *, minutes: float, rng: random.Random, service: Process) -> Work:
    over = time.monotonic() + minutes * 60
    async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
        while not checker.pings and time.monotonic() < over:
            await asyncio.sleep(0.1)
        work = Work(http, api, f"http://127.0.0.1:{port}", rng)
        task = asyncio.get_running_loop().create_task(work.run())
        try:
            while time.monotonic() < over and not task.done():
                await asyncio.sleep(min(60, max(0, over - time.monotonic())))
                service.signal(signal.SIGHUP)
                print(f"{len(checker.pings)} pings, {work.webhooks} webhooks, longest gap {checker.longest_gap(time.monotonic()):.0f} s", flush=True)
        finally:
            if task.done():
                task.result()
            await end([task])
    return work


def main() -> None:
    cli = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cli.add_argument("--minutes", type=float, default=30)
    cli.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    args = cli.parse_args()
    print(f"seed {args.seed}", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        checker, gap, work = asyncio.run(soak(Path(directory), minutes=args.minutes, seed=args.seed))
    print(f"{len(checker.pings)} pings in {args.minutes:.0f} min, longest gap {gap:.1f} s; {work.webhooks} webhooks, {work.presses} presses")
    if gap > MOST or len(checker.pings) < args.minutes - 1:
        raise SystemExit("the ping was stopped falsely")


if __name__ == "__main__":
    main()
