"""Judges what rang in the campaign of timers against what must have: nothing of the service is asked, only what the far end performed."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from tests.faults.far_end import FarEnd, Ring

Asked = Mapping[tuple[str, str], datetime]
WAITS = {"a": timedelta(minutes=2), "b": timedelta(minutes=3), "c": timedelta(minutes=4)}
AFTER_ACK = timedelta(seconds=12)
AGAIN = timedelta(minutes=55)  # the last step is paged again from hour to hour once everybody was tried
LEASE = timedelta(seconds=19)  # of a message; who holds one longer is taken for dead, and what it did for unknown
LATE = timedelta(seconds=30)  # a killed replica's lease, and a look
USUALLY = timedelta(seconds=2)  # all but one in a hundred
FIRST_PAGE = timedelta(seconds=2)  # the routes' group_wait
FROZEN = timedelta(seconds=45)  # at most, and its leases end before that
SLEWED = timedelta(seconds=5)  # what replicas fall behind while a store that stepped back is followed, suspends included, and make up afterwards
AFTER_RESTART = timedelta(seconds=10)  # the same, where every replica was down


@dataclass(kw_only=True)
class Figures:
    """What the run showed; the lists name what broke the promise."""

    seed: int
    incidents: int = 0
    timers: int = 0
    rings: int = 0
    marked: int = 0
    acknowledged: int = 0
    kills: int = 0
    pauses: int = 0
    freezes: int = 0
    blackouts: int = 0
    steps: int = 0
    clocks_set: int = 0
    repairs: int = 0
    late: list[timedelta] = field(default_factory=list, repr=False)
    late_after_restart: list[timedelta] = field(default_factory=list, repr=False)
    missed: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    after_ack: list[str] = field(default_factory=list)
    early: list[str] = field(default_factory=list)

    def faults(self) -> list[str]:
        """Empty when all of it was kept."""
        broken = {"missed": self.missed, "doubled": self.doubled, "repeated": self.repeated, "after_ack": self.after_ack, "early": self.early}
        found = [f"{name}: {held[:5]}" for name, held in broken.items() if held]
        if self.repairs:
            found.append(f"{self.repairs} repairs by the auditor")
        if p99(self.late) > USUALLY:
            found.append(f"late by {p99(self.late)} (p99)")
        if p99(self.late_after_restart) > AFTER_RESTART:
            found.append(f"late by {p99(self.late_after_restart)} after a restart (p99)")
        return found

    def shown(self) -> dict[str, object]:
        """Every figure, lists by their length."""
        return {
            **{name: len(held) if isinstance(held, list) else held for name, held in vars(self).items()},
            "late_p99_s": p99(self.late).total_seconds(),
            "late_worst_s": max(self.late, default=timedelta(0)).total_seconds(),
            "late_after_restart_p99_s": p99(self.late_after_restart).total_seconds(),
        }


def p99(spans: list[timedelta]) -> timedelta:
    """All but one in a hundred are no longer than this."""
    return sorted(spans)[int(len(spans) * 0.99)] if spans else timedelta(0)


@dataclass(kw_only=True)
class Happened:
    """What the campaign did, in true time: services by when they fired, incidents by service and by when they were taken; spans in which
    time jumped, those of them in which every replica was dead, and those in which one was frozen with what it held.
    """

    fired: dict[str, datetime] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    acks: dict[str, datetime] = field(default_factory=dict)
    outages: list[tuple[datetime, datetime]] = field(default_factory=list)
    blackouts: list[tuple[datetime, datetime]] = field(default_factory=list)
    stalls: list[tuple[datetime, datetime]] = field(default_factory=list)

    def without_outage(self, instant: datetime) -> datetime:
        """A deadline that fell into time that jumped is met at the jump's end."""
        return next((over for start, over in self.outages if start <= instant < over), instant)

    def decided_at(self, rung_at: datetime) -> datetime:
        """When a ring was decided at the earliest: one that waited while time jumped may have been decided before it did."""
        return min((start for start, over in self.outages if start <= rung_at <= over + LATE), default=rung_at)

    def is_stalled(self, due: datetime, until: datetime | None = None) -> bool:
        """True when a frozen replica may have held what was due then (or until then): others wait for its lease."""
        at = self.without_outage(due)
        return any(start <= (until or at) and at <= over for start, over in self.stalls)

    def latest(self, due: datetime, deadline: datetime) -> datetime:
        """When a page that is due must have rung at the latest: a dead or frozen replica may hold it first, and time may jump meanwhile."""
        held = self.without_outage(deadline) + LATE
        held += FROZEN if self.is_stalled(due, held) else timedelta(0)
        return held if self.without_outage(held) == held else self.without_outage(held) + LATE


def judge(figures: Figures, happened: Happened, far: FarEnd) -> None:
    """Hold what rang against what must have."""
    by_incident: dict[str, dict[str, list[Ring]]] = defaultdict(lambda: defaultdict(list))
    for ring in far.rings:
        by_incident[ring.incident][ring.person].append(ring)
        figures.rings += 1
        figures.marked += ring.is_marked
    for service, at in happened.fired.items():
        incident = happened.ids.get(service, "")
        people, taken = by_incident.get(incident, {}), happened.acks.get(incident)
        if people.get("a"):
            _judge_one(figures, happened, incident, people, at, far.asked)
        elif taken is None or taken > happened.latest(at, at + FIRST_PAGE):
            figures.missed.append(f"{service}, fired at {at}: its first page")


def _judge_one(figures: Figures, happened: Happened, incident: str, people: Mapping[str, list[Ring]], fired_at: datetime, asked: Asked) -> None:
    taken = happened.acks.get(incident)
    for person, rings in people.items():
        loud = [ring for ring in rings if not ring.is_silent]
        first = [ring.at for ring in loud if not ring.is_marked]
        if any(then - happened.decided_at(before) < AGAIN for before, then in pairwise(first)):
            figures.doubled.append(f"{incident} {person} {[str(ring.at) for ring in loud]}")
        heard = [ring.at for ring in loud if ring.is_confirmed and not ring.is_held]
        if any(timedelta(0) < ring.at - at < LEASE for ring in loud if ring.is_marked for at in heard):
            figures.repeated.append(f"{incident} {person} {[str(ring.at) for ring in loud]}")
        if taken and any(ring.at > taken + AFTER_ACK for ring in loud):
            figures.after_ack.append(f"{incident} {person} taken {taken} rang {max(ring.at for ring in loud)}")
    decided = fired_at
    for before, after in (("a", "b"), ("b", "c")):
        first, then = people.get(before, []), people.get(after, [])
        if first:
            _judge_step(figures, happened, f"{incident} after {before}", first, then, WAITS[before], decided, taken, asked.get((incident, after)))
            decided = first[0].at + WAITS[before]


def _judge_step(
    figures: Figures,
    happened: Happened,
    name: str,
    first: list[Ring],
    then: list[Ring],
    wait: timedelta,
    decided: datetime,
    taken: datetime | None,
    asked: datetime | None,
) -> None:
    """One timer: the wait counts from the first confirmed page, and at most twice as long from when the page was decided."""
    figures.timers += 1
    due = first[0].at + wait
    earliest, latest = min(due, decided + 2 * wait), happened.latest(due, first[0].at + 2 * wait)
    is_unknown = any(ring.is_marked for ring in first)  # two lost answers: somebody else hears at once
    if then and then[0].at < earliest - SLEWED and not is_unknown:
        figures.early.append(f"{name}: {then[0].at - first[0].at}")
    if not then:
        if taken is None or taken > latest:
            figures.missed.append(f"{name}, taken {taken}, due {due}")
    elif then[0].at > latest:
        figures.missed.append(f"{name}: late by {then[0].at - latest}")
    elif not is_unknown and first[0].is_confirmed and asked and not happened.is_stalled(due):
        is_restarted = any(start <= due < over for start, over in happened.blackouts)
        held = figures.late_after_restart if is_restarted else figures.late
        held.append(max(timedelta(0), asked - happened.without_outage(due)))
