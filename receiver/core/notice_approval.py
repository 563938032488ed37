"""Who must agree before customers read it, and what happens once enough people have. Pure; called by `core.notice_decide`.

Approvals are bound to the revision: whatever changes the text, the phase, the impact, the channels or the promise makes them void. The last
editor never decides alone, and a program's token never is the one that completes a pair.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from receiver.core.lint import Remark, is_sensitive, lint
from receiver.core.notice import Impact, Phase
from receiver.core.notice_delivery import call, stop_waiting
from receiver.core.notice_event import Actor, Approved, BrokeGlass, Stopped
from receiver.core.notice_plan import NoticePlan, NoticeReason, World, stay
from receiver.core.notice_record import Approval, Draft, Notice, Passage
from receiver.core.notice_rules import ApprovalRule
from receiver.core.notice_text import HOLDING, PHRASES

LEAD = "comms_lead"
LEADS = frozenset({LEAD, "admin"})
DEFAULTS = (
    ApprovalRule(text="holding", needed=1),
    ApprovalRule(text="template-unedited", impacts=frozenset({Impact.DEGRADED_PERFORMANCE}), needed=1),
    ApprovalRule(text="phrase", needed=1),
    ApprovalRule(phases=frozenset({Phase.RESOLVED, Phase.COMPLETED}), needed=1),
    ApprovalRule(needed=2),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """How many must agree, and of which role one of them; `why` names what raised it."""

    count: int
    role: str = ""
    why: tuple[str, ...] = ()


def kind_of(notice: Notice, draft: Draft) -> str:
    """What the draft is to the rules: a holding notice, a phrase that makes nothing worse, another template, or a person's text."""
    if draft.is_edited:
        return "edited"
    if draft.origin == HOLDING:
        return "holding"
    if draft.origin in PHRASES and draft.phase is not Phase.POSTMORTEM:
        same = set(draft.impacts) <= set(notice.impacts) if notice.is_published else False
        worse = any(impact.rank > notice.impacts.get(name, Impact.OPERATIONAL).rank for name, impact in draft.impacts.items())
        return "phrase" if same and not worse else "template-unedited"
    return "template-unedited"


def need(notice: Notice, draft: Draft, world: World, remarks: tuple[Remark, ...]) -> Need:
    """The first row that fits, then what no row may lower."""
    kind = kind_of(notice, draft)
    row = next((rule for rule in (*world.rules.approval, *DEFAULTS) if _fits(rule, kind, draft)), DEFAULTS[-1])
    count, role, why = row.needed, row.role, list[str]()
    if draft.phase is Phase.RESOLVED and (world.facts.firing or world.facts.doubt):
        count, why = max(count, 2), [*why, "still_firing"]
    if _is_over_cap(notice, world):
        count, why = max(count, 2), [*why, "many_updates"]
    if world.facts.said + sum(world.facts.recipients.get(name, 0) for name in draft.channels) > world.rules.most_messages_an_hour:
        count, why = max(count, 2), [*why, "many_messages"]
    if remarks:
        count, why = max(count, 1) + 1, [*why, "warnings"]
    if draft.is_edited:
        count = max(count, 1)
    if is_sensitive(draft, world.rules):
        count, role, why = max(count, 1), LEAD, [*why, "sensitive"]
    return Need(count=1, role=role, why=("glass",)) if draft.glass_broken else Need(count=count, role=role, why=tuple(why))


def look(draft: Draft, world: World) -> tuple[Remark, ...]:
    """What the lint says of a draft in this world."""
    return lint(draft, world.rules, world.facts.secrets, world.facts.firing)


def approve(notice: Notice, event: Approved, world: World) -> NoticePlan:
    """One more person agrees; with the last one it goes out after the time to take it back."""
    draft, actor = notice.draft, event.actor
    if draft is None or draft.publish_at is not None:
        return stay(notice, NoticeReason.TOO_LATE if draft else NoticeReason.NOTHING_TO_DO, by=actor.id)
    if not event.revision or not draft.revision.startswith(event.revision):
        return stay(notice, NoticeReason.STALE_REVISION, by=actor.id)
    remarks = look(draft, world)
    if any(remark.is_block for remark in remarks):
        return stay(notice, NoticeReason.LINT_BLOCKS, by=actor.id, remarks=remarks)
    if remarks and not draft.ticked_by:
        return stay(notice, NoticeReason.NEEDS_TICK, by=actor.id, remarks=remarks)
    if "still_firing" in need(notice, draft, world, remarks).why and not draft.end_reason:
        return stay(notice, NoticeReason.NEEDS_REASON, by=actor.id, remarks=remarks)
    if any(approval.by == actor.id for approval in draft.approvals):
        return stay(notice, NoticeReason.ALREADY_APPROVED, by=actor.id)
    agreed = replace(draft, approvals=(*draft.approvals, _approval(actor, world)))
    enough = missing(notice, agreed, world, remarks)
    if enough is NoticeReason.NEEDS_PERSON or (enough is None and not actor.may_publish):
        return stay(notice, NoticeReason.NEEDS_PERSON, by=actor.id)
    if enough is not None:
        return NoticePlan(before=notice, next=replace(notice, draft=agreed), reason=NoticeReason.APPROVED, by=actor.id, text=draft.revision)
    return _go(notice, agreed, world, actor, NoticeReason.APPROVED_ENOUGH)


def missing(notice: Notice, draft: Draft, world: World, remarks: tuple[Remark, ...]) -> NoticeReason | None:
    """What still stands between this draft and customers; none when it may go."""
    wanted = need(notice, draft, world, remarks)
    given = draft.approvals
    if wanted.count > 1 and given and not given[-1].is_person and len(given) >= 2:
        return NoticeReason.NEEDS_PERSON
    if wanted.role and not any(wanted.role in approval.roles for approval in given):
        return NoticeReason.NEEDS_ROLE
    editor = draft.editors[-1] if draft.editors else ""
    if len(given) < wanted.count or (editor and not draft.glass_broken and not any(a.by != editor for a in given)):
        return NoticeReason.NEEDS_ANOTHER
    return None


def break_glass(notice: Notice, event: BrokeGlass, world: World) -> NoticePlan:
    """A lead alone, with a reason everybody hears. What the lint blocks stays blocked."""
    draft, actor = notice.draft, event.actor
    if draft is None or not draft.revision.startswith(event.revision):
        return stay(notice, NoticeReason.STALE_REVISION, by=actor.id)
    if not actor.is_person or LEADS.isdisjoint(actor.roles):
        return stay(notice, NoticeReason.NEEDS_ROLE, by=actor.id)
    if not event.why.strip():
        return stay(notice, NoticeReason.NEEDS_REASON, by=actor.id)
    remarks = look(draft, world)
    if any(remark.is_block for remark in remarks):
        return stay(notice, NoticeReason.LINT_BLOCKS, by=actor.id, remarks=remarks)
    broken = replace(draft, glass_broken=event.why.strip(), approvals=(*draft.approvals, _approval(actor, world)))
    if is_sensitive(draft, world.rules) and LEAD not in actor.roles:
        return stay(notice, NoticeReason.NEEDS_ROLE, by=actor.id)
    plan = _go(notice, broken, world, actor, NoticeReason.GLASS_BROKEN)
    told = call(plan.next, "glass", world.now, who=actor.name, why=event.why.strip())
    return replace(plan, next=told, text=event.why.strip())


def stop(notice: Notice, event: Stopped, world: World) -> NoticePlan:
    """Before it goes: the draft is there again. After: what has not begun, such as delayed mail, is taken back."""
    draft = notice.draft
    if draft is not None and draft.publish_at is not None:
        held = replace(notice, draft=replace(draft, publish_at=None, approvals=(), glass_broken=""))
        return NoticePlan(before=notice, next=held, reason=NoticeReason.STOPPED, by=event.actor.id)
    stopped, count = stop_waiting(notice, world.now)
    if not count:
        return stay(notice, NoticeReason.TOO_LATE, by=event.actor.id)
    return NoticePlan(before=notice, next=stopped, reason=NoticeReason.STOPPED, by=event.actor.id, text=str(count))


def can_stop(notice: Notice) -> bool:
    """True while something can still be taken back."""
    return bool(notice.draft and notice.draft.publish_at) or any(d.state is Passage.DUE and d.update and not d.attempts for d in notice.deliveries.values())


def _go(notice: Notice, draft: Draft, world: World, actor: Actor, reason: NoticeReason) -> NoticePlan:
    going = replace(draft, publish_at=world.now + world.rules.undo)
    return NoticePlan(before=notice, next=replace(notice, draft=going), reason=reason, by=actor.id, text=draft.revision)


def _approval(actor: Actor, world: World) -> Approval:
    return Approval(by=actor.id, name=actor.name, at=world.now, roles=tuple(sorted(actor.roles)), is_person=actor.is_person)


def _fits(rule: ApprovalRule, kind: str, draft: Draft) -> bool:
    unedited = kind != "edited" and rule.text == "template-unedited"
    return (
        (not rule.text or rule.text == kind or unedited)
        and (not rule.impacts or draft.impact in rule.impacts)
        and (not rule.components or not rule.components.isdisjoint(draft.impacts))
        and (not rule.phases or draft.phase in rule.phases)
    )


def _is_over_cap(notice: Notice, world: World) -> bool:
    recent = [update for update in notice.updates if update.at > world.now - timedelta(hours=1)]
    return len(recent) >= world.rules.most_updates_an_hour
