"""A world in virtual time: webhooks in, wake-ups in order of time, decisions by `core.decide`, every delivery at once. Called by the
other modules of `trial`.

It takes alerts through the same `Grouping` as the service and merges them as the store does, so that what happens here is what would
happen there. No I/O, no await.
"""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count

from receiver.clock import ManualClock
from receiver.core.correlation import near
from receiver.core.decide import decide
from receiver.core.delivery import pointless
from receiver.core.event import Delivered, Event, Woke
from receiver.core.incident import Destination, Incident, IncidentId, RouteSnapshot
from receiver.core.plan import Kind, Notification, Plan, Priority, Reason
from receiver.core.reach import is_awaited
from receiver.core.route import RouteNode
from receiver.core.rulebook import RuleBook
from receiver.grouping import Grouping, Piece
from receiver.sources.alertmanager import Webhook
from receiver.store.incidents import MEMBER, slot_id
from receiver.trial.gathered import Gathered
from receiver.trial.shelf import Shelf, from_ms, to_ms
from receiver.vetting import is_watchdog

TOGETHER = 8  # as `workers.waker` decides them


@dataclass(frozen=True, kw_only=True, slots=True)
class Transition:
    """One line of an incident's history; `at` in UTC."""

    at: datetime
    incident_id: IncidentId
    reason: Reason
    state: str
    by: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One message as it left: a new one, or an edit of an earlier one. `incident` is what it was rendered from."""

    at: datetime
    incident: Incident
    destination: Destination
    kind: Kind
    priority: Priority
    args: Mapping[str, str] = field(default_factory=dict)
    is_edit: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Stranger:
    """An alert the rules do not know: no route but the root took it, or no catalogue entry has its service."""

    at: datetime
    labels: Mapping[str, str]
    is_unrouted: bool


@dataclass(slots=True)
class Effects:
    """What came of it, in order of time."""

    opened: list[tuple[datetime, IncidentId, RouteSnapshot]] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    strangers: list[Stranger] = field(default_factory=list)


class World:
    """One rule book and one store from `start` on; instants are cut to milliseconds, as the store keeps them."""

    def __init__(self, rules: RuleBook, start: datetime) -> None:
        self.rules = rules
        self.effects = Effects()
        self._clock = ManualClock(from_ms(to_ms(start)))
        self._grouping = Grouping(rules, self._clock)
        self._shelf = Shelf()
        self._gathered = Gathered(self._shelf, rules)
        self._sent: dict[str, set[str]] = {}
        self._later: list[tuple[int, int, IncidentId, str, Notification]] = []  # pages that wait for their time
        self._order = count()
        self._seen: set[str] = set()
        self._archived: list[IncidentId] = []

    @property
    def now(self) -> datetime:
        """The instant the world stands at; UTC."""
        return self._clock.now()

    def admit(self, source: str, webhook: Webhook) -> None:
        """Take one webhook, and decide what is due at once."""
        watchdog = self.rules.watchdog_of(source)
        if watchdog:
            webhook.alerts = [one for one in webhook.alerts if not is_watchdog(watchdog, self.rules, source, one)]
        pieces, _ = self._grouping.split(source, webhook)
        for piece in pieces:
            merged, opened = self._shelf.merge(piece.item(), self.now)
            if merged.is_miss:
                merged, opened = self._shelf.merge(piece.item(in_full=True), self.now)
            is_over = merged.is_over
            if is_over:
                _, opened = self._shelf.merge(piece.overflown(piece.overflow), self.now)
            piece.confirm(is_overflown=is_over)
            if opened:
                route = self._shelf.load(opened).route if is_over else piece.group.route
                self.effects.opened.append((self.now, IncidentId(opened), route or piece.group.route))
            self._note_strangers(piece)
        self.advance_to(self.now)

    def apply(self, incident_id: IncidentId, event: Event) -> Plan:
        """Let one event change one incident; raises KeyError for one that is not here."""
        plan = self._decide(incident_id, event)
        self._commit([plan], is_woken=isinstance(event, Woke))
        if plan.next is not plan.before:
            self.advance_to(self.now)
        return plan

    def _decide(self, incident_id: IncidentId, event: Event) -> Plan:
        incident = self._shelf.load(incident_id)
        if isinstance(event, Woke):
            told = self._gathered.inform(event, incident, self.now)
            around = self._shelf.around(incident, near(incident, self.rules, self.now))
            event = replace(told, around=around, began=self._shelf.began(incident))
        return self._gathered.join(decide(incident, event, self.rules, self.now), self.now)

    def _commit(self, plans: Sequence[Plan], *, is_woken: bool) -> None:
        """What was decided together; whoever is touched by one of them looks when all are written."""
        plans = [plan for plan in plans if plan.next is not plan.before]
        for plan in plans:
            after = self._shelf.commit(plan, self.now, is_woken=is_woken)
            if plan.is_change:
                made = Transition(at=self.now, incident_id=after.id, reason=plan.reason, state=plan.next.state.value, by=plan.by)
                self.effects.transitions.append(made)
            if plan.is_archived:
                self._archived.append(after.id)
        self._shelf.rouse(dict.fromkeys(each for plan in plans for each in plan.touches), self.now)
        for plan in plans:
            self._deliver(plan, self._shelf.load(plan.next.id))
            self._gathered.follow(plan, self.apply, self.now)

    def advance_to(self, instant: datetime) -> None:
        """Let time pass up to and including this instant; every wake-up and every page that waits happens at its own time."""
        until = to_ms(instant)
        while (at := self._next()) is not None and at <= until:
            self._move(from_ms(at))
            if self._later and self._later[0][0] <= at:
                _, _, incident_id, slot, notification = heapq.heappop(self._later)
                if self._shelf.holds(incident_id):
                    self._send(incident_id, [(slot, notification)])
            else:
                due = [IncidentId(one) for one in self._shelf.due(at, TOGETHER)]
                self._commit([self._decide(one, Woke()) for one in due], is_woken=True)
        self._move(from_ms(until))

    def next_wake_at(self) -> datetime | None:
        """When something will happen by itself."""
        at = self._next()
        return None if at is None else from_ms(at)

    def _next(self) -> int | None:
        wake = self._shelf.next_wake()
        return min([moment for moment in (wake and wake[0], self._later and self._later[0][0]) if moment], default=None)

    def incidents(self) -> list[Incident]:
        """All that are kept, oldest first."""
        return [self._shelf.load(incident_id) for incident_id in self._shelf.ids()]

    def drain(self) -> Effects:
        """Take the effects so far and drop the incidents that are closed for good: a long replay keeps neither."""
        effects, self.effects = self.effects, Effects()
        for incident_id in self._archived:
            self._shelf.forget(incident_id)
            self._sent.pop(incident_id, None)
        self._archived.clear()
        return effects

    def _move(self, instant: datetime) -> None:
        if instant > self.now:
            self._clock.advance(seconds=(instant - self.now) / timedelta(seconds=1))

    def _deliver(self, plan: Plan, after: Incident) -> None:
        at_once = []
        for notification in plan.notifications:
            slot = slot_id(plan.next, notification, plan.before.version)
            if notification.after:
                heapq.heappush(self._later, (to_ms(self.now + notification.after), next(self._order), after.id, slot, notification))
            else:
                at_once.append((slot, notification))
        self._send(after.id, at_once)

    def _send(self, incident_id: IncidentId, slots: Iterable[tuple[str, Notification]]) -> None:
        """Every delivery succeeds at once, and what is confirmed is an event as it is in the service."""
        incident = self._shelf.load(incident_id)
        confirmed = [one.destination.name for slot, one in slots if self._tell(incident, slot, one) and is_awaited(incident, one.destination.name)]
        for name in confirmed:
            if is_awaited(self._shelf.load(incident_id), name):
                self.apply(incident_id, Delivered(destination=name, ref="", at=self.now))

    def _tell(self, incident: Incident, slot: str, notification: Notification) -> bool:
        """True for a new message that was sent."""
        place, sent = notification.destination, self._sent.setdefault(incident.id, set())
        is_edit = slot in sent
        has_living = f"{incident.id}.incident.0.{place.name}" in sent
        if not is_edit and pointless(notification.kind, incident, place, has_living=has_living):
            return False
        sent.add(slot)
        told = Told(
            at=self.now,
            incident=incident,
            destination=place,
            kind=notification.kind,
            priority=notification.priority,
            args={} if is_edit and notification.kind is Kind.INCIDENT else notification.args,
            is_edit=is_edit,
        )
        self.effects.told.append(told)
        return not is_edit

    def _note_strangers(self, piece: Piece) -> None:
        is_unrouted = piece.group.route.route_id == self.rules.root.id and bool(self.rules.root.children)
        for _, alert, row, _, _ in piece.entries:
            if row[:MEMBER] in self._seen:
                continue
            self._seen.add(row[:MEMBER])
            labels = alert.labels
            service = labels.get("service") or labels.get("job") or ""
            is_unknown = bool(self.rules.services) and service not in self.rules.services
            if is_unrouted or is_unknown:
                self.effects.strangers.append(Stranger(at=self.now, labels=labels, is_unrouted=is_unrouted))


def longest_group_wait(node: RouteNode) -> timedelta:
    """The longest time any route of the tree collects alerts before it tells."""
    return max([node.group_wait, *(longest_group_wait(child) for child in node.children)])
