"""One incident of one policy, event by event. Used by the tests of escalation and of leases."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from receiver.core.alert import Severity
from receiver.core.decide import decide
from receiver.core.event import (
    Delivered,
    DeliveryTrouble,
    Event,
    Woke,
)
from receiver.core.incident import Destination
from receiver.core.plan import Kind, Plan
from receiver.core.policy import Aim, Policy, Step, Target
from receiver.core.rulebook import Person, RuleBook
from tests.builders import NOW, PAGED, alert, incident, rulebook

LATER = NOW + timedelta(seconds=10)
MINUTE = timedelta(minutes=1)
PEOPLE = {one: Person(id=one, name=one.title(), telegram=n) for n, one in enumerate(("anna", "boris", "vera"), 1)}
ANNA = {"by": "anna", "name": "Anna"}
BORIS = {"by": "boris", "name": "Boris"}


def step(*people: str, wait: int = 5, notify: tuple[Destination, ...] = ()) -> Step:
    return Step(targets=tuple(Target(aim=Aim.PERSON, name=one) for one in people), notify=notify, wait=wait * MINUTE)


POLICY = Policy(name="devops", steps=(step("anna"), step("boris", wait=10), step("anna", "boris", "vera", wait=15)), repeat=1)


def book(policy: Policy = POLICY, **fields: Any) -> RuleBook:
    return rulebook(PAGED, **{"people": PEOPLE, "policies": {"devops": policy}, **fields})


class Life:
    """One incident of one policy, event by event."""

    def __init__(self, policy: Policy = POLICY, **fields: Any) -> None:
        self.rules, self.now = book(policy, **fields), LATER
        base = incident(alert(severity=Severity.CRITICAL))
        assert base.route
        self.at = replace(base, route=replace(base.route, policies=("devops",)))
        self.plan = self.see(Woke())

    def see(self, event: Event) -> Plan:
        self.plan = decide(self.at, event, self.rules, self.now)
        self.at = self.plan.next
        return self.plan

    def reached(self, name: str) -> Plan:
        return self.see(Delivered(destination=name, ref="1", at=self.now))

    def lost(self, name: str, why: str = "blocked") -> Plan:
        return self.see(DeliveryTrouble(destination=name, why=why))

    def wake(self) -> Plan:
        """Let time pass to the next wake-up."""
        assert self.at.wake_at is not None
        self.now = max(self.now, self.at.wake_at)
        return self.see(Woke())

    def rung(self, *kinds: Kind) -> list[str]:
        wanted = kinds or (Kind.INCIDENT, Kind.YOUR_TURN)
        return [n.destination.name for n in self.plan.notifications if n.kind in wanted and n.destination.person and n.turn]
