"""Questions about the health of the whole, and the expected heartbeats of others. Used by `workers.heartbeat` and `web.heartbeat`."""

from datetime import UTC, datetime, timedelta
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from receiver.core.errors import StoreUnavailableError
from receiver.store.keys import Partitions
from receiver.store.promise import Promise

_PROOF = "{src}:proof"
_ALIVE = "{src}:alive"
_CANARY = "{src}:canary"
_BEATS = "{src}:beats"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Vitals:
    """Small questions, each in one trip; all raise StoreUnavailableError."""

    def __init__(self, client: Redis, partitions: Partitions, promise: Promise) -> None:
        self._client, self._partitions, self._promise = client, partitions, promise

    async def prove(self, now: datetime) -> None:
        """One write, confirmed as durably as an alert's."""
        commands = self._promise.commands
        try:
            async with self._client.pipeline(transaction=False) as pipe:
                pipe.set(_PROOF, _ms(now))
                for command in commands:
                    pipe.execute_command(*command)
                _, *confirmed = await pipe.execute()
        except (RedisError, OSError, TimeoutError) as fault:
            raise StoreUnavailableError(str(fault)) from fault
        Promise.check(commands, confirmed)

    async def live(self, now: datetime) -> datetime | None:
        """Some replica runs now; when (UTC) one last said so."""
        before = await self._ask(self._client.set(_ALIVE, _ms(now), get=True))
        return _EPOCH + timedelta(milliseconds=int(before)) if before else None

    async def page_lag(self, now: datetime) -> timedelta:
        """How long the oldest page has been due."""
        return await self._lag("due:0", now)

    async def timer_lag(self, now: datetime) -> timedelta:
        """How long the oldest wake-up has been due."""
        return await self._lag("wake", now)

    async def _lag(self, name: str, now: datetime) -> timedelta:
        found = [await self._ask(self._client.zrange(partition.of(name), 0, 0, withscores=True)) for partition in self._partitions]
        due = [oldest[0][1] for oldest in found if oldest]
        return max(timedelta(0), now - (_EPOCH + timedelta(milliseconds=min(due)))) if due else timedelta(0)

    async def canary(self) -> str:
        """The message that is edited to prove the way out; empty until there is one."""
        return (await self._ask(self._client.get(_CANARY)) or b"").decode()

    async def keep_canary(self, ref: str) -> None:
        """From now on this message."""
        await self._ask(self._client.set(_CANARY, ref))

    async def beat(self, name: str, now: datetime) -> None:
        """Somebody's expected heartbeat came."""
        await self._ask(self._client.hset(_BEATS, name, _ms(now)))

    async def expect(self, name: str, now: datetime) -> None:
        """Wait for it from now on, unless it was waited for before."""
        await self._ask(self._client.hsetnx(_BEATS, name, _ms(now)))

    async def beats(self) -> dict[str, datetime]:
        """When each came last, or since when it is waited for; UTC."""
        held = await self._ask(self._client.hgetall(_BEATS))
        return {name.decode(): _EPOCH + timedelta(milliseconds=int(ms)) for name, ms in held.items()}

    @staticmethod
    async def _ask(question: Any) -> Any:
        try:
            return await question
        except (RedisError, OSError) as fault:
            raise StoreUnavailableError(str(fault)) from fault


def _ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)
