"""Which replica runs which rules, by keys that expire; and which alerts of the product's own stand, so that all replicas tell one thing once."""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from receiver.core.errors import StoreUnavailableError
from receiver.store.keys import RULES

LIFE = timedelta(seconds=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class Replica:
    """One running process; `since` is when it took up these rules, in UTC."""

    id: str
    version: str
    commit: str
    since: datetime


class Replicas:
    """The register of live replicas."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._ids = f"{RULES}ids"

    async def beat(self, own: Replica) -> None:
        """Say that this replica lives; holds for LIFE. Raises StoreUnavailableError."""
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.set(self._key(own.id), msgspec.json.encode(own), px=int(LIFE.total_seconds() * 1000))
            pipe.sadd(self._ids, own.id)
            await _ask(pipe.execute())

    async def live(self) -> list[Replica]:
        """Every replica that said so within LIFE, in the order of ids; forgets the others. Raises StoreUnavailableError."""
        ids = sorted(one.decode() for one in await _ask(self._client.smembers(self._ids)))
        if not ids:
            return []
        found = dict(zip(ids, await _ask(self._client.mget([self._key(one) for one in ids])), strict=True))
        gone = [one for one, text in found.items() if text is None]
        if gone:
            await _ask(self._client.srem(self._ids, *gone))
        return [msgspec.json.decode(text, type=Replica) for text in found.values() if text is not None]

    async def leave(self, replica_id: str) -> None:
        """This replica ends; raises StoreUnavailableError."""
        await _ask(self._client.delete(self._key(replica_id)))

    async def stand(self, name: str, now: datetime) -> datetime:
        """An alert of the product's own stands from now on; since when it does, by whichever replica said so first."""
        held = await _ask(self._client.set(self._told(name), now.isoformat(), nx=True, get=True))
        return datetime.fromisoformat(held.decode()) if held else now

    async def standing(self, name: str) -> datetime | None:
        """Since when it stands, or None."""
        held = await _ask(self._client.get(self._told(name)))
        return datetime.fromisoformat(held.decode()) if held else None

    async def over(self, name: str) -> None:
        """It stands no more."""
        await _ask(self._client.delete(self._told(name)))

    def _key(self, replica_id: str) -> str:
        return f"{RULES}replica:{replica_id}"

    def _told(self, name: str) -> str:
        return f"{RULES}stands:{name}"


async def _ask(question: Awaitable[Any] | Any) -> Any:
    try:
        return await question
    except (RedisError, OSError) as fault:
        raise StoreUnavailableError(str(fault)) from fault
