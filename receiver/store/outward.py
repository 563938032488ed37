"""Every word as it left the house: what exactly customers were sent, where, when, and how that attempt ended. Written by `workers.publisher`."""

import zlib
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from receiver.core.errors import StoreUnavailableError

KEPT = timedelta(days=400)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """One attempt. `said` is the content as it was handed over (a sample for each language where there are many recipients); `at` in UTC."""

    at: datetime
    target: str
    update: str
    form: str
    evidence: str
    said: str
    recipients: int = 0


class Outward:
    """One list per notice; every method raises StoreUnavailableError."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def note(self, notice: str, sent: Sent) -> None:
        """One more attempt."""
        key = _key(notice)
        await self._ask(self._client.rpush(key, zlib.compress(msgspec.json.encode(sent))))
        await self._ask(self._client.expire(key, int(KEPT.total_seconds())))

    async def of(self, notice: str) -> list[Sent]:
        """All attempts for a notice, oldest first."""
        return [msgspec.json.decode(zlib.decompress(raw), type=Sent) for raw in await self._ask(self._client.lrange(_key(notice), 0, -1))]

    async def _ask(self, question: Awaitable[Any] | Any) -> Any:
        try:
            return await question
        except (RedisError, OSError) as fault:
            raise StoreUnavailableError(str(fault)) from fault


def _key(notice: str) -> str:
    return f"{{notice}}:sent:{notice}"
