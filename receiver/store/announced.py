"""Gaps of schedules that were announced, and since when, so that whichever replica sees the end of one finds its beginning. Used by `chat.announcer`."""

from collections.abc import Awaitable, Mapping
from datetime import datetime
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from receiver.core.errors import StoreUnavailableError
from receiver.store.keys import GAPS


class Announced:
    """Gaps by what names them: the schedule and when they begin."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def gaps(self) -> Mapping[str, datetime]:
        """All that stand; raises StoreUnavailableError."""
        found = await _ask(self._client.hgetall(GAPS))
        return {name.decode(): datetime.fromisoformat(at.decode()) for name, at in found.items()}

    async def stand(self, name: str, now: datetime) -> datetime:
        """It stands from now on; since when, by whichever replica said so first. Raises StoreUnavailableError."""
        await _ask(self._client.hsetnx(GAPS, name, now.isoformat()))
        return datetime.fromisoformat((await _ask(self._client.hget(GAPS, name))).decode())

    async def over(self, name: str) -> None:
        """It stands no more; raises StoreUnavailableError."""
        await _ask(self._client.hdel(GAPS, name))


async def _ask(question: Awaitable[Any] | Any) -> Any:
    try:
        return await question
    except (RedisError, OSError) as fault:
        raise StoreUnavailableError(str(fault)) from fault
