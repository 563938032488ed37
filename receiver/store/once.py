"""What was said once is not said again, whichever replica is asked: answers to updates, announcements. Used by `chat.post`."""

from datetime import timedelta

from redis.asyncio import Redis

from receiver.store.answer import ask
from receiver.store.keys import SAID, SAID_TRIES

TRIES_WITHIN = timedelta(hours=1)


class Once:
    """One key per thing to say."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def begin(self, identity: str, kept: timedelta) -> bool:
        """True for the one who may say it now; it stays said for `kept` unless taken back. Raises StoreUnavailableError."""
        return bool(await ask(self._client.set(SAID + identity, "", nx=True, px=int(kept.total_seconds() * 1000))))

    async def take_back(self, identity: str) -> int:
        """It was certainly not said: somebody may try again. How often that was the case within the hour."""
        await ask(self._client.delete(SAID + identity))
        count = int(await ask(self._client.incr(SAID_TRIES + identity)))
        if count == 1:
            await ask(self._client.expire(SAID_TRIES + identity, int(TRIES_WITHIN.total_seconds())))
        return count
