"""Incidents in the store: load one, commit a plan, lease what is due, list them. Used by `engine` and `workers`."""

import asyncio
import heapq
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from receiver.core.alert import Alert, AlertId, AlertStatus, Severity
from receiver.core.destination import Destination
from receiver.core.errors import StoreUnavailableError, UnknownIncidentError
from receiver.core.history import TimelineEntry
from receiver.core.incident import Incident, IncidentId, RouteSnapshot
from receiver.core.occurrence import WITHIN, is_untold
from receiver.core.plan import Kind, Notification, Plan
from receiver.store.answer import ask
from receiver.store.keys import Partition, Partitions
from receiver.store.promise import Promise
from receiver.store.questions import Questions
from receiver.store.scripts import Argument, Script
from receiver.store.trails import Trails

EDIT_SPACING = timedelta(seconds=3)
KEEP_CLOSED = timedelta(days=30)
LEASE = timedelta(seconds=10)
MEMBER = 28
IDENTITY = 22
NO_VARIANT = "0" * (MEMBER - IDENTITY)
LASTING = frozenset({Kind.INCIDENT, Kind.PICTURE})  # one message for the incident's whole life, replaced in place
_SEVERITY = {"C": Severity.CRITICAL, "W": Severity.WARNING, "I": Severity.INFO}
_documents = msgspec.json.Decoder(Incident)
_payloads = msgspec.json.Decoder(tuple[str, str, dict[str, str], dict[str, str]])
_EPOCH = datetime.fromtimestamp(0, UTC)
_began = msgspec.json.Decoder(tuple[datetime, ...])


def encode_document(incident: Incident) -> bytes:
    """What a hash field keeps: everything but the alerts, which admission merges on its own."""
    return msgspec.json.encode(replace(incident, alerts={}) if incident.alerts else incident)


def first_document(group_key: str, source: str, opened_at: datetime, route: RouteSnapshot, destinations: tuple[Destination, ...]) -> bytes:
    """The document of an incident that admission opens: what is left out is as `Incident` has it by default, and costs nothing."""
    said = {"id": "", "version": 0, "group_key": group_key, "source": source, "opened_at": opened_at, "severity": Severity.INFO}
    return msgspec.json.encode({**said, "route": route, "destinations": destinations})


def decode_document(raw: bytes) -> Incident:
    """The incident without its alerts."""
    return _documents.decode(raw)


def payload_head(severity: Severity) -> bytes:
    """How one alert's content begins as admission stores it."""
    return b'["%b",' % severity.value[0].upper().encode()


def payload(head: bytes, spelt: bytes, notes: bytes) -> bytes:
    """One alert's content: `[severity letter, source, labels, annotations]`; source and labels as they are spelt, notes as JSON."""
    return b"%b%b,%b]" % (head, spelt[1:-1], notes)


class Incidents:
    """The incidents of all partitions."""

    def __init__(self, client: Redis, partitions: Partitions, promise: Promise) -> None:
        self._client = client
        self.partitions = partitions
        self._promise = promise
        self._commit = Script("commit")
        self._wake, self._forget = Script("wake"), Script("forget")
        self.questions = Questions(client)
        self.trails = Trails(client, partitions)

    async def load(self, incident_id: IncidentId) -> Incident:
        """Read one incident with its alerts; raises UnknownIncidentError, StoreUnavailableError."""
        (found,) = await self.load_many([incident_id])
        if found is None:
            raise UnknownIncidentError(incident_id)
        return found

    async def load_many(self, incident_ids: Sequence[IncidentId]) -> list[Incident | None]:
        """Read many in one trip to each partition, each as it stood at one moment; None for one that is not there.

        Raises StoreUnavailableError.
        """
        shares = self._shares(incident_ids)
        found = await asyncio.gather(*(self._load_share(at, [incident_ids[n] for n in places]) for at, places in shares.items()))
        return _in_order(shares, found)

    async def _load_share(self, at: Partition, incident_ids: Sequence[IncidentId]) -> list[Incident | None]:
        try:
            async with self._client.pipeline(transaction=True) as pipe:
                for incident_id in incident_ids:
                    pipe.hgetall(at.of("inc", incident_id))
                    pipe.hgetall(at.of("al", incident_id))
                    pipe.hgetall(at.of("pl", incident_id))
                found = await pipe.execute()
        except (RedisError, OSError) as fault:
            raise StoreUnavailableError(str(fault)) from fault
        return [_incident(i, *found[n * 3 : n * 3 + 3]) for n, i in enumerate(incident_ids)]

    def _shares(self, incident_ids: Sequence[IncidentId]) -> dict[Partition, list[int]]:
        """The places in this list that belong to each partition."""
        shares: dict[Partition, list[int]] = {}
        for place, incident_id in enumerate(incident_ids):
            shares.setdefault(self.partitions.of_incident(incident_id), []).append(place)
        return shares

    async def commit(self, plan: Plan, now: datetime, *, is_woken: bool) -> int:
        """Write the whole plan if the incident is still at `plan.before.version`; the new version, or -1.

        `is_woken` says that the plan answers a wake-up; any other may only bring the next one forward.
        """
        return (await self.commit_many([plan], now, is_woken=is_woken))[0]

    async def commit_many(self, plans: Sequence[Plan], now: datetime, *, is_woken: bool) -> list[int]:
        """Write each plan on its own, in one trip to each partition; the new version of each, or -1."""
        shares = self._shares([plan.next.id for plan in plans])
        calls = [self._words(plan, now, is_woken=is_woken) for plan in plans]
        found = await asyncio.gather(
            *(self._commit.run_many(self._client, [at.of("wake")], [calls[n] for n in places], self._promise) for at, places in shares.items())
        )
        return [int(answer) for answer in _in_order(shares, found)]

    def _words(self, plan: Plan, now: datetime, *, is_woken: bool) -> list[Argument]:
        incident = plan.next
        entry = TimelineEntry(at=now, reason=plan.reason.value, by=plan.by, state=incident.state.value, text=plan.text)
        args: list[Argument] = [
            self.partitions.of_incident(incident.id).prefix,
            incident.id,
            plan.before.version,
            encode_document(incident),
            _ms(plan.wake_at) if plan.wake_at else "",
            msgspec.json.encode(entry) if plan.is_change else "",
            "1" if plan.is_archived else "0",
            incident.group_key,
            _ms(now),
            int(EDIT_SPACING.total_seconds() * 1000),
            int(KEEP_CLOSED.total_seconds()),
            "1" if is_woken else "0",
            "1" if incident.route and incident.route.customers else "0",
            plan.trace,
            msgspec.json.encode(incident.begins) if incident.begins != plan.before.begins else "",
            int(WITHIN.total_seconds()),
        ]
        for notification in plan.notifications:
            args += _slot(incident, notification, plan.before.version)
        return args

    async def began(self, incidents: Iterable[Incident]) -> Mapping[IncidentId, tuple[datetime, ...]]:
        """When the groups of those that nobody was told of yet began before (UTC), oldest first; in one trip to each partition."""
        asked: dict[Partition, list[Incident]] = {}
        for one in filter(is_untold, incidents):
            asked.setdefault(self.partitions.of_incident(one.id), []).append(one)
        found = await asyncio.gather(*(self.questions.ask(at, ("MGET", *(at.of("began", one.group_key) for one in ones))) for at, ones in asked.items()))
        kept = zip(itertools.chain(*asked.values()), itertools.chain(*(share for (share,) in found)), strict=True)
        return {one.id: _began.decode(raw) for one, raw in kept if raw}

    async def lease_due(self, now: datetime, limit: int = 64) -> list[IncidentId]:
        """Take the incidents whose wake-up has come; whoever dies with one leaves it due again after the lease."""
        return await self._lease("wake", now, limit)

    async def lease_telling(self, now: datetime, limit: int = 64) -> list[IncidentId]:
        """Take the incidents that changed and whose route tells customers; each comes again after the lease unless it is `told`."""
        return await self._lease("telling", now, limit)

    async def _lease(self, what: str, now: datetime, limit: int) -> list[IncidentId]:
        args = [_ms(now), int(LEASE.total_seconds() * 1000), limit]
        found = await asyncio.gather(*(self._wake.run(self._client, [at.of(what)], args) for at in self.partitions))
        return [IncidentId(i.decode()) for share in found for i in share]

    async def told(self, incident_id: IncidentId, leased_at: datetime) -> None:
        """Forget one of `lease_telling`, unless it changed again meanwhile."""
        await self._forget.run(self._client, [self.partitions.of_incident(incident_id).of("telling")], [incident_id, _ms(leased_at + LEASE)])

    async def recent(self, limit: int = 100) -> list[IncidentId]:
        """Newest first."""
        listed = await asyncio.gather(*(ask(self._client.zrevrange(at.of("list"), 0, limit - 1, withscores=True)) for at in self.partitions))
        newest = heapq.merge(*listed, key=lambda one: one[1], reverse=True)
        return [IncidentId(i.decode()) for i, _ in itertools.islice(newest, limit)]

    async def held(self) -> list[IncidentId]:
        """Those that a group holds, newest first: all that are open, and ended ones inside their reopen window."""
        found = await asyncio.gather(*(ask(self._client.hvals(at.of("open"))) for at in self.partitions))
        return sorted((IncidentId(i.decode()) for share in found for i in share), key=_number, reverse=True)

    async def timeline(self, incident_id: IncidentId) -> list[TimelineEntry]:
        """The incident's history, oldest first."""
        lines = await ask(self._client.lrange(self.partitions.of_incident(incident_id).of("tl", incident_id), 0, -1))
        return [msgspec.json.decode(line, type=TimelineEntry) for line in lines]

    async def note(self, incident_id: IncidentId, entry: TimelineEntry) -> None:
        """Add a line that changes nothing, such as a refused press."""
        await ask(self._client.rpush(self.partitions.of_incident(incident_id).of("tl", incident_id), msgspec.json.encode(entry)))

    async def count_open(self) -> int:
        """Groups that hold an incident, resolved ones inside their reopen window included."""
        return sum(await asyncio.gather(*(ask(self._client.hlen(at.of("open"))) for at in self.partitions)))


def _in_order(shares: Mapping[Partition, list[int]], found: Sequence[Sequence[Any]]) -> list[Any]:
    """What was found share by share, in the places it was asked for."""
    answers = {place: answer for places, share in zip(shares.values(), found, strict=True) for place, answer in zip(places, share, strict=True)}
    return [answers[place] for place in range(len(answers))]


def _number(incident_id: IncidentId) -> int:
    return int(incident_id.rpartition("-")[2])


def slot_id(incident: Incident, notification: Notification, version: int) -> str:
    """The effect's identity: the living message and its picture have one per incident and destination, a ring one per turn, another loud
    reply one per version."""
    turn = "0" if notification.kind in LASTING else f"t{notification.turn}" if notification.turn else str(version)
    return f"{incident.id}.{notification.kind.value}.{turn}.{notification.destination.name}"


def _slot(incident: Incident, notification: Notification, version: int) -> list[Argument]:
    return [
        slot_id(incident, notification, version),
        notification.kind.value,
        int(notification.priority),
        notification.destination.channel,
        msgspec.json.encode(notification.destination),
        msgspec.json.encode(notification.args),
        int(notification.after.total_seconds() * 1000),
    ]


def _incident(incident_id: IncidentId, fields: dict[bytes, bytes], signatures: dict[bytes, bytes], payloads: dict[bytes, bytes]) -> Incident | None:
    if not fields:
        return None
    return replace(
        decode_document(fields[b"doc"]),
        id=incident_id,
        version=int(fields[b"ver"]),
        truncated=int(fields[b"trunc"]),
        repeats=int(fields[b"reps"]),
        last_seen_at=_instant(int(fields[b"seen"]) * 1000),
        alerts=read_alerts(signatures, payloads),
    )


def read_alerts(signatures: Mapping[bytes, bytes], payloads: Mapping[bytes, bytes]) -> dict[AlertId, Alert]:
    """Fold fingerprints into identities: an identity fires while any of its fingerprints fires."""
    alerts: dict[AlertId, Alert] = {}
    for member, signature in signatures.items():
        identity = AlertId(member[:IDENTITY].decode())
        is_firing = signature[:1] == b"F"
        held = alerts.get(identity)
        if held and held.is_firing and not is_firing:
            continue
        severity, source, labels, annotations = _payloads.decode(payloads[member])
        ends = int(signature[19:37])
        alerts[identity] = Alert(
            id=identity,
            status=AlertStatus.FIRING if is_firing else AlertStatus.RESOLVED,
            severity=_SEVERITY[severity],
            starts_at=_instant(int(signature[1:19])),
            ends_at=None if is_firing or not ends else _instant(ends),
            labels=labels,
            annotations=annotations,
            source=source,
        )
    return alerts


def _instant(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)
