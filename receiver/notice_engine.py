"""The only writer of notices. The chat, the API, the CLI, the workers and time end here: `apply`, `consider` or `open_by_hand`.

Called by `web`, `chat` and `workers`; calls `core.notice_decide` and the store. The facts a decision needs are gathered here from the linked
incidents; nothing of an incident is kept in a notice but its id.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from receiver.clock import Clock
from receiver.core.alert import matched_labels
from receiver.core.errors import CommitConflictError, NoticesOffError, UnknownIncidentError, UnknownNoticeError
from receiver.core.incident import Customers, Incident, IncidentId
from receiver.core.lint import Secrets, values_of
from receiver.core.notice import Impact, NoticeId
from receiver.core.notice_decide import decide_notice
from receiver.core.notice_event import HOUSE, Actor, Attached, BrokeGlass, Merged, NoticeEvent, Proposed, Split, TakenIn, Turned, Woke
from receiver.core.notice_offline import join
from receiver.core.notice_plan import QUIET_REASONS, Confirmation, Facts, NoticePlan, NoticeReason, World
from receiver.core.notice_public import project
from receiver.core.notice_record import Cause, Cry, Notice, Stage
from receiver.core.notice_rules import NoticeChannel, NoticeRules
from receiver.core.notice_text import STARTERS, Compose
from receiver.core.notice_wish import causes_of, components_of, confirmed, doubt_of, gives_way, impacts_of, wants
from receiver.core.wolf import LOOKED_BACK, count_cries
from receiver.engine import Nudge, Rules
from receiver.store.incidents import Incidents
from receiver.store.notice_desk import TAKEN, NoticeDesk, new_notice_id
from receiver.telemetry.logs import get_logger

COMMIT_ATTEMPTS = 12
MOST_INCIDENTS = 50
log = get_logger(__name__)

Confirm = Callable[[Sequence[Incident]], Awaitable[frozenset[Confirmation]]]
"""Asks Alertmanager itself whether the alerts of these incidents still fire; a word for every source."""
IsLost = Callable[[str], bool]
"""Whether a source's Watchdog is missing, so that nothing it no longer says means anything."""


class CountsReaders(Protocol):
    """Who would be told."""

    async def count(self, channels: Sequence[NoticeChannel]) -> Mapping[str, int]:
        """Recipients by name of channel."""
        ...

    async def said(self) -> int:
        """Messages to them within the hour."""
        ...


class NoReaders:
    """Where nobody can subscribe."""

    async def count(self, channels: Sequence[NoticeChannel]) -> Mapping[str, int]:
        """Nobody."""
        return {}

    async def said(self) -> int:
        """Nothing."""
        return 0


IsFlapping = Callable[[Incident], bool]
"""Whether an incident comes and goes, so that a word to customers would be wrong a minute later."""
Audit = Callable[[NoticePlan, datetime], Awaitable[None]]
"""Keeps who did what."""


async def unconfirmed(_: Sequence[Incident]) -> frozenset[Confirmation]:
    """For installations that have no Alertmanager to ask."""
    return frozenset()


def flaps(incident: Incident) -> bool:
    """As the incident itself has it."""
    return incident.flaps.is_held


async def unaudited(_plan: NoticePlan, _at: datetime) -> None:
    """The log alone keeps it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Senses:
    """What is asked of others before customers hear anything."""

    confirm: Confirm = unconfirmed
    is_lost: IsLost = lambda _source: False
    is_flapping: IsFlapping = flaps
    audit: Audit = unaudited
    readers: CountsReaders = field(default_factory=NoReaders)


class NoticeEngine:
    """Lets events change notices; raises NoticesOffError where the rules have no notices.yaml."""

    def __init__(self, desk: NoticeDesk, incidents: Incidents, rules: Rules, compose: Compose, clock: Clock, nudge: Nudge) -> None:
        self._desk, self._incidents, self._rules = desk, incidents, rules
        self._compose, self._clock, self._nudge = compose, clock, nudge
        self.senses = Senses()

    @property
    def rules(self) -> NoticeRules:
        """What notices.yaml says now."""
        found = self._rules.current.notices
        if found is None:
            raise NoticesOffError("there is no notices.yaml in the rules: customers are told nothing")
        return found

    async def apply(self, notice_id: str, event: NoticeEvent) -> NoticePlan:
        """Let one event change one notice; retried when somebody else was faster. Raises UnknownNoticeError, CommitConflictError."""
        for _ in range(COMMIT_ATTEMPTS):
            notice = await self._desk.load(notice_id)
            plan = decide_notice(notice, event, await self.world(notice))
            written = await self._write(plan)
            if written is not None:
                return written
        raise CommitConflictError(f"{notice_id} changed {COMMIT_ATTEMPTS} times while we decided")

    async def consider(self, incident_id: IncidentId) -> NoticePlan | None:
        """An incident opened or changed: begin a notice, attach it to the one that covers its component, or let the linked one look again.

        One that is about all that is affected takes the place of drafts that nobody has touched.
        """
        linked = await self._desk.of_incident(incident_id)
        if linked:
            return await self.apply(linked, Woke())
        try:
            incident = await self._incidents.load(incident_id)
        except UnknownIncidentError:
            return None
        wanted = wants(incident, self._rules.current)
        if wanted is None or not incident.is_open or (incident.announced_at is None and not incident.is_part):
            return None
        components, gone = components_of(wanted, self._rules.current), list[Notice]()
        for _ in range(COMMIT_ATTEMPTS):
            notice_id = new_notice_id()
            kept = await self._make_room(notice_id, components, gone, gives_way if len(components) > 1 else lambda _: False)
            free = tuple(name for name in components if name not in kept)
            if not free:
                return await self._attach(kept[components[0]], incident, wanted)
            plan = await self._begin(notice_id, free, incident, wanted, gone)
            if plan:
                return plan
        raise CommitConflictError(f"no notice could be begun for {incident_id}")

    async def open_by_hand(self, components: Sequence[str], key: str, impact: Impact | None = None) -> Notice:
        """A notice on a person's word: offered at once, and one that was still held is offered instead of a second one.

        Raises NoticesOffError, or CommitConflictError when an open one covers a component already.
        """
        now = self._clock.now()
        starter = key if key in STARTERS else "holding"
        notice = Notice(id=new_notice_id(), opened_at=now, started_at=now, stage=Stage.OPEN, components=tuple(components), starter=starter, wake_at=now)
        if await self._desk.commit(notice, None, now) == TAKEN:
            return await self._offer_held(components, starter, now)
        return replace(notice, version=1)

    async def _offer_held(self, components: Sequence[str], starter: str, now: datetime) -> Notice:
        covering = {found for name in components if (found := await self._desk.covering(name))}
        held = await self._desk.load(covering.pop()) if len(covering) == 1 else None
        if held is None or held.stage is not Stage.HELD:
            raise CommitConflictError("another open notice already speaks of this component")
        offered = replace(held, stage=Stage.OPEN, starter=starter, waits_for="", wake_at=now)
        version = await self._desk.commit(offered, None, now)
        if version < 0:
            raise CommitConflictError("somebody was faster")
        return replace(offered, version=version)

    async def merge(self, notice_id: NoticeId, into: NoticeId, actor: Actor) -> NoticePlan:
        """The other notice speaks of everything this one did. Raises UnknownNoticeError for either."""
        other = await self._desk.load(into)
        if not other.is_open:
            raise CommitConflictError(f"{into} is over")
        plan = await self.apply(notice_id, Merged(actor=actor, into=into))
        if plan.reason is NoticeReason.MERGED:
            for incident in plan.before.incidents:
                impact = plan.before.draft.impact if plan.before.draft else Impact.PARTIAL_OUTAGE
                await self.apply(into, Attached(incident=incident, impact=impact, components=plan.before.components))
        return plan

    async def split(self, notice_id: NoticeId, incident: IncidentId, actor: Actor) -> NoticePlan:
        """The incident is looked at by itself again."""
        plan = await self.apply(notice_id, Split(actor=actor, incident=incident))
        if plan.reason is NoticeReason.SPLIT:
            await self.consider(incident)
        return plan

    async def take_in(self, told: Notice) -> NoticePlan | None:
        """What was published while the service was down becomes ours, once, under the id customers know; None when it is ours already.

        A draft about the same component gives way and its incidents come along. Raises CommitConflictError.
        """
        gone = list[Notice]()
        for _ in range(COMMIT_ATTEMPTS):
            held = await self._known(told)
            if join(held, told) is held:
                return None
            speaks = told.components if told.phase and not told.phase.is_over else ()
            kept = await self._make_room(told.id, speaks, gone, lambda other: not other.is_published)
            plan = decide_notice(held, TakenIn(told=told, shares=tuple(kept)), await self.world(held))
            written = await self._write(plan)
            if written is not None:
                for incident in (each for other in gone for each in other.incidents):
                    await self.apply(told.id, Attached(incident=incident, impact=told.worst))
                return written
        raise CommitConflictError(f"{told.id} could not be taken in")

    async def _known(self, told: Notice) -> Notice:
        try:
            return await self._desk.load(told.id)
        except UnknownNoticeError:
            return Notice(id=told.id, opened_at=told.opened_at, started_at=told.started_at, stage=Stage.OPEN, starter=told.starter)

    async def _make_room(self, notice_id: NoticeId, components: Sequence[str], gone: list[Notice], yields: Callable[[Notice], bool]) -> dict[str, NoticeId]:
        """Components that other notices keep, with theirs; those that yield end here and are added to `gone`, as they were."""
        kept = dict[str, NoticeId]()
        for component in components:
            covering = await self._desk.covering(component)
            if covering is None or covering == notice_id:
                continue
            if yields(await self._desk.load(covering)):
                gone.append((await self.apply(covering, Merged(actor=HOUSE, into=notice_id))).before)
            else:
                kept[component] = covering
        return kept

    async def world(self, notice: Notice) -> World:
        """What a decision about this notice looks at now."""
        return World(rules=self.rules, facts=await self._facts(notice), compose=self._compose, now=self._clock.now())

    async def _attach(self, notice_id: NoticeId, incident: Incident, wanted: Customers) -> NoticePlan | None:
        notice = await self._desk.load(notice_id)
        if incident.id in notice.apart:
            return None
        return await self.apply(notice_id, Attached(incident=incident.id, impact=Impact(wanted.impact)))

    async def _begin(
        self, notice_id: NoticeId, components: tuple[str, ...], incident: Incident, wanted: Customers, gone: Sequence[Notice]
    ) -> NoticePlan | None:
        """Held as long as the route asks, less what those that gave way have waited; it began when the first of them did."""
        now = self._clock.now()
        started = min((alert.starts_at for alert in incident.alerts.values() if alert.is_firing), default=incident.opened_at)
        notice = Notice(
            id=notice_id,
            opened_at=now,
            started_at=min(started, now, *(other.started_at for other in gone)),
            hold_until=min((incident.opened_at + wanted.hold, *(other.hold_until for other in gone if other.hold_until))),
            components=components,
            incidents=tuple(dict.fromkeys((incident.id, *(each for other in gone for each in other.incidents)))),
            starter=wanted.text if wanted.text in STARTERS else "errors",
        )
        return await self._write(decide_notice(notice, Woke(), await self.world(notice)), is_new=True)

    async def _write(self, plan: NoticePlan, *, is_new: bool = False) -> NoticePlan | None:
        """None when somebody was faster and it must be decided again."""
        if not plan.is_change and not is_new:
            return plan
        now = self._clock.now()
        version = await self._desk.commit(plan.next, project(plan.next), now)
        if version < 0:
            return None
        if plan.reason not in QUIET_REASONS or plan.next.waits_for != plan.before.waits_for:
            log.info("notice changed", notice=plan.next.id, reason=plan.reason.value, stage=plan.next.stage.value, by=plan.by)
            await self.senses.audit(plan, now)
        if plan.next.wake_at and plan.next.wake_at <= now:
            self._nudge.notices.set()
        return replace(plan, next=replace(plan.next, version=version))

    async def _facts(self, notice: Notice) -> Facts:
        """Everything from the linked incidents; one that is gone from the store says nothing any more."""
        book = self._rules.current
        found = [one for one in await self._incidents.load_many(notice.incidents[:MOST_INCIDENTS]) if one] if notice.incidents else []
        firing = [(incident, alert) for incident in found if incident.is_open for alert in incident.firing]
        live = [incident for incident in found if incident.is_open]
        now = self._clock.now()
        is_lost = any(self.senses.is_lost(alert.source) for incident in found for alert in incident.alerts.values())
        confirmation = await self._confirmation(notice, live, found)
        causes = causes_of(firing) if notice.stage is Stage.HELD else ()
        texts = [text for incident in found for alert in incident.alerts.values() for text in (*alert.labels.values(), *alert.annotations.values())]
        texts += [key for key in book.services if key not in self.rules.components]
        muted = [book.muted_by(matched_labels(alert.labels, alert.severity), now) is not None for _, alert in firing]
        return Facts(
            incidents=len(found),
            firing=len(firing),
            impacts=impacts_of(live or found, book),
            confirmation=confirmation,
            is_muted=bool(muted) and all(muted),
            is_flapping=bool(live) and all(map(self.senses.is_flapping, live)),
            is_signal_lost=is_lost,
            ended_at=max((i.resolved_at for i in found if i.resolved_at), default=None) if not live else None,
            doubt=doubt_of(found, confirmation, is_lost=is_lost) if found and not firing else "",
            recipients=await self._recipients(notice),
            said=await self.senses.readers.said() if notice.draft else 0,
            causes=causes,
            cries=await self._cries(causes) if causes else (),
            secrets=Secrets(values=values_of(texts), people=frozenset(person.name for person in book.people.values())),
        )

    async def _cries(self, causes: Sequence[Cause]) -> tuple[Cry, ...]:
        """What people said of drafts these rules asked for before."""
        since = self._clock.now() - LOOKED_BACK
        return tuple(cry for cry in count_cries(await self._desk.since(since)) if cry.cause in causes)

    async def _recipients(self, notice: Notice) -> Mapping[str, int]:
        """Asked while something is to be decided about."""
        channels = self.rules.channels
        return await self.senses.readers.count([channels[name] for name in notice.draft.channels if name in channels]) if notice.draft else {}

    async def _confirmation(self, notice: Notice, live: Sequence[Incident], found: Sequence[Incident]) -> Confirmation:
        """Asked where something hangs on it: before a card comes, and before an end is suggested."""
        fires = any(incident.is_firing for incident in live)
        if notice.stage is Stage.HELD and fires:
            return confirmed(await self.senses.confirm(live), is_begin=True)
        if notice.stage is Stage.OPEN and notice.is_published and found and not fires:
            return confirmed(await self.senses.confirm(found), is_begin=False)
        return Confirmation.UNKNOWN


def speak_alone(notice: Notice, key: str, impact: Impact | None, actor: Actor, world: World) -> NoticePlan:
    """One text of the house said at once by a lead alone, into a copy without a store; the plan says why when it could not be."""
    drafted = decide_notice(notice, Proposed(actor=actor, key=key), world).next
    if impact:
        drafted = decide_notice(drafted, Turned(actor=actor, impact=impact), world).next
    revision = drafted.draft.revision if drafted.draft else ""
    going = decide_notice(drafted, BrokeGlass(actor=actor, revision=revision, why="the service is down"), world)
    draft = going.next.draft
    return decide_notice(going.next, Woke(), replace(world, now=draft.publish_at)) if draft and draft.publish_at else going


__all__ = ["Audit", "NoticeEngine", "NoticeReason", "Senses", "unaudited", "unconfirmed"]
