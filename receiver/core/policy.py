"""Escalation policies, and how far one has come for an incident. Values only: `escalation` moves them, `rulebook` and `incident` hold them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import reduce

from receiver.core.destination import Destination

LEASE = timedelta(hours=2)
ENDLESS = timedelta(hours=1)
SHORTEST_WAIT = timedelta(seconds=30)
FROM_ALERT = "from-alert"


class Aim(StrEnum):
    """What a step may page."""

    PERSON = "person"
    SCHEDULE = "schedule"
    TEAM = "team"
    SERVICE = "service"
    DESTINATION = "destination"


class VoidOn(StrEnum):
    """What ends an acknowledgement before its time."""

    NEW_ALERT = "new-alert"
    WORSE_SEVERITY = "worse-severity"


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Whom a step pages; `where` is the line that says who that is. A `destination` is a place and needs no looking up."""

    aim: Aim
    name: str
    where: str = ""
    destination: Destination | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One level: who is paged, which places are told, and how long an answer may take from the first confirmed delivery."""

    targets: tuple[Target, ...] = ()
    notify: tuple[Destination, ...] = ()
    wait: timedelta
    where: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """Steps in their order, taken again `repeat` times; how long an acknowledgement holds and what voids it."""

    name: str
    where: str = ""
    steps: tuple[Step, ...]
    repeat: int = 0
    lease: timedelta = LEASE
    void_on: tuple[VoidOn, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """One way of reaching somebody in this turn; `after` counts from the turn's start."""

    destination: Destination
    after: timedelta = timedelta(0)

    @property
    def who(self) -> str:
        """Whom it reaches, as people say."""
        return self.destination.label or self.destination.name

    @property
    def owner(self) -> str:
        """The person, or the place itself."""
        return self.destination.person or self.destination.name


@dataclass(frozen=True, kw_only=True, slots=True)
class Escalation:
    """How far a policy (a snapshot) has come for one incident; instants in UTC.

    `step` is the level under way in this `round`, `turn` counts all of them. `ways` are this turn's, `failed` the names of those that
    did not get there. `paged` are the places that were rung by now, and are kept up to date. `excused` are people left out of this
    round. `upcoming` says who comes next, `holes` which schedules have nobody. `because`, `by` and `about` say why this turn was taken,
    `since` from when on nobody has had the incident.
    """

    policy: Policy
    service: str = ""
    step: int = 0
    round: int = 0
    turn: int = 0
    turn_at: datetime
    delivered_at: datetime | None = None
    ways: tuple[Way, ...] = ()
    failed: tuple[str, ...] = ()
    paged: tuple[Destination, ...] = ()
    excused: tuple[str, ...] = ()
    upcoming: tuple[str, ...] = ()
    holes: tuple[str, ...] = ()
    is_exhausted: bool = False
    because: str = ""
    by: str = ""
    about: str = ""
    since: datetime

    @property
    def current(self) -> Step:
        """The level under way."""
        return self.policy.steps[self.step]

    @property
    def wait(self) -> timedelta:
        """How long this level waits for an answer."""
        return max(SHORTEST_WAIT, self.current.wait)

    @property
    def is_unreachable(self) -> bool:
        """True when this level pages and nobody of it can be reached."""
        return bool(self.current.targets or self.ways) and all(way.destination.name in self.failed for way in self.ways)

    @property
    def due_at(self) -> datetime:
        """When the next step is taken: the wait counts from the first confirmed delivery, and begins at the latest after a wait without one."""
        if self.is_exhausted:
            return self.turn_at + max(ENDLESS, self.wait)
        if self.is_unreachable:
            return self.turn_at + self.wait
        if self.delivered_at is None and self.ways:
            return self.turn_at + 2 * self.wait
        return min((self.delivered_at or self.turn_at) + self.wait, self.turn_at + 2 * self.wait)

    @property
    def expected_at(self) -> datetime:
        """What people are told of `due_at`: a page that was sent just now is taken for delivered."""
        return min((self.delivered_at or self.turn_at) + self.wait, self.due_at)

    def way(self, name: str) -> Way | None:
        """This turn's way to a destination."""
        return next((way for way in self.ways if way.destination.name == name), None)

    def has_rung(self, name: str) -> bool:
        """True when a destination was rung in this turn or an earlier one."""
        return any(place.name == name for place in self.paged)


def merge(policies: Sequence[Policy]) -> Policy | None:
    """Several policies of one incident are one: step by step they page all, wait the shorter, and hold to the stricter acknowledgement."""
    return reduce(_two, policies) if policies else None


def _two(one: Policy, other: Policy) -> Policy:
    length = max(len(one.steps), len(other.steps))
    steps = tuple(_both(*(policy.steps[at : at + 1] for policy in (one, other))) for at in range(length))
    return Policy(
        name=f"{one.name}, {other.name}",
        where=one.where,
        steps=steps,
        repeat=max(one.repeat, other.repeat),
        lease=min(one.lease, other.lease),
        void_on=tuple(dict.fromkeys(one.void_on + other.void_on)),
    )


def _both(*held: tuple[Step, ...]) -> Step:
    steps = [step for some in held for step in some]
    return Step(
        targets=tuple({(t.aim, t.name): t for step in steps for t in step.targets}.values()),
        notify=tuple({d.name: d for step in steps for d in step.notify}.values()),
        wait=min(step.wait for step in steps),
        where=steps[0].where,
    )
