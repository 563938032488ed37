"""Every word as it left the house: what exactly customers were sent, where, when, and how that attempt ended. Written by `workers.publisher`."""

import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from redis.asyncio import Redis

from receiver.store.answer import ask

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
        await ask(self._client.rpush(key, zlib.compress(msgspec.json.encode(sent))))
        await ask(self._client.expire(key, int(KEPT.total_seconds())))

    async def of(self, notice: str) -> list[Sent]:
        """All attempts for a notice, oldest first."""
        return [msgspec.json.decode(zlib.decompress(raw), type=Sent) for raw in await ask(self._client.lrange(_key(notice), 0, -1))]


def _key(notice: str) -> str:
    return f"{{notice}}:sent:{notice}"
