"""What was said once is not said again, whichever replica is asked: answers to updates, announcements. Used by `chat.post`."""

from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from receiver.core.errors import StoreUnavailableError
from receiver.store.keys import SAID, SAID_TRIES

TRIES_WITHIN = timedelta(hours=1)


class Once:
    """One key per thing to say."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def begin(self, identity: str, kept: timedelta) -> bool:
        """True for the one who may say it now; it stays said for `kept` unless taken back. Raises StoreUnavailableError."""
        return bool(await self._ask(self._client.set(SAID + identity, "", nx=True, px=int(kept.total_seconds() * 1000))))

    async def take_back(self, identity: str) -> int:
        """It was certainly not said: somebody may try again. How often that was the case within the hour."""
        await self._ask(self._client.delete(SAID + identity))
        count = int(await self._ask(self._client.incr(SAID_TRIES + identity)))
        if count == 1:
            await self._ask(self._client.expire(SAID_TRIES + identity, int(TRIES_WITHIN.total_seconds())))
        return count

    async def _ask(self, question: Awaitable[Any] | Any) -> Any:
        try:
            return await question
        except (RedisError, OSError) as fault:
            raise StoreUnavailableError(str(fault)) from fault
