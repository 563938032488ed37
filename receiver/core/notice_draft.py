"""Drafts: how one begins, how people change it, and what that does to approvals. Pure; called by `core.notice_decide`."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from receiver.core.notice import FAULT_PHASES, Impact, Phase
from receiver.core.notice_delivery import call
from receiver.core.notice_event import Attached, Corrected, Dismissed, Edited, Menu, Proposed, Ticked, Turned
from receiver.core.notice_plan import NoticePlan, NoticeReason, World, stay
from receiver.core.notice_record import Draft, Notice, Stage, Suggestion, Text, ended_at
from receiver.core.notice_rules import PublicComponent
from receiver.core.notice_text import KEYS, LOOKING_BACK, STARTERS, Saying

SHOWN = 6  # characters of a revision that buttons carry


def compose(notice: Notice, key: str, impacts: dict[str, Impact], next_at: datetime | None, world: World) -> dict[str, Text]:
    """The texts of a key for these components, freshly rendered."""
    found = (world.rules.components.get(name) for name in sorted(impacts, key=lambda name: -impacts[name].rank))
    components: tuple[PublicComponent, ...] = tuple(component for component in found if component)
    is_work = KEYS[key].impact is Impact.UNDER_MAINTENANCE and notice.scheduled_for is not None
    since = notice.scheduled_for if is_work and notice.scheduled_for else notice.started_at
    if KEYS[key].phase is Phase.RESOLVED:
        next_at = notice.calm_at or world.now
    elif key == LOOKING_BACK:
        next_at = ended_at(notice)
    elif is_work and key != "work-overruns":
        next_at = notice.scheduled_until
    saying = Saying(components=components, since=since, next_at=next_at or world.now, now=world.now)
    said = world.compose(key, saying, world.rules)
    return {language: Text(title=text.title, body=text.body) for language, text in said.items()}


def make_draft(notice: Notice, key: str, world: World, *, impact: Impact | None = None, next_in: timedelta | None = None) -> Draft:
    """The next word from a text of the house; phase and impact it does not set stay as they are."""
    starter = KEYS[key]
    phase = starter.phase or notice.phase or Phase.INVESTIGATING
    wanted = impact or starter.impact
    impacts = {name: _impact(notice, name, wanted, phase, world) for name in notice.components}
    span = next_in or (notice.rhythm if notice.is_published else starter.next_in)
    next_at = None if phase.is_over or phase is Phase.SCHEDULED else world.now + span
    return Draft(
        origin=key,
        phase=phase,
        impacts=impacts,
        texts=compose(notice, key, impacts, next_at, world),
        channels=world.rules.publish,
        proposed_at=world.now,
        next_update_at=next_at,
    )


def _impact(notice: Notice, name: str, wanted: Impact | None, phase: Phase, world: World) -> Impact:
    if phase.is_over:
        return Impact.OPERATIONAL
    return wanted or notice.impacts.get(name) or world.facts.impacts.get(name) or Impact.PARTIAL_OUTAGE


def attach(notice: Notice, event: Attached, world: World) -> NoticePlan:
    """Another incident of the same component: a draft takes it in, published words get a suggestion."""
    if event.incident in notice.incidents:
        return stay(notice, NoticeReason.NOTHING_TO_DO)
    components = tuple(dict.fromkeys((*notice.components, *event.components)))
    linked = replace(notice, incidents=(*notice.incidents, event.incident), components=components)
    draft = linked.draft
    worst = max(linked.impacts.values(), key=lambda i: i.rank, default=draft.impact if draft else Impact.OPERATIONAL)
    is_worse = event.impact.rank > worst.rank
    if draft and not linked.is_published and is_worse and not draft.is_edited:
        raised = make_draft(linked, draft.origin, world, impact=event.impact)
        linked = replace(linked, draft=replace(raised, proposed_at=draft.proposed_at, nudged=draft.nudged))
        return NoticePlan(before=notice, next=linked, reason=NoticeReason.ATTACHED_WORSE, text=event.impact.value)
    if linked.is_published:
        linked = replace(linked, suggestion=Suggestion.UPDATE)
    return NoticePlan(before=notice, next=linked, reason=NoticeReason.ATTACHED, text=event.incident)


def propose(notice: Notice, event: Proposed, world: World) -> NoticePlan:
    """A text of the house becomes the draft; what stood there is replaced."""
    if event.key == LOOKING_BACK:
        return _look_back(notice, event, world)
    if event.key not in KEYS or notice.stage is not Stage.OPEN:
        return stay(notice, NoticeReason.IMPOSSIBLE, by=event.actor.id)
    if event.key in STARTERS and notice.is_published and event.key != "planned":
        return stay(notice, NoticeReason.IMPOSSIBLE, by=event.actor.id)
    draft = replace(make_draft(notice, event.key, world, next_in=event.next_in), end_reason=event.reason)
    proposed = replace(notice, draft=draft, suggestion=Suggestion.NONE)
    return NoticePlan(before=notice, next=proposed, reason=NoticeReason.PROPOSED, by=event.actor.id, text=event.key)


def _look_back(notice: Notice, event: Proposed, world: World) -> NoticePlan:
    """What was learnt is told after the end, days later too. It covers nothing: a new fault of its components has a notice of its own."""
    if notice.phase not in (Phase.RESOLVED, Phase.POSTMORTEM) or notice.is_retracted or notice.stage not in (Stage.OPEN, Stage.OVER):
        return stay(notice, NoticeReason.IMPOSSIBLE, by=event.actor.id)
    opened = replace(notice, stage=Stage.OPEN, shares=notice.components if notice.stage is Stage.OVER else notice.shares, suggestion=Suggestion.NONE)
    proposed = replace(opened, draft=make_draft(opened, event.key, world))
    return NoticePlan(before=notice, next=proposed, reason=NoticeReason.PROPOSED, by=event.actor.id, text=event.key)


def edit(notice: Notice, event: Edited, world: World) -> NoticePlan:
    """A person's text; approvals of the old one are void. Where nothing is drafted, it begins an update."""
    actor = event.actor
    if notice.stage is not Stage.OPEN:
        return stay(notice, NoticeReason.IMPOSSIBLE, by=actor.id)
    draft = notice.draft or (make_draft(notice, "still-working", world) if notice.is_published else None)
    if draft is None or event.language not in world.rules.languages:
        return stay(notice, NoticeReason.IMPOSSIBLE, by=actor.id)
    if event.revision and not draft.revision.startswith(event.revision):
        return stay(notice, NoticeReason.EDIT_CONFLICT, by=actor.id)
    was = draft.texts.get(event.language, Text(title="", body=""))
    text = replace(was, title=_clean_title(event.title, was.title), body=_clean(event.body, was.body))
    if (text.title, text.body) == (was.title, was.body):
        return stay(notice, NoticeReason.NOTHING_TO_DO, by=actor.id)
    newest = max((t.stamp for t in draft.texts.values()), default=0)
    is_catching_up = event.language in draft.stale
    text = replace(text, stamp=newest if is_catching_up else newest + 1)
    editors = (*(e for e in draft.editors if e != actor.id), actor.id)
    edited = renew(replace(draft, texts={**draft.texts, event.language: text}, editors=editors, was={event.language: was}), world)
    after = replace(notice, draft=edited)
    if draft.approvals:
        after = call(after, "voided", world.now, who=actor.name, names=", ".join(approval.name for approval in draft.approvals))
    return NoticePlan(before=notice, next=after, reason=NoticeReason.EDITED, by=actor.id, text=event.language)


def turn(notice: Notice, event: Turned, world: World) -> NoticePlan:
    """Impact, channels and promise belong to the revision too. Unedited texts are said anew, in edited ones only the time is replaced."""
    draft = notice.draft
    if draft is None:
        return stay(notice, NoticeReason.IMPOSSIBLE, by=event.actor.id)
    impacts = dict.fromkeys(draft.impacts, event.impact) if event.impact else dict(draft.impacts)
    channels = event.channels if event.channels is not None else draft.channels
    next_at = world.now + event.next_in if event.next_in and draft.next_update_at else draft.next_update_at
    if draft.is_edited or draft.corrects:
        texts = _retime(draft, next_at, ZoneInfo(world.rules.page.timezone))
    else:
        texts = compose(notice, draft.origin, impacts, next_at, world)
    turned = replace(draft, impacts=impacts, channels=tuple(channels), next_update_at=next_at, texts=texts)
    if turned.revision == draft.revision:
        return stay(notice, NoticeReason.NOTHING_TO_DO, by=event.actor.id)
    rhythm = event.next_in or notice.rhythm
    return NoticePlan(before=notice, next=replace(notice, draft=renew(turned, world), rhythm=rhythm), reason=NoticeReason.TURNED, by=event.actor.id)


def show_menu(notice: Notice, event: Menu) -> NoticePlan:
    """Other buttons on the card."""
    return NoticePlan(before=notice, next=replace(notice, menu=event.name), reason=NoticeReason.MENU, by=event.actor.id, text=event.name)


def tick(notice: Notice, event: Ticked) -> NoticePlan:
    """Somebody answers for the warnings."""
    draft = notice.draft
    if draft is None or not draft.revision.startswith(event.revision):
        return stay(notice, NoticeReason.STALE_REVISION, by=event.actor.id)
    if not event.actor.is_person:
        return stay(notice, NoticeReason.NEEDS_PERSON, by=event.actor.id)
    ticked = replace(notice, draft=replace(draft, ticked_by=event.actor.id))
    return NoticePlan(before=notice, next=ticked, reason=NoticeReason.TICKED, by=event.actor.id)


def correct(notice: Notice, event: Corrected, world: World) -> NoticePlan:
    """The last word again, with another text; it keeps its place and its time."""
    told = next((update for update in reversed(notice.updates) if not update.is_retracted), None)
    if told is None or notice.phase is None or notice.is_retracted:
        return stay(notice, NoticeReason.IMPOSSIBLE, by=event.actor.id)
    texts = {language: Text(title=t.title, body=t.body) for language, t in told.texts.items()}
    draft = Draft(
        origin="correction",
        phase=told.phase,
        impacts=told.impacts,
        texts=texts,
        channels=world.rules.publish,
        proposed_at=world.now,
        next_update_at=notice.next_update_at,
        corrects=told.id,
    )
    opened = replace(notice, draft=draft, stage=Stage.OPEN, shares=notice.shares if notice.stage is Stage.OPEN else notice.components)
    plan = edit(opened, Edited(actor=event.actor, language=event.language, title=event.title, body=event.body), world)
    return replace(plan, before=notice)


def dismiss(notice: Notice, event: Dismissed, world: World) -> NoticePlan:
    """Silence is a decision somebody owns. Once something was said, only the next word is dropped."""
    if notice.stage is not Stage.OPEN:
        return stay(notice, NoticeReason.IMPOSSIBLE, by=event.actor.id)
    if notice.is_published:
        if notice.draft is None:
            return stay(notice, NoticeReason.NOTHING_TO_DO, by=event.actor.id)
        return NoticePlan(before=notice, next=replace(notice, draft=None), reason=NoticeReason.DRAFT_DROPPED, by=event.actor.id)
    if event.why is None:
        return stay(notice, NoticeReason.NEEDS_REASON, by=event.actor.id)
    over = replace(notice, stage=Stage.DISMISSED, draft=None, dismissal=event.why, dismissed_by=event.actor.name)
    return NoticePlan(before=notice, next=over, reason=NoticeReason.DISMISSED, by=event.actor.id, text=event.why.value)


def renew(draft: Draft, world: World) -> Draft:
    """Another revision: nobody has agreed to it yet, nothing is on its way."""
    return replace(draft, approvals=(), ticked_by="", publish_at=None, glass_broken="", proposed_at=world.now, nudged=0)


def reopen(notice: Notice, world: World) -> Notice:
    """The trouble came back after the end was told or watched: the next word says so, once people agree."""
    again = replace(notice, calm_at=None, doubt="", suggestion=Suggestion.RETURNED)
    impact = max((u.impacts[c] for u in notice.updates for c in u.impacts), key=lambda i: i.rank, default=None)
    draft = make_draft(replace(again, impacts={}), "returned", world, impact=world.facts.impacts.get(notice.components[0]) or impact)
    return call(replace(again, draft=draft), "returned", world.now)


def is_fault(notice: Notice) -> bool:
    """True for trouble, false for planned work."""
    return notice.phase is None or notice.phase in FAULT_PHASES


def _clean(given: str | None, was: str) -> str:
    return was if given is None else "\n".join(line.rstrip() for line in given.strip().splitlines())


def _clean_title(given: str | None, was: str) -> str:
    return was if given is None else " ".join(given.split())


def _retime(draft: Draft, next_at: datetime | None, zone: ZoneInfo) -> dict[str, Text]:
    """What people wrote stays; only the time it promises is another one."""
    if draft.next_update_at is None or next_at is None:
        return dict(draft.texts)
    old, new = (f"{at.astimezone(zone):%H:%M}" for at in (draft.next_update_at, next_at))
    return {language: replace(text, body=text.body.replace(old, new)) for language, text in draft.texts.items()}
