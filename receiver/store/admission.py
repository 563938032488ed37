"""All requests of one turn of the loop in one script call, one per partition on a cluster. Called by `engine.admit`, the only hot path.

While a call is under way the next one fills, so the batch grows with the load and latency stays one round trip. When many senders were
answered it waits a moment for them to come again: one sync serves them all. One that has filled well is sent behind the other without
waiting for its answer, on the same connection, so that the order stays: neither side is idle in a storm.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from receiver.clock import Clock
from receiver.core.errors import StoreUnavailableError
from receiver.store.connection import Line
from receiver.store.keys import META, Partition, Partitions
from receiver.store.promise import Promise
from receiver.store.scripts import Argument, Script
from receiver.telemetry import metrics
from receiver.telemetry.logs import get_logger

BATCH = 128
DEPTH = 2  # calls under way
EARLY = 64  # alerts that are worth a call of their own behind the one under way
BUSY = 4  # webhooks of one call; so many senders at once come again at once
PATIENCE = 0.001  # seconds, at most, that a call waits for those who were answered just now
ID_BLOCK = 20  # what a restart may leave unused; twice as many whenever they were used up within SOON
MOST_IDS = 640
SOON = 1.0  # seconds
_OPENED = 1 << 30
_DUE = 1 << 31
_MISS = -1
log = get_logger(__name__)


class Item(msgspec.Struct, kw_only=True, frozen=True, gc=False):
    """The alerts of one webhook that belong to one group. `payloads` answer the flags '1' and '2' in order. `wait` is in milliseconds.

    Where an incident opens, `limit` is how many its `source` may open `within` so many milliseconds; without one it opens whatever was.

    A struct and not a dataclass: one is made for every webhook, at a third of the cost.
    """

    group_key: str
    truncated: int
    blob: str
    flags: str
    payloads: Sequence[bytes]
    document: bytes = b""
    wait: int = 0
    source: str = ""
    limit: int = 0
    within: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What the store reports for one item; `is_miss` means nothing was written and more must be said. `is_due`: an incident must be
    looked at now, not when its group wait is over. `is_over`: it would open one more than its source may, nothing was written.
    """

    is_miss: bool = False
    is_over: bool = False
    changed: int = 0
    resolved_unknown: int = 0
    late: int = 0
    opened: int = 0
    is_due: bool = False


_NOTHING_NEW = Merged()
_Waiting = tuple[Item, "asyncio.Future[Merged]"]


class Admission:
    """Collects items and merges them. Every caller is answered after the store has confirmed (and synced) the batch."""

    def __init__(self, client: Redis, clock: Clock, partitions: Partitions, promise: Promise) -> None:
        self._client = client
        self._line: Line | Redis = Line(client) if len(partitions) == 1 else client
        self._clock = clock
        self._partitions = partitions
        self._script = Script("admit")
        self._waiting: deque[_Waiting] = deque()
        self._rows = 0  # alerts of those that wait
        self._is_called = False  # and will be fetched at the end of this turn
        self._hoped = 0  # items that the next call had better carry
        self._patience: asyncio.TimerHandle | None = None
        self._spare: dict[Partition, list[str]] = {partition: [] for partition in partitions}
        self._block = ID_BLOCK
        self._taken_at = 0.0  # steady seconds when ids were last taken
        self._in_turn = asyncio.Lock()
        self._under_way: set[asyncio.Task[None]] = set()  # the loop holds tasks weakly; callers await them through their futures
        self._promise = promise
        self._since = 0.0  # when what waits now began to wait

    def submit(self, item: Item) -> "asyncio.Future[Merged]":
        """Queue one item; the future ends in Merged or in StoreUnavailableError."""
        future: asyncio.Future[Merged] = asyncio.get_running_loop().create_future()
        if not self._waiting:
            self._since = self._clock.monotonic()
        self._waiting.append((item, future))
        self._rows += len(item.flags)
        self._look(None)
        return future

    def _look(self, ended: asyncio.Task[None] | None) -> None:
        """Send what waits if it is its turn."""
        if ended:
            self._under_way.discard(ended)
        is_full = self._rows >= EARLY
        is_worth_it = is_full or len(self._waiting) >= self._hoped
        is_free = not self._under_way or (is_full and len(self._under_way) < self._depth())
        if self._waiting and is_worth_it and is_free and not self._is_called:
            self._is_called = True
            flush = asyncio.get_running_loop().create_task(self._flush())
            self._under_way.add(flush)
            flush.add_done_callback(self._look)

    def _depth(self) -> int:
        """How many calls may be under way: only one connection keeps their order."""
        return DEPTH if isinstance(self._line, Line) and not self._promise.commands else 1

    async def _flush(self) -> None:
        self._is_called = False
        batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
        self._rows = sum(len(item.flags) for item, _ in self._waiting)
        since, self._since = self._since, self._clock.monotonic()
        await self._settle_all(batch)
        self._hope(len(batch) if sum(len(item.flags) for item, _ in batch) < EARLY else 0)
        metrics.ingest_seconds.observe(self._clock.monotonic() - since)  # once a batch: for each webhook it would cost more than its decoding

    def _hope(self, answered: int) -> None:
        """When many come at once, the next call waits a moment for most of those who were answered: half as many syncs serve as many
        webhooks. Not for all of them, or this process would have nothing to do meanwhile.
        """
        self._hoped = 2 * (answered + len(self._waiting)) // 3 if answered >= BUSY else 0
        if self._patience:
            self._patience.cancel()
        self._patience = asyncio.get_running_loop().call_later(PATIENCE, self._hope_no_more) if self._hoped else None

    def _hope_no_more(self) -> None:
        self._hoped = 0
        self._look(None)

    async def _settle_all(self, batch: list[_Waiting]) -> None:
        if len(self._partitions) == 1:
            await self._settle(self._partitions.first, batch)
            return
        shares: defaultdict[Partition, list[_Waiting]] = defaultdict(list)
        for waiting in batch:
            shares[self._partitions.of_group(waiting[0].group_key)].append(waiting)
        await asyncio.gather(*(self._settle(partition, share) for partition, share in shares.items()))

    async def _settle(self, partition: Partition, batch: list[_Waiting]) -> None:
        """Merge the items of one partition; every caller hears of it, whatever happens."""
        fault = StoreUnavailableError("admission was cut short")
        try:
            await self._merge(partition, batch)
        except (StoreUnavailableError, OSError, TimeoutError) as known:
            fault = StoreUnavailableError(str(known))
        except Exception as unforeseen:
            log.exception("a batch was not admitted")
            fault = StoreUnavailableError(f"{type(unforeseen).__name__}: {unforeseen}")
        finally:
            for _, future in batch:
                if not future.done():
                    future.set_exception(fault)

    async def _merge(self, partition: Partition, batch: list[_Waiting]) -> None:
        spare = self._spare[partition]
        opening = sum(1 for item, _ in batch if item.document)
        async with self._in_turn:  # a batch that waits for ids must not be overtaken
            while len(spare) < opening:
                await self._take_ids(opening - len(spare))
        spares = [spare.pop() if item.document else "" for item, _ in batch]
        now = int(self._clock.now().timestamp() * 1000)
        args: list[Argument] = [partition.prefix, now]
        for (item, _), offered in zip(batch, spares, strict=True):
            args += (item.group_key, offered, item.document, self._opening(item), item.truncated, item.blob, item.flags)
            args += item.payloads
        answers = await self._script.run(self._line, [partition.of("open")], args, self._promise)
        for (_, future), offered, answer in zip(batch, spares, answers, strict=True):
            if offered and (answer < 0 or not answer & _OPENED):
                spare.append(offered)
            if not future.done():
                future.set_result(_read(answer))

    def _opening(self, item: Item) -> Argument:
        """The group wait, and behind it what limits how many incidents open. Every partition counts its own share."""
        if not item.limit or not item.document:
            return item.wait
        return f"{item.wait} {-(-item.limit // len(self._partitions))} {item.within} {item.source}"

    def beside(self, group_key: str, name: str) -> str:
        """A group key made of this name whose incident alerts of that group can share."""
        return self._partitions.beside(group_key, name)

    async def _take_ids(self, wanted: int) -> None:
        """A block of the one counter, dealt out to the partitions in which each id lies. A storm must not wait for it at every other call."""
        before, self._taken_at = self._taken_at, self._clock.monotonic()
        self._block = min(2 * self._block, MOST_IDS) if self._taken_at - before < SOON else ID_BLOCK
        block = max(wanted, self._block) * len(self._partitions)
        last = await self._command("HINCRBY", META, "incident", block)
        for number in range(last, last - block, -1):
            incident_id = f"INC-{number}"
            self._spare[self._partitions.of_incident(incident_id)].append(incident_id)

    async def _command(self, *words: Argument) -> Any:
        try:
            return await self._line.execute_command(*words)
        except RedisError as fault:
            raise StoreUnavailableError(str(fault)) from fault


def _read(answer: int) -> Merged:
    if answer == 0:
        return _NOTHING_NEW
    if answer < 0:
        return Merged(is_miss=answer == _MISS, is_over=answer != _MISS)
    return Merged(
        changed=answer & 1023,
        resolved_unknown=(answer >> 10) & 1023,
        late=(answer >> 20) & 1023,
        opened=1 if answer & _OPENED else 0,
        is_due=bool(answer & _DUE),
    )
