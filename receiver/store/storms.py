"""What a storm is told by: how many incidents were opened lately, and which storm there is. Used by `gathering`."""

import asyncio
import heapq
from dataclasses import dataclass
from datetime import datetime

from redis.asyncio import Redis

from receiver.core.incident import Incident, IncidentId
from receiver.core.storm import GROUP_KEY
from receiver.store.answer import ask
from receiver.store.incidents import decode_document
from receiver.store.keys import Partitions
from receiver.store.questions import Questions


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """How many incidents were opened since an instant, the storm not counted; that storm's id and document (without its alerts), if any."""

    opened: int
    id: IncidentId
    storm: Incident | None = None


class Storms:
    """Counts across all partitions."""

    def __init__(self, client: Redis, partitions: Partitions, questions: Questions) -> None:
        self._client, self._partitions, self._questions = client, partitions, questions

    async def look(self, since: datetime) -> Seen:
        """What there is now; raises StoreUnavailableError."""
        home = self._partitions.of_group(GROUP_KEY)
        counts = (self._questions.ask(at, ("ZCOUNT", at.of("list"), _ms(since), "+inf")) for at in self._partitions)
        (named,), *counted = await asyncio.gather(self._questions.ask(home, ("HGET", home.of("open"), GROUP_KEY)), *counts)
        opened, found = sum(share for (share,) in counted), IncidentId(named.decode() if named else "")
        if not found:
            return Seen(opened=opened, id=found)
        at = self._partitions.of_incident(found)
        (raw,) = await self._questions.ask(at, ("HGET", at.of("inc", found), "doc"))
        storm = decode_document(raw) if raw else None
        own = int(storm is not None and storm.opened_at >= since)
        return Seen(opened=opened - own, id=found, storm=storm)

    async def current(self) -> IncidentId:
        """The storm that takes members, or is over so lately that it would go on; empty when there is none."""
        raw = await ask(self._client.hget(self._partitions.of_group(GROUP_KEY).of("open"), GROUP_KEY))
        return IncidentId(raw.decode() if raw else "")

    async def opened_since(self, since: datetime) -> list[IncidentId]:
        """The incidents that were opened since then, oldest first; raises StoreUnavailableError."""
        asked = (ask(self._client.zrangebyscore(at.of("list"), _ms(since), "+inf", withscores=True)) for at in self._partitions)
        return [IncidentId(one.decode()) for one, _ in heapq.merge(*await asyncio.gather(*asked), key=lambda one: one[1])]

    async def wake(self, storm: IncidentId, now: datetime) -> None:
        """Have it looked at now."""
        await ask(self._client.zadd(self._partitions.of_incident(storm).of("wake"), {storm: _ms(now)}, lt=True))


def _ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)
