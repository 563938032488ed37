"""The recorder of raw webhooks: compressed in batches, bounded by age and size, read back for `receiver rules replay`."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import zstandard
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from receiver.clock import Clock
from receiver.core.errors import StoreUnavailableError
from receiver.store.keys import RECORDER

BATCH_BYTES = 1024 * 1024
MOST_BYTES = 256 * 1024 * 1024
KEEP = timedelta(days=7)
_PAGE = 8
_TRIM_EVERY = 60.0  # seconds
_TRIM_SHARE = 64  # or when a part of the bound has come since
_LATE = timedelta(minutes=5)  # how far the clocks of replicas may be apart: a batch is named by its writer's clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One webhook as it came; `at` in UTC."""

    source: str
    at: datetime
    body: bytes


class Recorder:
    """Raw webhooks, outside the promise of `202`: losing a second of them loses no alert. `keep` and `most_bytes` bound what stays."""

    def __init__(self, client: Redis, clock: Clock, *, keep: timedelta = KEEP, most_bytes: int = MOST_BYTES) -> None:
        self._client, self._clock, self._keep, self._most_bytes = client, clock, keep, most_bytes
        self._batch: list[tuple[str, float, bytes]] = []
        self._size = 0
        self._untrimmed, self._trimmed_at = most_bytes, 0.0
        self._full = asyncio.Event()

    def record(self, source: str, body: bytes) -> None:
        """Keep one body (in memory until the next flush). On the hot path, so that all else waits for the flush."""
        self._batch.append((source, self._clock.monotonic(), body))
        self._size += len(body)
        if self._size > BATCH_BYTES:
            self._full.set()

    async def run(self) -> None:
        """Flush every second, or sooner when much has come; drops a batch when the store is away."""
        while True:
            try:
                async with asyncio.timeout(1.0):
                    await self._full.wait()
            except TimeoutError:
                pass
            self._full.clear()
            await self.flush()

    async def flush(self) -> None:
        """Write what has come so far and drop what is too old or too much."""
        if not self._batch:
            return
        batch, self._batch, self._size = self._batch, [], 0
        now, steady = self._clock.now(), self._clock.monotonic()
        packed = await asyncio.to_thread(_pack, batch, _ms(now), steady)
        try:
            await self._add(len(batch), packed, now)
            self._untrimmed += len(packed)
            if self._untrimmed * _TRIM_SHARE >= self._most_bytes or steady - self._trimmed_at > _TRIM_EVERY:
                await self._trim(now)
                self._untrimmed, self._trimmed_at = 0, steady
        except (RedisError, OSError):
            return

    async def _trim(self, now: datetime) -> None:
        await self._client.xtrim(RECORDER, minid=f"{_ms(now - self._keep)}-0", approximate=False)
        used = await self._client.memory_usage(RECORDER, samples=0)
        if used and used > self._most_bytes:
            share = 0.9 * self._most_bytes / used
            await self._client.xtrim(RECORDER, maxlen=int(await self._client.xlen(RECORDER) * share), approximate=False)

    async def _add(self, count: int, packed: bytes, now: datetime) -> None:
        """Name the batch by our clock; by the store's when another replica's clock is ahead of ours."""
        fields: dict[str | bytes, int | bytes] = {"n": count, "z": packed}
        try:
            await self._client.xadd(RECORDER, fields, id=f"{_ms(now)}-*")  # type: ignore[arg-type]  # invariant in its stubs
        except ResponseError:
            await self._client.xadd(RECORDER, fields)  # type: ignore[arg-type]

    async def read(self, since: datetime) -> AsyncIterator[Recording]:
        """What is kept from this instant (UTC) on, in the order it was written; a few batches are in memory at a time.

        Raises StoreUnavailableError.
        """
        unpack = zstandard.ZstdDecompressor()
        start = f"{_ms(since - _LATE)}-0"
        while True:
            try:
                page: Any = await self._client.xrange(RECORDER, min=start, count=_PAGE)
            except (RedisError, OSError) as fault:
                raise StoreUnavailableError(str(fault)) from fault
            for name, fields in page:
                start = f"({name.decode()}"
                for recording in _split(unpack.decompress(fields[b"z"])):
                    if recording.at >= since:
                        yield recording
            if len(page) < _PAGE:
                return


def _pack(batch: list[tuple[str, float, bytes]], now_ms: int, steady: float) -> bytes:
    """Each body behind a line with its source, the instant it came, and its size. In a thread: others may use the other core meanwhile."""
    lines = [b"%b %d %d\n%b" % (source.encode(), now_ms - round((steady - came) * 1000), len(body), body) for source, came, body in batch]
    return zstandard.compress(b"".join(lines), level=1)


def _split(batch: bytes) -> Iterator[Recording]:
    at = 0
    while at < len(batch):
        end = batch.index(b"\n", at)
        source, ms, size = batch[at:end].rsplit(b" ", 2)
        at = end + 1 + int(size)
        yield Recording(source=source.decode(), at=datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(ms)), body=batch[end + 1 : at])


def _ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)
