"""All requests of one turn of the loop in one script call. Called by `engine.admit`, the only hot path.

While a call is under way the next one fills, so the batch grows with the load and latency stays one round trip.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from receiver.clock import Clock
from receiver.core.errors import StoreUnavailableError
from receiver.store.connection import Line
from receiver.store.keys import META, Partition
from receiver.store.promise import Promise
from receiver.store.scripts import Argument, Script

BATCH = 128
ID_BLOCK = 20  # what a restart may leave unused
_OPENED = 1 << 30
_DUE = 1 << 31


class Item(msgspec.Struct, kw_only=True, frozen=True, gc=False):
    """The alerts of one webhook that belong to one group. `payloads` answer the flags '1' and '2' in order. `wait` is in milliseconds.

    A struct and not a dataclass: one is made for every webhook, at a third of the cost.
    """

    group_key: str
    truncated: int
    blob: str
    flags: str
    payloads: list[bytes]
    document: bytes = b""
    wait: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What the store reports for one item; `is_miss` means nothing was written and more must be said. `is_due`: an incident must be
    looked at now, not when its group wait is over.
    """

    is_miss: bool = False
    changed: int = 0
    resolved_unknown: int = 0
    late: int = 0
    opened: int = 0
    is_due: bool = False


_NOTHING_NEW = Merged()
_Waiting = tuple[Item, "asyncio.Future[Merged]"]


class Admission:
    """Collects items and merges them. Every caller is answered after the store has confirmed (and synced) the batch."""

    def __init__(self, client: Redis, clock: Clock, partition: Partition, promise: Promise) -> None:
        self._client = client
        self._line = Line(client)
        self._clock = clock
        self._partition = partition
        self._script = Script("admit")
        self._waiting: deque[_Waiting] = deque()
        self._spare: list[str] = []
        self._flush: asyncio.Task[None] | None = None
        self._promise = promise

    def submit(self, item: Item) -> "asyncio.Future[Merged]":
        """Queue one item; the future ends in Merged or in StoreUnavailableError."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Merged] = loop.create_future()
        self._waiting.append((item, future))
        if self._flush is None or self._flush.done():
            # Kept in self: the loop holds tasks weakly. It is awaited by every caller through its future.
            self._flush = loop.create_task(self._drain())
        return future

    async def _drain(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            try:
                await self._merge(batch)
            except (StoreUnavailableError, OSError, TimeoutError) as fault:
                for _, future in batch:
                    if not future.done():
                        future.set_exception(StoreUnavailableError(str(fault)))

    async def _merge(self, batch: list[_Waiting]) -> None:
        opening = sum(1 for item, _ in batch if item.document)
        if len(self._spare) < opening:
            await self._take_ids(opening)
        spares = [self._spare.pop() if item.document else "" for item, _ in batch]
        now = int(self._clock.now().timestamp() * 1000)
        args: list[Argument] = [self._partition.prefix, now]
        for (item, _), spare in zip(batch, spares, strict=True):
            args += (item.group_key, spare, item.document, item.wait, item.truncated, item.blob, item.flags)
            args += item.payloads
        answers = await self._script.run(self._line, [self._partition.of("open")], args, self._promise)
        for (_, future), spare, answer in zip(batch, spares, answers, strict=True):
            if spare and (answer < 0 or not answer & _OPENED):
                self._spare.append(spare)
            if not future.done():
                future.set_result(_read(answer))

    async def _take_ids(self, wanted: int) -> None:
        block = max(wanted, ID_BLOCK)
        last = await self._command("HINCRBY", META, "incident", block)
        self._spare += [f"INC-{n}" for n in range(last, last - block, -1)]

    async def _command(self, *words: Argument) -> Any:
        try:
            return await self._client.execute_command(*words)  # type: ignore[no-untyped-call]
        except RedisError as fault:
            raise StoreUnavailableError(str(fault)) from fault


def _read(answer: int) -> Merged:
    if answer == 0:
        return _NOTHING_NEW
    if answer < 0:
        return Merged(is_miss=True)
    return Merged(
        changed=answer & 1023,
        resolved_unknown=(answer >> 10) & 1023,
        late=(answer >> 20) & 1023,
        opened=1 if answer & _OPENED else 0,
        is_due=bool(answer & _DUE),
    )
