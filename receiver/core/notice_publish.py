"""From an agreed draft to a published word; and taking words back. Pure; called by `core.notice_decide`."""

from dataclasses import replace

from receiver.core.lint import Remark, is_sensitive
from receiver.core.notice import Impact, Phase, Update
from receiver.core.notice_approval import look
from receiver.core.notice_delivery import call, heads, posts, resend
from receiver.core.notice_draft import make_draft
from receiver.core.notice_event import HOUSE, Merged, Retracted, Split
from receiver.core.notice_plan import NoticePlan, NoticeReason, World, stay
from receiver.core.notice_record import Draft, Form, Notice, Passage, Stage, Suggestion, next_update_id, public_texts
from receiver.core.notice_rules import ALWAYS_THERE, Translation
from receiver.core.notice_text import HOLDING


def publish(notice: Notice, world: World) -> NoticePlan:
    """The time to take it back is over. The lint has the last word: what it blocks now goes back to the people."""
    draft = notice.draft
    if draft is None:
        return stay(notice, NoticeReason.NOTHING_TO_DO)
    remarks = look(draft, world)
    if any(remark.is_block for remark in remarks):
        held = replace(notice, draft=replace(draft, publish_at=None, approvals=()))
        return NoticePlan(before=notice, next=call(held, "blocked", world.now), reason=NoticeReason.LINT_BLOCKS, remarks=remarks)
    if draft.corrects:
        return _correct(notice, draft, world)
    said = _say(notice, draft, world, remarks)
    by = draft.approvals[-1].by if draft.approvals else HOUSE.id
    return NoticePlan(before=notice, next=replace(said, draft=None), reason=NoticeReason.PUBLISHED, by=by, text=draft.revision)


def publish_holding(notice: Notice, world: World) -> NoticePlan | None:
    """Nobody has decided in time and the rules allow it: customers hear that we know. The draft still waits for people. None when the
    lint objects to anything, or when the draft touches security, law or personal data: of that nothing is said by itself.
    """
    draft = notice.draft
    if draft is None or is_sensitive(draft, world.rules):
        return None
    holding = make_draft(notice, HOLDING, world, impact=min(draft.impact, Impact.PARTIAL_OUTAGE, key=lambda i: i.rank))
    if look(holding, world):
        return None
    said = _say(notice, holding, world, ())
    next_draft = replace(draft, nudged=draft.nudged)
    return NoticePlan(before=notice, next=replace(said, draft=next_draft), reason=NoticeReason.PUBLISHED_HOLDING, by=HOUSE.id, text=holding.revision)


def _say(notice: Notice, draft: Draft, world: World, remarks: tuple[Remark, ...]) -> Notice:
    """The next word, with everything that follows from it. A language that lags behind is left out where the rules say so."""
    texts = public_texts(draft.texts)
    lagging = draft.stale if world.rules.translation is not Translation.REQUIRE_ALL else ()
    texts = {language: text for language, text in texts.items() if language not in lagging} or texts
    word = Update(id=next_update_id(notice), phase=draft.phase, impacts=dict(draft.impacts), texts=texts, at=world.now)
    is_over = draft.phase.is_over
    said = replace(
        notice,
        stage=Stage.OPEN,
        updates=(*notice.updates, word),
        phase=draft.phase,
        impacts={**notice.impacts, **draft.impacts},
        worst=max(notice.worst, draft.impact, key=lambda impact: impact.rank),
        next_update_at=None if is_over else draft.next_update_at,
        suggestion=Suggestion.NONE,
        reminded=0,
        menu="",
        owner=draft.approvals[-1].by if draft.approvals else notice.owner,
        is_long=False if draft.phase is Phase.INVESTIGATING and is_over else notice.is_long,
    )
    return posts(said, draft.channels, world.rules, world.now)


def _correct(notice: Notice, draft: Draft, world: World) -> NoticePlan:
    texts = public_texts(draft.texts)
    changed = tuple(replace(u, texts=texts, edited_at=world.now) if u.id == draft.corrects else u for u in notice.updates)
    kept = (*notice.earlier, *(u for u in notice.updates if u.id == draft.corrects))
    corrected = heads(resend(replace(notice, updates=changed, earlier=kept, draft=None, menu=""), draft.corrects, world.now), world.rules, world.now)
    by = draft.approvals[-1].by if draft.approvals else HOUSE.id
    return NoticePlan(before=notice, next=corrected, reason=NoticeReason.CORRECTED, by=by, text=draft.revision)


def retract(notice: Notice, event: Retracted, world: World) -> NoticePlan:
    """All its words become tombstones: the rows stay, the texts are gone from every surface that can still be edited."""
    if not notice.is_published or notice.is_retracted:
        return stay(notice, NoticeReason.IMPOSSIBLE, by=event.actor.id)
    if not event.why.strip():
        return stay(notice, NoticeReason.NEEDS_REASON, by=event.actor.id)
    gone = tuple(replace(update, texts={}, impacts={}, is_retracted=True, edited_at=world.now) for update in notice.updates)
    kept = (*notice.earlier, *(u for u in notice.updates if not u.is_retracted))
    over = replace(
        notice,
        updates=gone,
        earlier=kept,
        is_retracted=True,
        stage=Stage.OVER,
        draft=None,
        impacts={},
        next_update_at=None,
        suggestion=Suggestion.NONE,
        menu="",
    )
    for update in gone:
        over = _recall(over, update.id, world)
    over = heads(over, world.rules, world.now)
    return NoticePlan(before=notice, next=over, reason=NoticeReason.RETRACTED, by=event.actor.id, text=event.why.strip())


def _recall(notice: Notice, update: str, world: World) -> Notice:
    """What was sent is edited, what was not is never sent."""
    found = {
        key: replace(d, state=Passage.STOPPED) if d.form is Form.POST and d.update == update and d.state is Passage.DUE and not d.done else d
        for key, d in notice.deliveries.items()
    }
    return resend(replace(notice, deliveries=found), update, world.now)


def merge(notice: Notice, event: Merged, world: World) -> NoticePlan:
    """Another notice speaks of it from now on: an unpublished one just ends, a published one has an end customers can read."""
    if not notice.is_open or event.into == notice.id:
        return stay(notice, NoticeReason.IMPOSSIBLE, by=event.actor.id)
    merged = replace(notice, stage=Stage.MERGED, merged_into=event.into, draft=None, suggestion=Suggestion.NONE, next_update_at=None)
    if notice.is_published and notice.phase is not None and not notice.phase.is_over:
        last = notice.updates[-1]
        operational = dict.fromkeys(notice.impacts, Impact.OPERATIONAL)
        word = Update(id=next_update_id(notice), phase=Phase.RESOLVED, impacts=operational, texts=last.texts, at=world.now)
        merged = replace(merged, updates=(*notice.updates, word), phase=Phase.RESOLVED, impacts=operational)
        merged = posts(merged, ALWAYS_THERE, world.rules, world.now)
    return NoticePlan(before=notice, next=merged, reason=NoticeReason.MERGED, by=event.actor.id, text=event.into)


def split(notice: Notice, event: Split) -> NoticePlan:
    """One incident goes its own way; the engine lets it be considered anew."""
    if event.incident not in notice.incidents or len(notice.incidents) < 2:
        return stay(notice, NoticeReason.IMPOSSIBLE, by=event.actor.id)
    left = replace(notice, incidents=tuple(i for i in notice.incidents if i != event.incident), apart=(*notice.apart, event.incident))
    return NoticePlan(before=notice, next=left, reason=NoticeReason.SPLIT, by=event.actor.id, text=event.incident)
