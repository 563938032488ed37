"""The store's incidents in memory: a twin of `admit.lua`, `commit.lua`, `rouse.lua` and `wake.lua` for one partition. Used by `trial.world`.

It takes the same packed items as the store does and must come to the same outcomes; `tests/trial/test_parity.py` holds the two together.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from receiver.core.correlation import Near, system_of
from receiver.core.incident import Incident, IncidentId
from receiver.core.instant import from_datetime, to_datetime
from receiver.core.occurrence import WITHIN, is_untold
from receiver.core.plan import Plan
from receiver.store.admission import Item, Merged
from receiver.store.incidents import MEMBER, decode_document, read_alerts
from receiver.store.neighbours import NEWEST

_ROW = MEMBER + 37  # a member and its signature: status, start, end


def to_ms(instant: datetime) -> int:
    """Whole milliseconds since the epoch, as the store keeps wake-ups."""
    return from_datetime(instant) // 1000


def from_ms(ms: int) -> datetime:
    """Aware, in UTC."""
    return to_datetime(ms * 1000)


@dataclass(slots=True, kw_only=True)
class _Kept:
    """One incident as the store's hashes hold it."""

    document: Incident
    truncated: int
    seen_ms: int
    hold_ms: int
    opened_ms: int
    version: int = 0
    repeats: int = 0
    signatures: dict[str, str] = field(default_factory=dict)
    payloads: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Write:
    """One signature to set; `home` is the incident it belongs to, empty for the one that opens."""

    row: int
    signature: str
    home: str
    counts: bool


class Shelf:
    """Everything one partition holds about incidents. Nothing here decides."""

    def __init__(self) -> None:
        self._incidents: dict[str, _Kept] = {}
        self._open: dict[str, str] = {}
        self._index: dict[str, str] = {}
        self._services: dict[str, list[str]] = {}
        self._wakes: dict[str, int] = {}
        self._queue: list[tuple[int, str]] = []  # may hold what is no longer true; `_wakes` knows
        self._floods: dict[str, tuple[int, int]] = {}
        self._began: dict[str, tuple[datetime, ...]] = {}  # the group that began last comes last
        self._high_water = 0
        self._last_id = 0

    def merge(self, item: Item, now: datetime) -> tuple[Merged, str]:
        """Merge one item as `admit.lua` does; its report, and the id of the incident it opened."""
        now_ms = self._high_water = max(to_ms(now), self._high_water)
        here = self._open.get(item.group_key, "")
        rows = [(item.blob[at : at + MEMBER], item.blob[at + MEMBER : at + _ROW]) for at in range(0, len(item.blob), _ROW)]
        payloads = _payloads(item)
        writes: list[_Write] = []
        unknown = late = 0
        is_miss = False
        for row, (member, signature) in enumerate(rows):
            home, old = self._find(here, member)
            if not old:
                if signature[0] == "F":
                    is_miss = is_miss or row not in payloads
                    writes.append(_Write(row, signature, home, counts=True))
                else:
                    unknown += 1
            else:
                merged = _merge_signature(old, signature, is_replaced=item.flags[row] == "2")
                late += merged is None
                if merged and merged[0]:
                    writes.append(_Write(row, merged[0], home, counts=merged[1]))
        opens = any(write.home == "" for write in writes)
        if is_miss or (opens and not item.document):
            return Merged(is_miss=True), ""
        if opens and self._is_over(item, now_ms):
            return Merged(is_over=True), ""
        if opens:
            here = self._begin(item, now_ms)
        touched = self._write(writes, rows, payloads, here)
        self._touch(item, here, touched, now_ms, opens=opens)
        changed = sum(write.counts for write in writes)
        return Merged(changed=changed, resolved_unknown=unknown, late=late, opened=int(opens)), here if opens else ""

    def _is_over(self, item: Item, now_ms: int) -> bool:
        """True when its source has opened all that it may within this time; else one more is counted."""
        if not item.limit:
            return False
        since, count = self._floods.get(item.source, (0, 0))
        if not count or now_ms - since >= item.within:
            since, count = now_ms, 0
        if count >= item.limit:
            return True
        self._floods[item.source] = since, count + 1
        return False

    def _find(self, here: str, member: str) -> tuple[str, str]:
        """Where a member is kept and its signature; the group's incident comes first."""
        if here and (old := self._incidents[here].signatures.get(member)):
            return here, old
        other = self._index.get(member, "")
        if other and other != here:
            return other, self._incidents[other].signatures.get(member, "")
        return here, ""

    def _begin(self, item: Item, now_ms: int) -> str:
        self._last_id += 1
        incident_id = f"INC-{self._last_id}"
        self._open[item.group_key] = incident_id
        document = replace(decode_document(item.document), id=IncidentId(incident_id))
        self._services.setdefault(system_of(document), []).append(incident_id)
        self._incidents[incident_id] = _Kept(document=document, truncated=item.truncated, seen_ms=now_ms, hold_ms=now_ms + item.wait, opened_ms=now_ms)
        return incident_id

    def _write(self, writes: list[_Write], rows: list[tuple[str, str]], payloads: dict[int, bytes], here: str) -> dict[str, bool]:
        """What was touched, and whether it only grew."""
        touched: dict[str, bool] = {}
        for write in writes:
            member, home = rows[write.row][0], write.home or here
            kept = self._incidents[home]
            kept.signatures[member] = write.signature
            if write.row in payloads:
                kept.payloads[member] = payloads[write.row]
            if not write.counts:
                continue
            is_firing = write.signature[0] == "F"
            touched[home] = touched.get(home, True) and is_firing
            if is_firing:
                self._index[member] = home
            else:
                self._index.pop(member, None)
        return touched

    def _touch(self, item: Item, here: str, touched: dict[str, bool], now_ms: int, *, opens: bool) -> None:
        if here:
            kept = self._incidents[here]
            if not opens and kept.truncated != item.truncated:
                kept.truncated = item.truncated
                touched.setdefault(here, True)
            if here not in touched:
                kept.seen_ms = now_ms
                kept.repeats += 1
        for incident_id, only_grew in touched.items():
            kept = self._incidents[incident_id]
            kept.seen_ms = now_ms
            kept.version += 1
            if opens and incident_id == here:
                self._wake_at(incident_id, kept.hold_ms)
            else:
                # Before the group wait is over nothing would be decided of an incident that only grew.
                due = max(now_ms, kept.hold_ms) if only_grew else now_ms
                self._wake_at(incident_id, min(due, self._wakes.get(incident_id, due)))

    def load(self, incident_id: str) -> Incident:
        """One incident with its alerts; raises KeyError."""
        kept = self._incidents[incident_id]
        signatures = {member.encode(): signature.encode() for member, signature in kept.signatures.items()}
        return replace(
            kept.document,
            version=kept.version,
            truncated=kept.truncated,
            repeats=kept.repeats,
            last_seen_at=from_ms(kept.seen_ms),
            alerts=read_alerts(signatures, {member.encode(): payload for member, payload in kept.payloads.items()}),
        )

    def around(self, incident: Incident, wanted: Near) -> dict[IncidentId, Incident]:
        """Its neighbours, as `store.neighbours` finds them."""
        named = (IncidentId(one) for name in (*wanted.below, *wanted.above) for one in reversed(self._services.get(name, [])[-NEWEST:]))
        return {one: self.load(one) for one in dict.fromkeys((*wanted.ids, *named)) if one != incident.id and one in self._incidents}

    def rouse(self, incident_ids: Iterable[str], now: datetime) -> None:
        """Have these looked at now, as `rouse.lua` does."""
        for incident_id in incident_ids:
            if incident_id in self._incidents:
                self._incidents[incident_id].version += 1
                self._wake_at(incident_id, min(to_ms(now), self._wakes.get(incident_id, to_ms(now))))

    def commit(self, plan: Plan, now: datetime, *, is_woken: bool) -> Incident:
        """Write the plan; the incident at its new version. Nobody else writes, so there is no conflict.

        Only a plan that answers a wake-up may put the next one off.
        """
        incident_id, kept = plan.next.id, self._incidents[plan.next.id]
        kept.version += 1
        kept.document = replace(plan.next, alerts={})
        kept_wake = None if is_woken else self._wakes.get(incident_id)
        self._wakes.pop(incident_id, None)
        # A wake-up that is already due comes again in the next millisecond: virtual time must move on.
        planned = max(to_ms(plan.wake_at), to_ms(now) + 1) if plan.wake_at else None
        moments = [moment for moment in (kept_wake, planned) if moment is not None]
        if moments:
            self._wake_at(incident_id, min(moments))
        if plan.next.begins != plan.before.begins:
            self._note_begins(plan.next, now)
        if plan.is_archived:
            self._archive(plan.next)
        return replace(plan.next, version=kept.version)

    def began(self, incident: Incident) -> tuple[datetime, ...]:
        """When the group of one that nobody was told of yet began before."""
        return self._began.get(incident.group_key, ()) if is_untold(incident) else ()

    def _note_begins(self, incident: Incident, now: datetime) -> None:
        self._began.pop(incident.group_key, None)
        self._began[incident.group_key] = incident.begins
        while (oldest := next(iter(self._began))) and now - self._began[oldest][-1] >= WITHIN:
            del self._began[oldest]

    def _archive(self, incident: Incident) -> None:
        here = self._services.get(system_of(incident), [])
        if incident.id in here:
            here.remove(incident.id)
        if self._open.get(incident.group_key) == incident.id:
            del self._open[incident.group_key]
        for member in self._incidents[incident.id].signatures:
            if self._index.get(member) == incident.id:
                del self._index[member]

    def _wake_at(self, incident_id: str, at_ms: int) -> None:
        self._wakes[incident_id] = at_ms
        heapq.heappush(self._queue, (at_ms, incident_id))

    def next_wake(self) -> tuple[int, str] | None:
        """The earliest wake-up in milliseconds and whose it is."""
        while self._queue and self._wakes.get(self._queue[0][1]) != self._queue[0][0]:
            heapq.heappop(self._queue)
        return self._queue[0] if self._queue else None

    def due(self, at_ms: int, limit: int) -> list[str]:
        """Those whose wake-up stands at this moment, in the store's order."""
        return sorted(one for one, at in self._wakes.items() if at == at_ms)[:limit]

    def open_id(self, group_key: str) -> str:
        """The incident that a group holds, or empty."""
        return self._open.get(group_key, "")

    def opened_since(self, since: datetime) -> list[str]:
        """The incidents that were opened since then, oldest first; the newest are at the end of what is kept."""
        found = []
        for incident_id, kept in reversed(self._incidents.items()):
            if kept.opened_ms < to_ms(since):
                break
            found.append(incident_id)
        return found[::-1]

    def wake_now(self, incident_id: str, now: datetime) -> None:
        """Have it looked at now."""
        self._wake_at(incident_id, min(to_ms(now), self._wakes.get(incident_id, to_ms(now))))

    def holds(self, incident_id: str) -> bool:
        """Whether an incident is kept."""
        return incident_id in self._incidents

    def forget(self, incident_id: str) -> None:
        """Drop an archived incident; a long replay must not hold them all."""
        self._incidents.pop(incident_id, None)
        self._wakes.pop(incident_id, None)

    def ids(self) -> Iterator[str]:
        """Oldest first."""
        return iter(self._incidents)


def _payloads(item: Item) -> dict[int, bytes]:
    given = iter(item.payloads)
    return {row: next(given) for row, flag in enumerate(item.flags) if flag != "0"}


def _merge_signature(old: str, said: str, *, is_replaced: bool) -> tuple[str, bool] | None:
    """What is kept after `said`, and whether that is a transition; empty for a repeat, None for one that came too late."""
    if old[0] == "R":
        return (said, True) if said[0] == "F" else ("", False)
    since, starts, ends = old[1:19], said[1:19], said[19:37]
    if said[0] == "F":
        if starts > since:
            return said, False
        return (old, False) if is_replaced else ("", False)
    return (said, True) if starts == since or ends >= since else None
