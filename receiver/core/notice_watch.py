"""What time and the incidents bring: the hold, unanswered drafts, promises, what to suggest, the end. Pure; called by `core.notice_decide`.

Nothing here overrides a person: it asks, reminds and suggests. Only a holding notice may go out by itself, where the rules say so.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from receiver.core.notice import Phase
from receiver.core.notice_approval import look, missing
from receiver.core.notice_delivery import CARD, call, expire
from receiver.core.notice_draft import is_fault, make_draft, reopen, turn
from receiver.core.notice_event import HOUSE, Turned
from receiver.core.notice_plan import Confirmation, NoticePlan, NoticeReason, World, stay
from receiver.core.notice_publish import publish, publish_holding
from receiver.core.notice_record import Notice, Stage, Suggestion

LOOK_AGAIN = timedelta(seconds=30)
NUDGES = (timedelta(minutes=5), timedelta(minutes=10))
AFTERCARE = timedelta(minutes=30)
LONG = timedelta(hours=2)
SOONEST = timedelta(minutes=5)  # a promise nearer than this would be broken by saying it
_CALM = (Phase.MONITORING, Phase.RESOLVED)


def wake(notice: Notice, world: World) -> NoticePlan:
    """The first thing that is due; what else is due follows at once."""
    for step in _STEPS:
        plan = step(notice, world)
        if plan is not None:
            return plan
    return stay(notice, NoticeReason.NOTHING_TO_DO)


def next_wake(notice: Notice, world: World) -> datetime | None:
    """When this notice must be looked at again."""
    times = [d.look_at for d in notice.deliveries.values() if d.look_at]
    if notice.stage in (Stage.HELD, Stage.OPEN):
        times += [at for at in _moments(notice, world) if at]
    return min(times, default=None)


def _moments(notice: Notice, world: World) -> Iterator[datetime | None]:
    now, rules, draft = world.now, world.rules, notice.draft
    if notice.stage is Stage.HELD:
        yield notice.hold_until if notice.hold_until and notice.hold_until > now else now + LOOK_AGAIN
        return
    if notice.incidents and is_fault(notice):
        yield now + LOOK_AGAIN
    if draft:
        yield draft.publish_at
        if draft.next_update_at and not draft.publish_at and not draft.corrects:
            yield draft.next_update_at - SOONEST
        if draft.publish_at is None and draft.nudged < len(NUDGES):
            yield draft.proposed_at + NUDGES[draft.nudged]
        if draft.publish_at is None and rules.holding_after and not notice.is_published:
            yield max(draft.proposed_at + rules.holding_after, now + LOOK_AGAIN)
    if notice.next_update_at and notice.reminded < len(_promises(notice, world)):
        yield _promises(notice, world)[notice.reminded][0]
    if notice.phase and notice.phase.is_over and notice.said_at:
        yield notice.said_at + AFTERCARE


def _expire(notice: Notice, world: World) -> NoticePlan | None:
    return expire(notice, world)


def _held(notice: Notice, world: World) -> NoticePlan | None:
    if notice.stage is not Stage.HELD:
        return None
    reason = _why_held(notice, world)
    if reason is NoticeReason.OVER_BEFORE_HOLD:
        return NoticePlan(before=notice, next=replace(notice, stage=Stage.DROPPED), reason=reason)
    if reason is not None:
        return NoticePlan(before=notice, next=replace(notice, waits_for="" if reason is NoticeReason.HELD else reason.value), reason=reason)
    facts = world.facts
    affected = tuple(name for name in notice.components if name in facts.impacts)  # one about everything lets go of what nothing is wrong with
    components = affected or notice.components
    opened = replace(notice, stage=Stage.OPEN, components=components, firing=facts.firing, waits_for="", causes=facts.causes, cries=facts.cries)
    impact = max(facts.impacts.values(), key=lambda i: i.rank, default=None)
    return NoticePlan(before=notice, next=replace(opened, draft=make_draft(opened, notice.starter, world, impact=impact)), reason=NoticeReason.DRAFTED)


def _why_held(notice: Notice, world: World) -> NoticeReason | None:
    facts = world.facts
    if not facts.firing:
        return NoticeReason.OVER_BEFORE_HOLD
    if notice.hold_until and world.now < notice.hold_until:
        return NoticeReason.HELD
    if facts.is_muted:
        return NoticeReason.MUTED
    if facts.is_flapping:
        return NoticeReason.FLAPPING
    if facts.is_signal_lost:
        return NoticeReason.NO_WATCHDOG
    return NoticeReason.NOT_CONFIRMED if facts.confirmation in (Confirmation.GONE, Confirmation.UNSURE) else None


def _publish(notice: Notice, world: World) -> NoticePlan | None:
    draft = notice.draft
    return publish(notice, world) if draft and draft.publish_at and draft.publish_at <= world.now else None


def _agree_alone(notice: Notice, world: World) -> NoticePlan | None:
    """A row that asks nobody: it still waits for the time to take it back."""
    draft = notice.draft
    if draft is None or draft.publish_at or draft.is_edited or look(draft, world) or missing(notice, draft, world, ()) is not None:
        return None
    going = replace(notice, draft=replace(draft, publish_at=world.now + world.rules.undo))
    return NoticePlan(before=notice, next=going, reason=NoticeReason.APPROVED_ENOUGH, by="rules", text=draft.revision)


def _retime(notice: Notice, world: World) -> NoticePlan | None:
    """A draft that waited too long would promise what is over: it promises anew, and whoever had agreed looks again."""
    draft = notice.draft
    if draft is None or draft.publish_at or draft.next_update_at is None or draft.corrects or draft.next_update_at > world.now + SOONEST:
        return None
    span = draft.next_update_at - draft.proposed_at
    plan = turn(notice, Turned(actor=HOUSE, next_in=max(span, SOONEST * 2)), world)
    if plan.next.draft is None or plan.reason is not NoticeReason.TURNED:
        return None
    kept = replace(plan.next.draft, proposed_at=draft.proposed_at, nudged=draft.nudged)
    after = replace(plan.next, draft=kept, rhythm=notice.rhythm)
    return NoticePlan(before=notice, next=call(after, "voided", world.now) if draft.approvals else after, reason=NoticeReason.RETIMED, by=HOUSE.id)


def _nudge(notice: Notice, world: World) -> NoticePlan | None:
    """Drafts never expire silently: the topic hears of it, then the lead, then perhaps customers that we are looking."""
    draft = notice.draft
    if draft is None or draft.publish_at:
        return None
    after = world.rules.holding_after
    if after and not notice.is_published and world.now >= draft.proposed_at + after and (held := publish_holding(notice, world)):
        return held
    if draft.nudged >= len(NUDGES) or world.now < draft.proposed_at + NUDGES[draft.nudged]:
        return None
    about = ("undecided", "undecided_lead")[draft.nudged]
    nudged = call(replace(notice, draft=replace(draft, nudged=draft.nudged + 1)), about, world.now)
    return NoticePlan(before=notice, next=nudged, reason=NoticeReason.NUDGED, text=about)


def _promises(notice: Notice, world: World) -> tuple[tuple[datetime, str], ...]:
    at = notice.next_update_at or world.now
    return ((at - world.rules.remind_before, "soon"), (at, "due"), (at + world.rules.remind_late, "late"))


def _remind(notice: Notice, world: World) -> NoticePlan | None:
    """Counted from the time we promised; reset when anything is published."""
    if notice.next_update_at is None or notice.stage is not Stage.OPEN or (notice.draft and notice.draft.publish_at):
        return None
    passed = [about for at, about in _promises(notice, world) if at <= world.now]
    if len(passed) <= notice.reminded:
        return None
    told = call(replace(notice, reminded=len(passed)), passed[-1], world.now)
    if not notice.is_long and world.now - notice.updates[0].at >= LONG:
        told = call(replace(told, is_long=True), "long", world.now)
    return NoticePlan(before=notice, next=told, reason=NoticeReason.REMINDED, text=passed[-1])


def _follow(notice: Notice, world: World) -> NoticePlan | None:
    """The incidents as they are now: what to suggest, and whether there is proof."""
    if notice.stage is not Stage.OPEN or not is_fault(notice) or not notice.incidents:
        return None
    facts, seen = world.facts, replace(notice, firing=world.facts.firing)
    if facts.firing:
        return _still(notice, replace(seen, doubt="", calm_at=None), world)
    if facts.doubt:
        doubted = replace(seen, calm_at=None, doubt=facts.doubt, suggestion=Suggestion.NO_PROOF if notice.is_published else Suggestion.NONE)
        return _if_other(notice, doubted, NoticeReason.NO_PROOF, facts.doubt)
    calm_at = notice.calm_at or facts.ended_at or world.now
    calm = replace(seen, doubt="", calm_at=calm_at)
    if not notice.is_published or notice.phase is None or notice.phase.is_over:
        return _if_other(notice, calm, NoticeReason.COUNTED, "all over")
    ready = world.now >= calm_at + world.rules.quiet_for(notice.worst)
    wanted = Suggestion.RESOLVED if ready else Suggestion.MONITORING if notice.phase is not Phase.MONITORING else Suggestion.NONE
    return _if_other(notice, replace(calm, suggestion=wanted), NoticeReason.SUGGESTED, wanted.value)


def _still(notice: Notice, seen: Notice, world: World) -> NoticePlan | None:
    was_calm = notice.calm_at is not None or notice.phase in _CALM or bool(notice.doubt)
    came_back = notice.is_published and was_calm and not notice.firing
    if came_back and notice.phase in _CALM and notice.suggestion is not Suggestion.RETURNED:
        return NoticePlan(before=notice, next=reopen(seen, world), reason=NoticeReason.RETURNED)
    ended = seen.suggestion in (Suggestion.MONITORING, Suggestion.RESOLVED, Suggestion.NO_PROOF)
    return _if_other(notice, replace(seen, suggestion=Suggestion.NONE) if ended else seen, NoticeReason.COUNTED, str(seen.firing))


def _if_other(before: Notice, after: Notice, reason: NoticeReason, text: str) -> NoticePlan | None:
    return NoticePlan(before=before, next=after, reason=reason, text=text) if after != before else None


def _close(notice: Notice, world: World) -> NoticePlan | None:
    """Some time after the end it lets go of its components; until then a return reopens it."""
    if notice.stage is not Stage.OPEN or notice.draft or not notice.phase or not notice.phase.is_over or not notice.said_at:
        return None
    if world.now < notice.said_at + AFTERCARE or notice.firing:
        return None
    return NoticePlan(before=notice, next=replace(notice, stage=Stage.OVER), reason=NoticeReason.CLOSED)


_STEPS: tuple[Callable[[Notice, World], NoticePlan | None], ...] = (
    _expire, _held, _publish, _follow, _retime, _agree_alone, _nudge, _remind, _close,
)  # fmt: skip
__all__ = ["CARD", "next_wake", "wake"]
