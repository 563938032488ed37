"""Who did what: every press, command, CLI and API action, also those refused. Append-only; written by `chat` and `web`, read by `web`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from receiver.core.errors import StoreUnavailableError
from receiver.store.keys import AUDIT, AUDIT_SEEN
from receiver.store.promise import Promise
from receiver.store.scripts import Argument, Script

KEEP = timedelta(days=400)
REMEMBERED = timedelta(days=2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Deed:
    """One action: who (`anna`, `cli:root`, or `telegram:999` for nobody we know), by what means, what, on what, and what came of it. `at` in UTC."""

    at: datetime
    actor: str
    via: str
    verb: str
    target: str = ""
    result: str = ""


class Audit:
    """The log of one installation."""

    def __init__(self, client: Redis, promise: Promise) -> None:
        self._client, self._promise = client, promise
        self._note = Script("note")

    async def note(self, identity: str, deed: Deed) -> None:
        """Add it, once per identity. Raises StoreUnavailableError."""
        oldest = int((deed.at - KEEP).timestamp() * 1000)
        args: list[Argument] = [int(REMEMBERED.total_seconds() * 1000), oldest, msgspec.json.encode(deed)]
        await self._note.run(self._client, [AUDIT, AUDIT_SEEN + identity], args, self._promise)

    async def deeds(self, limit: int = 100) -> list[Deed]:
        """Newest first. Raises StoreUnavailableError."""
        try:
            found: Any = await self._client.xrevrange(AUDIT, count=limit)
        except (RedisError, OSError) as fault:
            raise StoreUnavailableError(str(fault)) from fault
        return [msgspec.json.decode(fields[b"e"], type=Deed) for _, fields in found]
