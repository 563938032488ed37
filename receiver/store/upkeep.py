"""The store's side of the auditor: which incidents are open, and one script that holds each against what it must have."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from receiver.core.errors import StoreUnavailableError
from receiver.core.incident import Incident, IncidentId
from receiver.store.incidents import KEEP_CLOSED, LEASE
from receiver.store.keys import Partition, Partitions
from receiver.store.scripts import Argument, Script

CHUNK = 100
SLACK = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """What was missing and was put back."""

    wakes: int = 0
    slots: int = 0


class Upkeep:
    """The partitions, held against their promise."""

    def __init__(self, client: Redis, partitions: Partitions) -> None:
        self._client, self._partitions, self._hold = client, partitions, Script("upkeep")

    async def claim(self, every: timedelta) -> bool:
        """True for the one replica that looks in this interval."""
        try:
            return bool(await self._client.set(self._partitions.first.of("audited"), "1", nx=True, px=int(every.total_seconds() * 1000)))
        except (RedisError, OSError) as fault:
            raise StoreUnavailableError(str(fault)) from fault

    async def open(self) -> AsyncIterator[list[IncidentId]]:
        """Every group's incident, some at a time."""
        for partition in self._partitions:
            async for found in self._open(partition):
                yield found

    async def _open(self, partition: Partition) -> AsyncIterator[list[IncidentId]]:
        cursor = 0
        while True:
            try:
                answer: Any = await self._client.hscan(partition.of("open"), cursor, count=CHUNK)
            except (RedisError, OSError) as fault:
                raise StoreUnavailableError(str(fault)) from fault
            cursor, found = answer
            if found:
                yield [IncidentId(value.decode()) for value in found.values()]
            if not cursor:
                return

    async def trim(self, now: datetime) -> int:
        """Take from the lists of incidents those that are kept no more; how many. An incident that was opened long ago and still is there stays."""
        found = [await self._trim(partition, now) for partition in self._partitions]
        return sum(found)

    async def _trim(self, partition: Partition, now: datetime) -> int:
        listed, gone, start = partition.of("list"), 0, 0
        try:
            while True:
                old: Any = await self._client.zrangebyscore(listed, "-inf", _ms(now - KEEP_CLOSED), start=start, num=CHUNK)
                if not old:
                    return gone
                async with self._client.pipeline(transaction=False) as pipe:
                    for one in old:
                        pipe.exists(partition.of("inc", one.decode()))
                    there = await pipe.execute()
                dead = [one for one, is_there in zip(old, there, strict=True) if not is_there]
                if dead:
                    await self._client.zrem(listed, *dead)
                gone, start = gone + len(dead), start + len(old) - len(dead)
        except (RedisError, OSError) as fault:
            raise StoreUnavailableError(str(fault)) from fault

    async def hold(self, incident: Incident, owed_at: datetime | None, now: datetime) -> Repaired:
        """Put back what is missing; nothing when the incident changed since it was read."""
        grace = int((LEASE + SLACK).total_seconds() * 1000)
        at = self._partitions.of_incident(incident.id)
        args: list[Argument] = [at.prefix, incident.id, incident.version, _ms(owed_at) if owed_at else "", _ms(now), grace]
        wakes, slots = await self._hold.run(self._client, [at.of("wake")], args)
        return Repaired() if wakes < 0 else Repaired(wakes=int(wakes), slots=int(slots))


def _ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)
