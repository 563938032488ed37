"""Joins incidents to a storm, keeps it informed of them, and passes on what was done to it. Called by `engine` around each commit.

A member reaches its storm before it is committed as told: a crash in between joins it again, and never loses a page. Everything here is
merged by admission, so any number of replicas may do it at once.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import msgspec

from receiver.clock import Clock
from receiver.core.alert import spell
from receiver.core.errors import ReceiverError, StoreUnavailableError
from receiver.core.event import Event, Gathered, Woke
from receiver.core.incident import STORM, Incident, IncidentId, State
from receiver.core.instant import from_datetime
from receiver.core.plan import Plan
from receiver.core.rulebook import Noise, RuleBook
from receiver.core.storm import GATHER, GROUP_KEY, TAKEN_APART, first_document, member_facts, member_id
from receiver.store.admission import Admission, Item
from receiver.store.incidents import NO_VARIANT, Incidents, encode_document, payload, payload_head
from receiver.store.storms import Storms
from receiver.telemetry.logs import get_logger

_NO_END = "0" * 18
log = get_logger(__name__)


class Gathering:
    """The storms of one store."""

    def __init__(self, admission: Admission, storms: Storms, incidents: Incidents, clock: Clock) -> None:
        self._admission, self._storms, self._incidents, self._clock = admission, storms, incidents, clock

    async def inform(self, event: Woke, incidents: Sequence[Incident], rules: RuleBook) -> Woke:
        """The event with what is going on around these, where one of them may be about to be told."""
        if not any(may_join(one) for one in incidents):
            return event
        seen = await self._storms.look(self._clock.now() - rules.noise.storm_within)
        return informed(event, seen.opened, seen.storm)

    async def join(self, plan: Plan, rules: RuleBook) -> Plan:
        """The storm has this one now; the plan with the storm's id. A storm that begins takes those with it that were told just before."""
        if not plan.joins:
            return plan
        within, now = rules.noise.storm_within, self._clock.now()
        before = await self._storms.current()
        await self._admission.submit(pack(plan.next, first_document(plan.next, within, now)))
        digest = await self._storms.current()
        told = await self._incidents.load_many(may_be_told(await self._storms.opened_since(now - within), rules.noise)) if digest != before else []
        return joined(plan, digest, [one for one in told if one is not None])

    async def follow(self, plan: Plan, apply: Callable[[IncidentId, Event], Awaitable[Plan]]) -> None:
        """After a commit: the storm learns what became of a member, and members what was done to their storm."""
        if has_news(plan.before, plan.next):
            await self._project(plan.next)
        for member, event in plan.spread:
            try:
                changed = await apply(member, event)
            except StoreUnavailableError:
                raise
            except ReceiverError as fault:  # gone, or changed again and again: it goes on by itself until the storm looks again
                log.warning("a storm does not reach one of its incidents", incident=member, error=str(fault))
                continue
            if changed.next.digest and not has_news(changed.before, changed.next):  # the storm has it wrong: say it again
                await self._project(changed.next)

    async def _project(self, member: Incident) -> None:
        digest = await self._storms.current()
        if digest != member.digest:
            return
        merged = await self._admission.submit(pack(member))
        if not merged.is_miss and not merged.changed:
            await self._storms.wake(digest, self._clock.now())


def may_be_told(opened: Sequence[IncidentId], noise: Noise) -> Sequence[IncidentId]:
    """Those among which whoever was told one by one before the storm is found; `opened` within its span, oldest first.

    When the last of them was told there were not enough for a storm yet: all of them are among the first.
    """
    return opened[: noise.storm_incidents]


def may_join(incident: Incident) -> bool:
    """True when the next wake-up may tell people of it for the first time, or again."""
    return not incident.is_crowd and (incident.announced_at is None or (incident.state is State.RESOLVED and incident.is_firing))


def informed(event: Woke, opened: int, storm: Incident | None) -> Woke:
    """The event with what is going on around an incident."""
    state = "" if storm is None else TAKEN_APART if storm.end_reason == TAKEN_APART and not storm.is_open else storm.state.value
    return replace(event, opened=opened, storm=state)


def joined(plan: Plan, digest: IncidentId, told: Sequence[Incident]) -> Plan:
    """The plan of a member that its storm has; `told` were told one by one before anybody knew that it is a storm."""
    there = (one for one in told if one.is_open and one.announced_at and not one.digest and not one.is_crowd and one.id != plan.next.id)
    spread = tuple((one.id, Gathered(digest=digest)) for one in there)
    return replace(plan, next=replace(plan.next, digest=digest), text=digest, spread=spread)


def has_news(before: Incident, after: Incident) -> bool:
    """True when the storm of a member must learn of this change."""
    if not after.digest or (after.is_silent and not before.is_silent):  # it has just joined, with all that is known
        return False
    return _what_counts(before) != _what_counts(after)


def pack(member: Incident, document: Incident | None = None) -> Item:
    """A member as admission takes it. Without a document nothing is opened: a storm that is over stays over."""
    labels, notes = member_facts(member)
    letter = "F" if member.is_open else "R"
    end = _NO_END if member.is_open else f"{from_datetime(member.resolved_at or member.opened_at):018d}"
    content = payload(payload_head(member.severity), spell(STORM, labels), msgspec.json.encode(notes))
    return Item(
        group_key=GROUP_KEY,
        truncated=0,
        blob=f"{member_id(member.id)}{NO_VARIANT}{letter}{from_datetime(member.opened_at):018d}{end}",
        flags="2" if member.is_open else "0",
        payloads=[content] if member.is_open else [],
        document=encode_document(document) if document else b"",
        wait=int(GATHER / timedelta(milliseconds=1)),
    )


def _what_counts(member: Incident) -> tuple[object, ...]:
    return member.state, member.severity, member.is_paused, member.digest
