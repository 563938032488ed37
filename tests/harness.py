"""`Story`: the whole application against a real store and a far end that speaks the Bot API. Fire, expect, advance, press, expect nothing."""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from receiver.app.build import App, auditor, build
from receiver.app.derived import webhook_secret
from receiver.app.http import litestar_app
from receiver.app.pictures import evidence_workers
from receiver.app.run import end
from receiver.chat.setup import introduce
from receiver.clock import ManualClock
from receiver.core.rulebook import RuleBook
from receiver.rules.origin import Place
from receiver.settings import Settings, load_settings
from receiver.store.connection import inspect
from receiver.workers.poller import Poller, register_webhook
from receiver.workers.ruleskeeper import Loaded, load
from tests.builders import NOW, body, rules_of_chats
from tests.fakes.bot_api import BotApi, Sent

ROOT = Path(__file__).parent.parent
TOKEN = "123456:AAE-test-token-that-must-not-leak-0000"
ADMINS, DEVOPS, SPARE = "-1001000000001", "-1001000000002", "-1001000000003"
ANNA, BORIS, SVETA, STRANGER = 111111111, 111111112, 111111113, 999


@contextlib.contextmanager
def redis_server(directory: Path, *options: str) -> Iterator[str]:
    """A real server on a Unix socket in this directory; its URL."""
    path = directory / "r.sock"
    words = ["--port", "0", "--unixsocket", str(path), "--dir", str(directory), "--appendonly", "yes", "--appendfsync", "always", "--save", ""]
    process = subprocess.Popen([shutil.which("redis-server") or "redis-server", *words, *options], stdout=subprocess.DEVNULL)
    try:
        wait_for_store(path)
        yield f"unix://{path}"
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def redis_cluster(directory: Path, masters: int = 3) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A real cluster of masters on free ports, all slots dealt out; its URL and its processes."""
    free = free_ports(2 * masters)
    ports, processes = free[:masters], []
    for port, bus in zip(ports, free[masters:], strict=True):
        home = directory / f"node{port}"
        home.mkdir()
        words = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(home), "--appendonly", "yes", "--appendfsync", "always", "--save", ""]
        words += ["--cluster-enabled", "yes", "--cluster-node-timeout", "1000", "--cluster-port", str(bus), "--cluster-require-full-coverage", "no"]
        processes.append(subprocess.Popen([shutil.which("redis-server") or "redis-server", *words], stdout=subprocess.DEVNULL))
    try:
        _join(ports)
        yield "redis+cluster://" + ",".join(f"127.0.0.1:{port}" for port in ports), processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _join(ports: list[int]) -> None:
    """What `redis-cli --cluster create` does, without asking."""
    clients = [redis.Redis(port=port, socket_timeout=2, retry=Retry(ConstantBackoff(0.05), 100)) for port in ports]
    share = 16384 // len(ports) + 1
    for number, client in enumerate(clients):
        client.execute_command("CLUSTER", "ADDSLOTSRANGE", number * share, min(16383, (number + 1) * share - 1))
        client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
    buses = [client.config_get("cluster-port")["cluster-port"] for client in clients]
    for port, bus in zip(ports[1:], buses[1:], strict=True):
        clients[0].execute_command("CLUSTER", "MEET", "127.0.0.1", port, bus)
    end = time.monotonic() + 120
    while not all(c.cluster("info")["cluster_state"] == "ok" and c.cluster("info")["cluster_known_nodes"] == str(len(ports)) for c in clients):
        if time.monotonic() > end:
            raise TimeoutError("the cluster does not come together")
        time.sleep(0.05)
    for client in clients:
        client.close()


def wait_for_store(path: Path, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        client = redis.Redis(unix_socket_path=str(path), socket_timeout=1)
        with contextlib.suppress(redis.RedisError, OSError):
            if client.ping():
                client.close()
                return
        client.close()
        time.sleep(0.02)
    raise TimeoutError(path)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_ports(count: int) -> list[int]:
    """That many different ones."""
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


class Story:
    """One replica (or several on one store); time stands still until `advance`."""

    def __init__(self, api: BotApi, apps: list[App], clock: ManualClock) -> None:
        self.api, self.apps, self.clock = api, apps, clock
        self.app = apps[0]
        self._seen: set[int] = set()
        clients = [httpx.AsyncClient(transport=httpx.ASGITransport(app=litestar_app(a)), base_url="http://127.0.0.1") for a in apps]
        self.http, self.replicas = clients[0], clients
        self.waker: asyncio.Task[None]
        self.tasks: list[asyncio.Task[None]] = []

    def restart_waker(self) -> None:
        """Of the first replica, after a test has stopped it to hold time still."""
        self.waker = asyncio.get_running_loop().create_task(self.app.waker.run())
        self.tasks.append(self.waker)

    async def fire(self, *alerts: dict[str, Any], truncated: int = 0, replica: int = 0) -> dict[str, Any]:
        """One webhook; the answer's body."""
        answer = await self.post(body(*alerts, truncated=truncated), replica=replica)
        assert answer.status_code == 202, answer.text
        return answer.json()

    async def post(self, content: bytes, path: str = "/webhooks/alertmanager", *, replica: int = 0, **headers: str) -> httpx.Response:
        given = {"content-type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        return await self.replicas[replica].post(path, content=content, headers=given)

    async def advance(self, **span: float) -> None:
        """Let time pass and everything that it brings happen."""
        self.clock.advance(**span)
        await self.settle()

    async def settle(self) -> None:
        """Until nothing is due any more."""
        quiet = 0
        for _ in range(800):
            for app in self.apps:
                app.nudge.wakes.set()
                app.nudge.sends.set()
                app.nudge.notices.set()
                app.nudge.pictures.set()
            await asyncio.sleep(0.01)
            if not await self._due():
                quiet += 1
                if quiet == 3:
                    return
            else:
                quiet = 0
        raise AssertionError("work remains due")

    async def _due(self) -> int:
        """What is due or under way: leases are scores in the near future, and nothing else is due so soon."""
        now = int(self.clock.now().timestamp() * 1000)
        client = self.app.client
        names = ("wake", "telling", *(f"due:{p}" for p in range(3)))  # pictures have their own time
        due = [await client.zcount(at.of(name), "-inf", now) for at in self.app.partitions for name in names]
        due.append(await client.zcount("{notice}:wake", "-inf", now))
        return sum(due) + sum(app.waker.busy + app.sender.in_flight + app.notices.noticer.busy for app in self.apps)

    async def expect(self, chat: str, *texts: str) -> Sent:
        """The next new message in this chat says all of this; chats are independent of each other."""
        await self.api.until(lambda: bool(self._news(chat)))
        at, sent = self._news(chat)[0]
        self._seen.add(at)
        for text in texts:
            assert text in sent.text, f"{text!r} is not in:\n{sent.text}"
        return self.api.messages[sent.chat, sent.id]

    async def expect_nothing(self) -> None:
        """No new message that nobody expected."""
        await self.settle()
        unexpected = [f"{s.chat}: {s.text}" for _, s in self._news()]
        assert unexpected == [], unexpected

    def _news(self, chat: str = "") -> list[tuple[int, Sent]]:
        return [(n, s) for n, s in enumerate(self.api.sends()) if n not in self._seen and chat in ("", s.chat)]

    async def incidents(self) -> list[Any]:
        return [await self.app.incidents.load(i) for i in await self.app.incidents.recent()]


@contextlib.asynccontextmanager
async def story(
    directory: Path, *, on: str = "", start: datetime = NOW, replicas: int = 1, rules: Path | Sequence[Path] | RuleBook | None = None, **environ: str
) -> AsyncIterator[Story]:
    """A story on a fresh store; any message nobody expected fails it at the end. `rules`: one for all, or a directory per replica; without
    any, those of `rules_of_chats`.

    `on` is the address of an empty store that runs already.
    """
    rules = rules or rules_of_chats(directory / "rules-of-chats")
    async with BotApi() as api:
        with contextlib.nullcontext(on) if on else redis_server(directory) as url:
            clock = ManualClock(start)
            settings = load_settings(
                {
                    "RECEIVER_REDIS_URL": url,
                    "RECEIVER_SECRET_KEY": "k" * 32,
                    "RECEIVER_TELEGRAM_TOKEN": TOKEN,
                    "RECEIVER_TELEGRAM_API_URL": api.url,
                    "RECEIVER_RULES_DIR": str(ROOT / "routing_rules"),
                    "RECEIVER_TEMPLATES_DIR": str(ROOT / "message_templates"),
                    "RECEIVER_DATA_DIR": str(directory),
                    "HOME": os.environ.get("HOME", "/"),
                    **environ,
                }
            )
            apps = [build(one, url, clock, loaded=_loaded(one, rules)) for one in _own_settings(settings, replicas, rules)]
            for app in apps:
                await inspect(app.client)
                app.ready.faults = ()
            told = Story(api, apps, clock)
            told.tasks = [asyncio.get_running_loop().create_task(w) for app in apps for w in _workers(app)]
            told.waker = told.tasks[0]
            await _until_started(apps, clock)
            try:
                yield told
                await told.expect_nothing()
                for task in told.tasks:
                    if task.done() and not task.cancelled():
                        task.result()
            finally:
                await end(told.tasks)
                for client in told.replicas:
                    await client.aclose()
                for app in apps:
                    await app.channels["telegram"].close()
                    await app.watches.alertmanager.close()
                    if app.prometheus:
                        await app.prometheus.close()
                    await app.notices.close()
                    await app.client.aclose()


async def _until_started(apps: Sequence[App], clock: ManualClock) -> None:
    """Nothing that is noticed at a start may be taken for what the story does to the clock. On a machine so busy that the store did not answer
    at once, whoever asks again does so in the story's time.
    """
    looked_at = time.monotonic()
    async with asyncio.timeout(60):
        while any(app.watches.respool.is_starting for app in apps):
            await asyncio.sleep(0.005)
            if time.monotonic() - looked_at > 10:
                looked_at = time.monotonic()
                clock.advance(seconds=5)


def _workers(app: App) -> list[Any]:
    bot = app.channels["telegram"]
    updates = (
        register_webhook(bot, app.settings.public_url or "", webhook_secret(app.settings))
        if app.settings.telegram_mode == "webhook"
        else Poller(bot, app.intake).run()
    )
    return [
        app.waker.run(),
        *app.watches.workers(),
        app.sender.run(),
        app.notices.noticer.run(),
        app.chat.desk.run(),
        app.chat.amender.run(),
        introduce(bot, app.chat.desk, app.chat.commands, app.settings.language),
        app.recorder.run(),
        app.keeper.run(),
        auditor(app).run(),
        updates,
        *evidence_workers(app),
    ]


def _own_settings(settings: Settings, replicas: int, rules: Path | Sequence[Path] | RuleBook) -> list[Settings]:
    shared = [rules] * replicas if isinstance(rules, Path) else [settings.rules_dir] * replicas if isinstance(rules, RuleBook) else rules
    return [settings.model_copy(update={"rules_dir": d, "data_dir": settings.data_dir / f"data{n}"}) for n, d in enumerate(shared)]


def _loaded(settings: Settings, rules: Path | Sequence[Path] | RuleBook) -> Loaded:
    found = load(Place(rules=settings.rules_dir, templates=settings.templates_dir))
    return replace(found, book=rules) if isinstance(rules, RuleBook) else found
