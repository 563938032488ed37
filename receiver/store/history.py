"""What the store keeps of past incidents, read for statistics and post-mortems. Used by `web.statistics`, `web.postmortem` and `workers.digest`.

Nothing is kept twice: these are the incidents, timelines and messages themselves, 30 days after their end. A reading is bounded and goes
in small trips, so that the loop answers webhooks in between; nothing of it happens when metrics are scraped.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from receiver.core.destination import Destination
from receiver.core.errors import StoreUnavailableError
from receiver.core.history import Past, Sent, TimelineEntry, never_told
from receiver.core.incident import Incident, IncidentId
from receiver.core.outage import Outage
from receiver.store.incidents import Incidents, decode_document
from receiver.store.keys import Partition, Partitions
from receiver.store.outbox import Outbox

MOST = 5000  # incidents in one reading
MOST_NAMES = 200  # alerts of one incident that are looked at for their names
MARGIN = timedelta(days=1)  # an incident that began this long before the time asked for may still have ended in it
TOGETHER = 50
_entries = msgspec.json.Decoder(TimelineEntry)
_places = msgspec.json.Decoder(Destination)


class History:
    """Past incidents of all partitions."""

    def __init__(self, client: Redis, partitions: Partitions, incidents: Incidents) -> None:
        self._client, self._partitions, self._incidents = client, partitions, incidents

    async def since(self, since: datetime, until: datetime) -> tuple[list[Past], bool]:
        """Those that began in this time or a day before, and those that are open; true when there were too many. Raises StoreUnavailableError."""
        begun = await asyncio.gather(*(self._begun(at, since - MARGIN, until) for at in self._partitions))
        ids = list(dict.fromkeys([*(one for share in begun for one in share), *await self._incidents.held()]))
        found: list[Past] = []
        for first in range(0, min(len(ids), MOST), TOGETHER):
            found += await self._read(ids[first : first + TOGETHER])
        return found, len(ids) > MOST

    async def missed(self, outage: Outage) -> list[Incident]:
        """Incidents of which a channel that was out says nothing any more, oldest first; all with their alerts. Raises StoreUnavailableError."""
        pasts, _ = await self.since(outage.since, outage.over_at or outage.since)
        ids = never_told(pasts, outage.channel, outage.since)
        loaded = [await self._incidents.load_many(ids[first : first + TOGETHER]) for first in range(0, len(ids), TOGETHER)]
        return [one for share in loaded for one in share if one is not None]

    async def _begun(self, at: Partition, since: datetime, until: datetime) -> list[IncidentId]:
        newest = self._client.zrevrangebyscore(at.of("list"), _ms(until), _ms(since), start=0, num=MOST)
        return [IncidentId(one.decode()) for one in await _ask(newest)]

    async def _read(self, ids: Sequence[IncidentId]) -> list[Past]:
        shares: dict[Partition, list[IncidentId]] = {}
        for one in ids:
            shares.setdefault(self._partitions.of_incident(one), []).append(one)
        return [past for at, share in shares.items() for past in await self._share(at, share)]

    async def _share(self, at: Partition, ids: Sequence[IncidentId]) -> list[Past]:
        async with self._client.pipeline(transaction=False) as pipe:
            for one in ids:
                pipe.hget(at.of("inc", one), "doc")
                pipe.lrange(at.of("tl", one), 0, -1)
                pipe.execute_command("HRANDFIELD", at.of("pl", one), MOST_NAMES, "WITHVALUES")
                pipe.smembers(at.of("ms", one))
            found = await _ask(pipe.execute())
        rows = [(one, *found[n * 4 : n * 4 + 4]) for n, one in enumerate(ids) if found[n * 4]]
        mids = [mid.decode() for row in rows for mid in sorted(row[4])]
        slots = await self._slots(at, mids)
        return [
            _past(one, doc, lines, payloads, [slots[mid.decode()] for mid in sorted(members) if mid.decode() in slots])
            for one, doc, lines, payloads, members in rows
        ]

    async def _slots(self, at: Partition, mids: Sequence[str]) -> dict[str, Sent]:
        async with self._client.pipeline(transaction=False) as pipe:
            for mid in mids:
                pipe.hgetall(at.of("msg", mid))
            found = await _ask(pipe.execute()) if mids else []
        return {mid: read_slot(fields) for mid, fields in zip(mids, found, strict=True) if fields}


async def past_of(incident: Incident, incidents: Incidents, outbox: Outbox) -> Past:
    """Everything of one incident. Raises StoreUnavailableError."""
    slots = await outbox.slots(incident.id)
    names = tuple(dict.fromkeys(alert.name for alert in incident.alerts.values()))
    return Past(incident=incident, names=names, timeline=tuple(await incidents.timeline(incident.id)), messages=tuple(_sent(one) for one in slots))


def read_slot(fields: Mapping[bytes, bytes]) -> Sent:
    """One message as the outbox keeps it."""
    place = _places.decode(fields[b"dest"])
    return _sent({"to": place.name, "person": place.person, **{name.decode(): value.decode() for name, value in fields.items() if name != b"dest"}})


def _sent(slot: Mapping[str, str]) -> Sent:
    """`loud` is the priority it began with: an edit waits behind everything, whatever it edits."""
    return Sent(
        to=slot["to"],
        person=slot["person"],
        channel=slot["channel"],
        kind=slot["kind"],
        sent_at=datetime.fromtimestamp(int(slot["sent_at"]) / 1000, UTC) if slot.get("sent_at") else None,
        is_page=slot.get("loud", slot["prio"]) == "0",
        state=slot["st"],
        reason=slot.get("reason", ""),
        hush=slot.get("hush", ""),
    )


def _past(incident_id: IncidentId, doc: bytes, lines: Sequence[bytes], payloads: Sequence[Any], messages: Sequence[Sent]) -> Past:
    incident = replace(decode_document(doc), id=incident_id)
    paired = [one[1] for one in payloads] if payloads and isinstance(payloads[0], list) else payloads[1::2]  # by RESP3, by RESP2
    names = sorted({_name(payload) for payload in paired})
    return Past(incident=incident, names=tuple(names), timeline=tuple(_entries.decode(line) for line in lines), messages=tuple(messages))


def _name(payload: bytes) -> str:
    labels = msgspec.json.decode(payload)[2]
    return str(labels.get("alertname", "")) or "alert without a name"


def _ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)


async def _ask(question: Any) -> Any:
    try:
        return await question
    except (RedisError, OSError) as fault:
        raise StoreUnavailableError(str(fault)) from fault
