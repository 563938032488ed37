"""Who did what: every press, command, CLI and API action, also those refused. Append-only; written by `chat` and `web`, read by `web`.

Every line carries a hash over itself and the line before it, so that a line that was changed or taken out later shows.
"""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from receiver.core.errors import CommitConflictError, StoreUnavailableError
from receiver.store.keys import AUDIT, AUDIT_HEAD, AUDIT_SEEN
from receiver.store.promise import Promise
from receiver.store.scripts import Argument, Script

KEEP = timedelta(days=400)
REMEMBERED = timedelta(days=2)
ATTEMPTS, TOGETHER = 50, 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Deed:
    """One action: who (`anna`, `cli:root`, or `telegram:999` for nobody we know), by what means, what, on what, and what came of it. `at` in UTC."""

    at: datetime
    actor: str
    via: str
    verb: str
    target: str = ""
    result: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A deed as it is kept (JSON), and its link: SHA-256 over the link before and this text. Lines older than links have none."""

    entry: bytes
    link: str


def link_of(before: str, entry: bytes) -> str:
    """The link of an entry after the line with that link."""
    return hashlib.sha256(before.encode() + b"\n" + entry).hexdigest()


class Audit:
    """The log of one installation."""

    def __init__(self, client: Redis, promise: Promise) -> None:
        self._client, self._promise = client, promise
        self._note = Script("note")

    async def note(self, identity: str, deed: Deed) -> None:
        """Add it, once per identity. Raises StoreUnavailableError, CommitConflictError."""
        oldest, entry = int((deed.at - KEEP).timestamp() * 1000), msgspec.json.encode(deed)
        for _ in range(ATTEMPTS):
            before = await self._head()
            args: list[Argument] = [int(REMEMBERED.total_seconds() * 1000), oldest, entry, before, link_of(before, entry)]
            if int(await self._note.run(self._client, [AUDIT, AUDIT_SEEN + identity, AUDIT_HEAD], args, self._promise)) >= 0:
                return
        raise CommitConflictError("too many lines at once")

    async def lines(self) -> AsyncIterator[Line]:
        """Oldest first. Raises StoreUnavailableError."""
        first: bytes | str = "-"
        while found := await self._range(first):
            for _, fields in found:
                yield Line(entry=fields[b"e"], link=fields.get(b"l", b"").decode())
            first = b"(" + found[-1][0]

    async def broken(self) -> tuple[int, int | None]:
        """How many lines there are, and the first (from 1) that does not follow from the one before it; none when all do."""
        count, before, fault = 0, "", None
        async for line in self.lines():
            count += 1
            if before and line.link != link_of(before, line.entry) and fault is None:
                fault = count
            before = line.link or before
        if fault is None and before != await self._head():
            fault = count + 1  # the newest lines are gone
        return count, fault

    async def _head(self) -> str:
        try:
            held: Any = await self._client.get(AUDIT_HEAD)
        except (RedisError, OSError) as fault:
            raise StoreUnavailableError(str(fault)) from fault
        return held.decode() if held else ""

    async def _range(self, first: bytes | str) -> Any:
        try:
            return await self._client.xrange(AUDIT, min=first, count=TOGETHER)
        except (RedisError, OSError) as fault:
            raise StoreUnavailableError(str(fault)) from fault

    async def deeds(self, limit: int = 100) -> list[Deed]:
        """Newest first. Raises StoreUnavailableError."""
        try:
            found: Any = await self._client.xrevrange(AUDIT, count=limit)
        except (RedisError, OSError) as fault:
            raise StoreUnavailableError(str(fault)) from fault
        return [msgspec.json.decode(fields[b"e"], type=Deed) for _, fields in found]
