"""Kept bad input and dead letters (a stream in each partition, never trimmed)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from redis.asyncio import Redis

from receiver.store.answer import ask
from receiver.store.keys import Partition, Partitions

KEEP_RAW = 64 * 1024
HEARD = timedelta(hours=24)


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

    @property
    def written(self) -> tuple[int, int]:
        """When, by the store's clock, and in which order within the millisecond."""
        ms, _, count = self.id.partition(".")[0].partition("-")
        return int(ms), int(count)


class Quarantine:
    """Keeps what was authenticated but not understood, and what could not be delivered."""

    def __init__(self, client: Redis, partitions: Partitions) -> None:
        self._client = client
        self._partitions = partitions
        self._key = partitions.first.of("dlq")
        self._told = partitions.first.of("told")

    async def keep(self, source: str, reason: str, raw: bytes, digest: str, now: datetime) -> None:
        """Keep the first 64 kB; raises StoreUnavailableError, so that the sender is told to come again."""
        fields: dict[Any, Any] = {"kind": "input", "source": source, "reason": reason, "sha256": digest, "raw": raw[:KEEP_RAW], "at": now.isoformat()}
        await ask(self._client.xadd(self._key, fields))

    async def is_first(self, source: str, digest: str, span: timedelta) -> bool:
        """True once per source and body within the span: people are told once, then it is counted."""
        key = f"{self._told}:{source}:{digest[:32]}"
        return bool(await ask(self._client.set(key, "1", nx=True, px=int(span.total_seconds() * 1000))))

    async def note_heard(self, source: str) -> None:
        """This source showed the right token; remembered for a day."""
        await ask(self._client.set(f"{self._told}:heard:{source}", "1", ex=HEARD))

    async def was_heard(self, source: str) -> bool:
        """True when it did in the last day, on any replica."""
        return bool(await ask(self._client.exists(f"{self._told}:heard:{source}")))

    async def letters(self, limit: int = 100) -> list[DeadLetter]:
        """Newest first."""
        found = [_letter(at, i, f) for at in self._partitions for i, f in await ask(self._client.xrevrange(at.of("dlq"), count=limit))]
        return sorted(found, key=lambda letter: letter.written, reverse=True)[:limit]

    async def letter(self, letter_id: str) -> DeadLetter | None:
        """One by id."""
        at, entry = self._find(letter_id)
        found = await ask(self._client.xrange(at.of("dlq"), entry, entry))
        return _letter(at, *found[0]) if found else None

    async def discard(self, letter_id: str) -> bool:
        """Remove one on a person's word."""
        at, entry = self._find(letter_id)
        return bool(await ask(self._client.xdel(at.of("dlq"), entry)))

    async def count(self) -> int:
        """How many are kept."""
        return sum([int(await ask(self._client.xlen(at.of("dlq")))) for at in self._partitions])

    def _find(self, letter_id: str) -> tuple[Partition, str]:
        """The stream a letter lies in, and its entry there: `ms-n`, and `.partition` behind it when that is not the first."""
        entry, _, number = letter_id.partition(".")
        return next((at for at in self._partitions if number == str(at.number)), self._partitions.first), entry


def _letter(at: Partition, entry: bytes, fields: dict[bytes, bytes]) -> DeadLetter:
    text = {k.decode(): v for k, v in fields.items()}
    named = {k: text.get(k, b"").decode("utf-8", "replace") for k in ("kind", "reason", "source", "at", "mid")}
    return DeadLetter(id=entry.decode() + (f".{at.number}" if at.number else ""), raw=text.get("raw", b""), **named)
