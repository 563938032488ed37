"""One measurement of one target under one mix, and the further questions of the table."""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import redis

from receiver.app.build import build
from receiver.core.event import Woke
from receiver.settings import load_settings
from receiver.sources.alertmanager import parse
from receiver.telemetry.logs import configure
from tests.bench import targets
from tests.bench.client import closed_loop, in_order, open_loop, quantile
from tests.bench.load import Fleet, Load, Post
from tests.bench.machine import cpu_seconds, proportional_mib
from tests.fakes.bot_api import BotApi
from tests.harness import ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one target did with one mix. `mib` is memory per 100,000 active alerts."""

    webhooks_s: float
    alerts_s: float
    p50_ms: float
    p99_ms: float
    cpu_us_alert: float
    mib: float
    refused: int

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A directory for one target; short, since a socket's path must be."""
    with tempfile.TemporaryDirectory(prefix="bench") as name:
        yield Path(name)


async def row(target: targets.Running, load: Load) -> Row:
    """Bring in what comes before, then measure the stream."""
    start = proportional_mib(target.pids)
    if load.before:
        await closed_loop(target.at, [target.say(post) for post in load.before])
    said = [(post.group, target.say(post)) for post in load.stream]
    cpu = cpu_seconds(target.pids)
    result = await (in_order(target.at, said) if load.mix == "D" else closed_loop(target.at, [request for _, request in said]))
    cpu = cpu_seconds(target.pids) - cpu
    return Row(
        webhooks_s=len(said) / result.seconds,
        alerts_s=load.occurrences / result.seconds,
        p50_ms=result.at(0.5),
        p99_ms=result.at(0.99),
        cpu_us_alert=cpu / load.occurrences * 1e6,
        mib=(proportional_mib(target.pids) - start) / load.alerts * 100_000,
        refused=result.refused,
    )


async def at_rate(target: targets.Running, load: Load, rate: float) -> Row:
    """The same stream at a fixed rate whatever the target does."""
    await closed_loop(target.at, [target.say(post) for post in load.before])
    cpu = cpu_seconds(target.pids)
    result = await open_loop(target.at, [target.say(post) for post in load.stream], rate)
    cpu = cpu_seconds(target.pids) - cpu
    return Row(
        webhooks_s=len(load.stream) / result.seconds,
        alerts_s=load.occurrences / result.seconds,
        p50_ms=result.at(0.5),
        p99_ms=result.at(0.99),
        cpu_us_alert=cpu / load.occurrences * 1e6,
        mib=float("nan"),
        refused=result.refused,
    )


def end_state(path: str, load: Load) -> dict[str, tuple[int, int]]:
    """What the product's store holds beside what must be there: (found, expected). Alerts: none lost; firing: exact."""
    client = redis.Redis(unix_socket_path=path)
    members, firing = set(), 0
    for key in client.scan_iter("{p00}:al:*", count=1000):
        held = client.hgetall(key)
        members |= set(held)
        firing += sum(1 for signature in held.values() if signature[:1] == b"F")
    indexed = client.hlen("{p00}:ix")
    client.close()
    return {"alerts": (len(members), load.alerts), "firing": (firing, load.firing), "indexed": (indexed, load.firing)}


async def cost_by_size(seed: int, sizes: tuple[int, int], count: int) -> list[float]:
    """CPU microseconds of one webhook while so many alerts are open: the same shape of stream at each size."""
    fleet, costs = Fleet(seed), []
    with scratch() as directory, targets.product(directory) as target:
        for size in sizes:
            filling: list[Post] = []
            while sum(len(g.alerts) for g in fleet.groups) < size:
                filling.append(fleet.post(fleet.new_group(20)))
            await closed_loop(target.at, [target.say(post) for post in filling])
            await asyncio.sleep(1.5)
            stream = []
            for n in range(count):
                group = fleet.groups[fleet.dice.randrange(len(fleet.groups))]
                if n % 2:
                    fleet.drift(group)
                stream.append(target.say(fleet.post(group)))
            cpu = cpu_seconds(target.pids)
            await closed_loop(target.at, stream)
            costs.append((cpu_seconds(target.pids) - cpu) / count * 1e6)
    return costs


class _Stamped(list[Any]):
    """A log that remembers when each entry came."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def append(self, entry: Any) -> None:
        self.times.append(time.perf_counter())
        super().append(entry)


async def product_to_far_end(seed: int, count: int, rate: float) -> list[float]:
    """Seconds from a webhook being due to its message reaching a Bot API, one new incident each, no group wait."""
    chats = 40
    fleet = Fleet(seed)
    posts = [fleet.post(fleet.new_group(1, chat=str(n % chats))) for n in range(count)]
    async with BotApi() as far_end:
        log = far_end.log = _Stamped()
        with scratch() as directory:
            environ = {"RECEIVER_TELEGRAM_MODE": "polling", "RECEIVER_TELEGRAM_TOKEN": "1:bench", "RECEIVER_TELEGRAM_API_URL": far_end.url}
            with targets.product(directory, "0s", chats, **environ) as target:
                begun = (await open_loop(target.at, [target.say(post) for post in posts], rate)).begun
                await _until(lambda: len(log) >= count)
                texts = [(stamp, entry[1].text) for stamp, entry in zip(log.times, log, strict=False)]
    return _delays(posts, texts, begun, rate)


async def alertmanager_to_sink(seed: int, count: int, rate: float) -> list[float]:
    """The same for Alertmanager's own webhook."""
    fleet = Fleet(seed)
    posts = [fleet.post(fleet.new_group(1)) for _ in range(count)]
    texts: list[tuple[float, str]] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                body = await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0]))
                texts.append((time.perf_counter(), body.decode()))
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    with scratch() as directory, targets.alertmanager(directory, "0s", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/") as target:
        begun = (await open_loop(target.at, [target.say(post) for post in posts], rate)).begun
        await _until(lambda: len(texts) >= count)
    server.close()
    return _delays(posts, texts, begun, rate)


def _delays(posts: list[Post], texts: list[tuple[float, str]], begun: float, rate: float) -> list[float]:
    """From the moment each post was due to the first message that names its service."""
    delays = []
    for number, post in enumerate(posts):
        service = post.alerts[0]["labels"]["service"]
        seen = next((stamp for stamp, text in texts if service in text), None)
        if seen is not None:
            delays.append(seen - begun - number / rate)
    return delays


async def _until(is_met: Any, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not is_met() and time.monotonic() < end:
        await asyncio.sleep(0.01)


async def decision_p99(seed: int, count: int) -> tuple[float, float]:
    """Milliseconds from waking one incident to its plan being durable, and of a bare write that is synced, by turns: the slowest of a hundred."""
    fleet, spent, bare = Fleet(seed), list[float](), list[float]()
    configure("WARNING")
    with scratch() as directory, targets.store(directory) as (path, _):
        rules = targets.write_rules(directory / "rules", "0s")
        given = {"RECEIVER_REDIS_URL": f"unix://{path}", "RECEIVER_SECRET_KEY": "b" * 32, "RECEIVER_RULES_DIR": str(rules), "HOME": str(directory)}
        app = build(load_settings({**given, "RECEIVER_TEMPLATES_DIR": str(ROOT / "message_templates")}), f"unix://{path}")
        for _ in range(count):
            await app.engine.admit("alertmanager", parse(fleet.post(fleet.new_group(fleet.size())).webhook))
        for incident in await app.incidents.recent(count):
            begun = time.perf_counter()
            await app.engine.apply(incident, Woke())
            decided = time.perf_counter()
            await app.client.set("bare", incident)
            bare.append(time.perf_counter() - decided)
            spent.append(decided - begun)
        await app.client.aclose()
    return quantile(spent, 0.99) * 1000, quantile(bare, 0.99) * 1000
