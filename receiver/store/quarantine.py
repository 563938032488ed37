"""Kept bad input and dead letters (one stream, never trimmed), and the recorder of raw webhooks (bounded)."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import zstandard
from redis.asyncio import Redis
from redis.exceptions import RedisError

from receiver.clock import Clock
from receiver.core.errors import StoreUnavailableError
from receiver.store.keys import RECORDER, Partition

KEEP_RAW = 64 * 1024
RECORD_BATCH = 256 * 1024
RECORD_LIMIT = 256 * 1024 * 1024
RECORD_DAYS = timedelta(days=7)


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetter:
    """Something that could not be processed or delivered; `id` is the stream's."""

    id: str
    kind: str
    reason: str
    source: str
    at: str
    raw: bytes
    mid: str


class Quarantine:
    """Keeps what was authenticated but not understood, and what could not be delivered."""

    def __init__(self, client: Redis, partition: Partition) -> None:
        self._client = client
        self._key = partition.of("dlq")
        self._told = partition.of("told")

    async def keep(self, source: str, reason: str, raw: bytes, digest: str, now: datetime) -> None:
        """Keep the first 64 kB; raises StoreUnavailableError, so that the sender is told to come again."""
        fields: dict[Any, Any] = {"kind": "input", "source": source, "reason": reason, "sha256": digest, "raw": raw[:KEEP_RAW], "at": now.isoformat()}
        await self._ask(self._client.xadd(self._key, fields))

    async def is_first(self, source: str, digest: str, span: timedelta) -> bool:
        """True once per source and body within the span: people are told once, then it is counted."""
        key = f"{self._told}:{source}:{digest[:32]}"
        return bool(await self._ask(self._client.set(key, "1", nx=True, px=int(span.total_seconds() * 1000))))

    async def letters(self, limit: int = 100) -> list[DeadLetter]:
        """Newest first."""
        found = await self._ask(self._client.xrevrange(self._key, count=limit))
        return [_letter(i, f) for i, f in found]

    async def letter(self, letter_id: str) -> DeadLetter | None:
        """One by id."""
        found = await self._ask(self._client.xrange(self._key, letter_id, letter_id))
        return _letter(*found[0]) if found else None

    async def discard(self, letter_id: str) -> bool:
        """Remove one on a person's word."""
        return bool(await self._ask(self._client.xdel(self._key, letter_id)))

    async def count(self) -> int:
        """How many are kept."""
        return int(await self._ask(self._client.xlen(self._key)))

    async def _ask(self, question: Any) -> Any:
        try:
            return await question
        except (RedisError, OSError) as fault:
            raise StoreUnavailableError(str(fault)) from fault


class Recorder:
    """Raw webhooks, compressed in batches, outside the promise of `202`: losing a second of them loses no alert."""

    def __init__(self, client: Redis, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._batch: list[bytes] = []
        self._size = 0
        self._pack = zstandard.ZstdCompressor(level=1)
        self._full = asyncio.Event()

    def record(self, source: str, body: bytes) -> None:
        """Keep one body (in memory until the next flush)."""
        self._batch += (b"%b %d %d\n" % (source.encode(), int(self._clock.now().timestamp() * 1000), len(body)), body)
        self._size += len(body)
        if self._size > RECORD_BATCH:
            self._full.set()

    async def run(self) -> None:
        """Flush every second, or sooner when much has come; drops a batch when the store is away."""
        while True:
            try:
                await asyncio.wait_for(self._full.wait(), 1.0)
            except TimeoutError:
                pass
            self._full.clear()
            await self.flush()

    async def flush(self) -> None:
        """Write what has come so far and drop what is too old or too much."""
        if not self._batch:
            return
        batch, self._batch, self._size = self._batch, [], 0
        packed = self._pack.compress(b"".join(batch))
        oldest = int((self._clock.now() - RECORD_DAYS).timestamp() * 1000)
        try:
            await self._client.xadd(RECORDER, {"n": len(batch) // 2, "z": packed})
            await self._client.xtrim(RECORDER, minid=f"{oldest}-0", approximate=True)
            used = await self._client.memory_usage(RECORDER, samples=50)
            if used and used > RECORD_LIMIT:
                await self._client.xtrim(RECORDER, maxlen=int(await self._client.xlen(RECORDER) * 0.8), approximate=True)
        except (RedisError, OSError):
            return


def _letter(letter_id: bytes, fields: dict[bytes, bytes]) -> DeadLetter:
    text = {k.decode(): v for k, v in fields.items()}
    named = {k: text.get(k, b"").decode("utf-8", "replace") for k in ("kind", "reason", "source", "at", "mid")}
    return DeadLetter(id=letter_id.decode(), raw=text.get("raw", b""), **named)
