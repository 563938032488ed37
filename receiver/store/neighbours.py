"""The incidents around one: those of the systems below and above it in the catalogue. Used by `engine`.

Admission keeps, in each partition, the open incidents of each service, newest last; they may lie in other partitions than the incident
itself. What is read is a moment old, which is why an incident that changed has its neighbours look again.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

from redis.asyncio import Redis

from receiver.core.correlation import Near
from receiver.core.incident import Incident, IncidentId
from receiver.store.incidents import Incidents
from receiver.store.keys import Partition, Partitions
from receiver.store.promise import Promise
from receiver.store.scripts import Script

NEWEST = 64


class Neighbours:
    """Reads the neighbourhood, and has it look."""

    def __init__(self, client: Redis, partitions: Partitions, promise: Promise, incidents: Incidents) -> None:
        self._client, self._partitions, self._promise, self._incidents = client, partitions, promise, incidents
        self._rouse = Script("rouse")

    async def around(self, wanted: Mapping[IncidentId, Near]) -> dict[IncidentId, dict[IncidentId, Incident]]:
        """The neighbours of each, read together; of a service with very many only the newest. Raises StoreUnavailableError."""
        services = sorted({name for one in wanted.values() for name in (*one.below, *one.above)})
        by_service = await self._of_services(services) if services else {}
        ids = {i: _distinct(i, one, by_service) for i, one in wanted.items()}
        needed = list(dict.fromkeys(each for some in ids.values() for each in some))
        found = await self._incidents.load_many(needed) if needed else []
        known = {one.id: one for one in found if one is not None}
        return {i: {each: known[each] for each in some if each in known} for i, some in ids.items()}

    async def rouse(self, incident_ids: Sequence[IncidentId], now: datetime) -> None:
        """Have these looked at now. Raises StoreUnavailableError."""
        shares: dict[Partition, list[IncidentId]] = {}
        for incident_id in incident_ids:
            shares.setdefault(self._partitions.of_incident(incident_id), []).append(incident_id)
        ms = int(now.timestamp() * 1000)
        await asyncio.gather(*(self._rouse.run(self._client, [at.of("wake")], [at.prefix, ms, *some], self._promise) for at, some in shares.items()))

    async def _of_services(self, services: Sequence[str]) -> dict[str, list[IncidentId]]:
        found: dict[str, list[IncidentId]] = {name: [] for name in services}
        asked = (self._incidents.questions.ask(at, *(("ZREVRANGE", at.of("at", name), 0, NEWEST - 1) for name in services)) for at in self._partitions)
        for share in await asyncio.gather(*asked):
            for name, ids in zip(services, share, strict=True):
                found[name] += [IncidentId(one.decode()) for one in ids]
        return found


def _distinct(incident_id: IncidentId, near: Near, by_service: Mapping[str, Sequence[IncidentId]]) -> tuple[IncidentId, ...]:
    named = (each for name in (*near.below, *near.above) for each in by_service[name])
    return tuple(each for each in dict.fromkeys((*near.ids, *named)) if each != incident_id)
