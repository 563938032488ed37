"""The only writer of incidents. Four ways in (webhook, chat, API, time) end here: `admit` or `apply`.

Called by `web`, `chat` and `workers`; calls `core.decide` and the store. After every change it nudges the workers, so that
nothing waits for a poll.
"""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum, auto

from receiver.clock import Clock
from receiver.core.alert import Severity
from receiver.core.amendment import Amendments, amend
from receiver.core.correlation import Around, Near, near
from receiver.core.decide import decide
from receiver.core.errors import CommitConflictError, StoreUnavailableError
from receiver.core.event import Event, Woke
from receiver.core.incident import Incident, IncidentId
from receiver.core.plan import Plan, Reason
from receiver.core.rulebook import RuleBook
from receiver.core.signal import Signals
from receiver.core.statistics import measure
from receiver.gathering import Gathering
from receiver.grouping import Grouping, Piece
from receiver.homing import Homing
from receiver.sources.alertmanager import Webhook
from receiver.sources.own import OWN_SOURCE, own_webhook
from receiver.store.admission import Admission, Merged
from receiver.store.incidents import Incidents
from receiver.store.neighbours import Neighbours
from receiver.store.storms import Storms
from receiver.telemetry import metrics, traces
from receiver.telemetry.logs import get_logger
from receiver.vetting import Vetting

COMMIT_ATTEMPTS = 12
MOST_QUESTIONS = 3
_NOBODY = Near()
log = get_logger(__name__)


@dataclass(slots=True)
class Report:
    """The body of a `202`."""

    accepted: int = 0
    opened: int = 0
    transitions: int = 0
    dead_lettered: int = 0
    reasons: list[str] = field(default_factory=list)


class Rules:
    """The rule book in force; replaced as a whole on reload. What people added in the chat is laid over each.

    `peers` are Alertmanagers named by the settings and not by the rules.
    """

    def __init__(self, book: RuleBook, peers: tuple[str, ...] = ()) -> None:
        self._peers, self.amendments = peers, Amendments()
        self.current = book

    @property
    def current(self) -> RuleBook:
        """The rules and their amendments."""
        return self._current

    @current.setter
    def current(self, book: RuleBook) -> None:
        self._current = amend(book.with_peers(self._peers), self.amendments)

    def amend(self, amendments: Amendments) -> None:
        """From now on exactly these are laid over the rules."""
        self.amendments = amendments
        self.current = self._current


class Trust(Enum):
    """How far a webhook's firings are believed: as they come, only after a question (an old body), or at once (the answer to it)."""

    USUAL = auto()
    LATE = auto()
    FULL = auto()


class SignalBoard:
    """What is known of the guarded sources, for this process; kept by the worker that watches them."""

    def __init__(self) -> None:
        self.current: Signals = {}


class Nudge:
    """Wakes the workers of this process at once; other replicas find the work by their own polling."""

    def __init__(self) -> None:
        self.wakes = asyncio.Event()
        self.sends = asyncio.Event()
        self.notices = asyncio.Event()
        self.pictures = asyncio.Event()


class Engine:
    """Admission of alerts and application of events."""

    def __init__(
        self,
        admission: Admission,
        incidents: Incidents,
        rules: Rules,
        clock: Clock,
        nudge: Nudge,
        vetting: Vetting,
        storms: Storms,
        neighbours: Neighbours,
        homing: Homing | None = None,
    ) -> None:
        self.signals = SignalBoard()
        self._homing = homing
        self._vetting, self._gathering, self._neighbours = vetting, Gathering(admission, storms, incidents, clock), neighbours
        self._admission = admission
        self._incidents = incidents
        self._rules = rules
        self._clock = clock
        self._nudge = nudge
        self._grouping = Grouping(rules.current, clock)
        self._seen_rules: set[tuple[str, str]] = set()
        self._trails = incidents.trails if traces.is_on() else None

    async def admit(self, source: str, webhook: Webhook, digest: bytes = b"", *, trust: Trust = Trust.USUAL) -> Report:
        """Merge one webhook's alerts into incidents; returns after the store has synced it. `digest` names source and body for `admit_again`.

        Raises StoreUnavailableError: nothing may be promised, the sender must come again.
        """
        grouping = self._grouping_now()
        aside = 0 if trust is Trust.FULL else await self._vetting.part(self._rules.current, source, webhook, is_late=trust is Trust.LATE)
        pieces, bad = grouping.split(source, webhook)
        report = Report(accepted=len(webhook.alerts) + aside - len(bad), dead_lettered=len(bad) + len(webhook.bad))
        webhook.bad.extend(bad)
        report.reasons = [f"alert {b.index}: {b.reason}" for b in webhook.bad][:20]
        if self._trails is not None:
            await self._trails.leave(piece.group.key for piece in pieces)
        pieces = await self._merge(source, pieces, report)
        if digest and not webhook.bad and not aside:
            grouping.repeats.remember(digest, pieces)
        return report

    async def _merge(self, source: str, pieces: Sequence[Piece], report: Report) -> list[Piece]:
        """Until the store has all of them, and where they live: it asks for more where this process is wrong about what it knows."""
        merged_pieces: list[Piece] = []
        waiting = await self._homing.sort(pieces) if self._homing else pieces
        for turn in range(MOST_QUESTIONS):
            missed: list[Piece] = []
            futures = [self._admission.submit(piece.item(in_full=turn > 0)) for piece in waiting]
            for piece, merged in zip(waiting, await _all(futures), strict=True):
                is_over = merged.is_over
                if is_over:
                    merged = await self._admission.submit(piece.overflown(self._admission.beside(piece.group.key, piece.overflow)))
                    metrics.overflowed.labels(source=source).inc(merged.changed)
                if merged.is_miss:
                    missed.append(piece)
                    continue
                piece.confirm(is_overflown=is_over)
                self._count(report, merged)
                merged_pieces.append(piece)
            if not missed:
                return merged_pieces
            waiting = await self._homing.sort(missed, is_afresh=True) if self._homing else missed
        raise StoreUnavailableError("the store asked for the same alerts again and again")

    async def tell(self, name: str, labels: Mapping[str, str], annotations: Mapping[str, str], severity: Severity = Severity.CRITICAL) -> None:
        """What the product itself has to say is an alert like any other: grouped, routed, acknowledged. Raises as `admit` does."""
        held = {"alertname": name, "severity": severity.value, **labels}
        await self.admit(OWN_SOURCE, own_webhook(held, annotations, since=self._clock.now()))

    async def admit_again(self, digest: bytes) -> Report | None:
        """Merge a body that came before, byte for byte; None when it must be parsed (unknown, changed since, or the store wants more).

        Durable like `admit`: the store compares every signature and counts the repeat. Raises StoreUnavailableError.
        """
        items = self._grouping_now().recall(digest)
        if items is None:
            return None
        report = Report(accepted=sum(len(item.flags) for item in items))
        for merged in await _all([self._admission.submit(item) for item in items]):
            if merged.is_miss:
                return None
            self._count(report, merged)
        return report

    def _grouping_now(self) -> Grouping:
        if self._grouping.rules is not self._rules.current:
            self._grouping = Grouping(self._rules.current, self._clock)
        return self._grouping

    def _count(self, report: Report, merged: Merged) -> None:
        report.opened += merged.opened
        report.transitions += merged.changed
        if merged.resolved_unknown:
            metrics.resolved_unknown.inc(merged.resolved_unknown)
        if merged.is_due:
            self._nudge.wakes.set()

    async def apply(self, incident_id: IncidentId, event: Event) -> Plan:
        """Let one event change one incident; retried when somebody else was faster."""
        for _ in range(COMMIT_ATTEMPTS):
            incident = await self._incidents.load(incident_id)
            (told,) = await self._informed(event, [incident])
            now = self._clock.now()
            plan = self._decide(incident, told, now, *await self._parents([incident]))
            plan = await self._gathering.join(plan, self._rules.current)
            if plan.next is incident:  # nothing to write: it is as it was
                self._told(plan)
                return plan
            with _committing([plan]):
                version = await self._incidents.commit(plan, now, is_woken=isinstance(event, Woke))
            if version >= 0:
                self._told(plan)
                await self._rouse([plan])
                await self._gathering.follow(plan, self.apply)
                return replace(plan, next=replace(plan.next, version=version))
        raise CommitConflictError(f"{incident_id} changed {COMMIT_ATTEMPTS} times while we decided")

    async def apply_to_all(self, incident_ids: Sequence[IncidentId], event: Event) -> None:
        """Let one event change many incidents, in two trips to the store. One that is gone is left out, one that
        somebody else changed meanwhile is decided again. Raises what `apply` raises.
        """
        loaded = await self._incidents.load_many(incident_ids)
        for incident_id in [one for one, incident in zip(incident_ids, loaded, strict=True) if incident is None]:
            log.warning("incident is gone", incident=incident_id)
        found = [incident for incident in loaded if incident is not None]
        events = await self._informed(event, found)
        now, parents = self._clock.now(), await self._parents(found)
        plans = [self._decide(one, told, now, parent) for one, told, parent in zip(found, events, parents, strict=True)]
        plans = [await self._gathering.join(plan, self._rules.current) for plan in plans]
        with _committing(plans):
            versions = await self._incidents.commit_many(plans, now, is_woken=isinstance(event, Woke)) if plans else []
        done = [plan for plan, version in zip(plans, versions, strict=True) if version >= 0]
        for plan in done:
            self._told(plan)
        await self._rouse(done)
        for plan in done:
            await self._gathering.follow(plan, self.apply)
        for plan, version in zip(plans, versions, strict=True):
            if version < 0:
                await self.apply(plan.next.id, event)

    async def _around(self, incidents: Sequence[Incident]) -> Mapping[IncidentId, Around]:
        """What stands around each of them, where the catalogue says that it may matter."""
        now, rules = self._clock.now(), self._rules.current
        wanted = {one.id: found for one in incidents if (found := near(one, rules, now)) != _NOBODY}
        return await self._neighbours.around(wanted) if wanted else {}

    async def _rouse(self, plans: Sequence[Plan]) -> None:
        touched = dict.fromkeys(each for plan in plans for each in plan.touches)
        if touched:
            await self._neighbours.rouse(tuple(touched), self._clock.now())
            self._nudge.wakes.set()

    async def _parents(self, incidents: Sequence[Incident]) -> list[str]:
        """The traces that decisions about these belong to; empty where nobody traces, or inside a step that has one itself."""
        if self._trails is None or traces.current():
            return [""] * len(incidents)
        return await self._trails.of([incident.group_key for incident in incidents])

    def _decide(self, incident: Incident, event: Event, now: datetime, parent: str) -> Plan:
        """Decide; where somebody traces, what changes something is a step, and what follows belongs to it."""
        with traces.span("decide", parent=parent, incident=incident.id, event=type(event).__name__) as span:
            plan = decide(incident, event, self._rules.current, now)
            span.note(reason=plan.reason.value, state=plan.next.state.value, notifications=len(plan.notifications))
            if not plan.is_change:
                span.drop()
            return replace(plan, trace=span.trace) if span.trace else plan

    async def _informed(self, event: Event, incidents: Sequence[Incident]) -> list[Event]:
        """The event for each of them, with what only the store and this process know."""
        if not isinstance(event, Woke):
            return [event] * len(incidents)
        woke = Woke(signals=self.signals.current)
        told, seen, began = await asyncio.gather(
            self._gathering.inform(woke, incidents, self._rules.current), self._around(incidents), self._incidents.began(incidents)
        )
        return [replace(told, around=seen.get(one.id, {}), began=began.get(one.id, ())) for one in incidents]

    def _told(self, plan: Plan) -> None:
        metrics.transitions.labels(reason=plan.reason.value).inc()
        self._measured(plan)
        if plan.is_change:
            with traces.within(plan.trace):
                log.info("incident changed", incident=plan.next.id, reason=plan.reason.value, state=plan.next.state.value, by=plan.by)
        if plan.notifications:
            (self._nudge.pictures if plan.reason is Reason.PICTURED else self._nudge.sends).set()
        if plan.next.route and plan.next.route.customers:
            self._nudge.notices.set()

    def _measured(self, plan: Plan) -> None:
        found, incident = measure(plan), plan.next
        if found.acknowledged_in is not None:
            metrics.acknowledged_seconds.labels(severity=incident.severity.value).observe(found.acknowledged_in.total_seconds())
        if found.resolved_in is not None:
            metrics.resolved_seconds.labels(severity=incident.severity.value).observe(found.resolved_in.total_seconds())
        if found.is_hold:
            metrics.recoveries_held.inc()
        if found.is_begin or found.is_return:
            rule = self._counted_rule(incident)
            if found.is_begin:
                metrics.begun.labels(*rule).inc()
            if found.is_return:
                metrics.returned.labels(*rule).inc()

    def _counted_rule(self, incident: Incident) -> tuple[str, str]:
        rule = (incident.lead.name if incident.lead else "", incident.route.route_id if incident.route else "")
        if rule not in self._seen_rules and len(self._seen_rules) >= metrics.MOST_RULES:
            return "other", "other"  # whoever sends alerts must not make up label values without end
        self._seen_rules.add(rule)
        return rule


@contextlib.contextmanager
def _committing(plans: Sequence[Plan]) -> Iterator[None]:
    """One trip writes them all; each is told of it in its own trace."""
    with contextlib.ExitStack() as steps:
        for plan in plans:
            if plan.trace:
                steps.enter_context(traces.span("commit", parent=plan.trace, incident=plan.next.id, together=len(plans)))
        yield


async def _all(futures: "list[asyncio.Future[Merged]]") -> list[Merged]:
    """Wait for every one before the first failure is raised, so that none is forgotten."""
    merged: list[Merged] = []
    fault: StoreUnavailableError | None = None
    for future in futures:
        try:
            merged.append(await future)
        except StoreUnavailableError as one:
            fault = one
    if fault:
        raise fault
    return merged
