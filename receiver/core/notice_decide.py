"""`decide_notice(notice, event, world) -> NoticePlan`: the only place where anything about a notice is decided. Called by `notice_engine`.

Pure: rules, facts, texts and time are arguments. Every branch ends in a named `NoticeReason`; what a person sees follows from the plan.
"""

from dataclasses import replace

from receiver.core.notice_approval import approve, break_glass, stop
from receiver.core.notice_delivery import CARD, begin, drift, end, judge, show
from receiver.core.notice_draft import attach, correct, dismiss, edit, propose, show_menu, tick, turn
from receiver.core.notice_event import (
    Approved,
    Attached,
    Begun,
    BrokeGlass,
    Corrected,
    Delivered,
    Dismissed,
    Drifted,
    Edited,
    Judged,
    Menu,
    Merged,
    NoticeEvent,
    Proposed,
    Retracted,
    Split,
    Stopped,
    TakenIn,
    Ticked,
    Turned,
    Woke,
)
from receiver.core.notice_offline import take_in
from receiver.core.notice_plan import NoticePlan, NoticeReason, World
from receiver.core.notice_publish import merge, retract, split
from receiver.core.notice_record import Notice, Stage
from receiver.core.notice_watch import next_wake, wake

_UNSHOWN = frozenset({NoticeReason.BEGUN, NoticeReason.DELIVERY_LATER})


def decide_notice(notice: Notice, event: NoticeEvent, world: World) -> NoticePlan:
    """What follows from this event for this notice in this world."""
    plan = _decide(notice, event, world)
    after = plan.next
    if after != notice and after.stage is not Stage.HELD and _is_shown(plan, event):
        after = show(after if isinstance(event, Menu) else replace(after, menu=""), world.now)
    return replace(plan, before=notice, next=replace(after, wake_at=next_wake(after, world)))


def _is_shown(plan: NoticePlan, event: NoticeEvent) -> bool:
    """The card tells of everything but itself and the calls beside it."""
    if isinstance(event, Delivered):
        held = plan.before.deliveries.get(event.delivery)
        return held is not None and held.target != CARD
    if plan.before.stage is Stage.HELD and plan.next.stage in (Stage.DROPPED, Stage.MERGED):
        return False
    return plan.reason not in _UNSHOWN


def _decide(notice: Notice, event: NoticeEvent, world: World) -> NoticePlan:
    match event:
        case Woke():
            return wake(notice, world)
        case Attached() | TakenIn() | Begun() | Delivered() | Judged() | Drifted():
            return _machine(notice, event, world)
        case Proposed(agrees=True):
            return _propose_and_agree(notice, event, world)
        case _:
            return _person(notice, event, world)


def _machine(notice: Notice, event: Attached | TakenIn | Begun | Delivered | Judged | Drifted, world: World) -> NoticePlan:
    match event:
        case Attached():
            return attach(notice, event, world)
        case TakenIn():
            return take_in(notice, event, world)
        case Begun():
            return begin(notice, event, world)
        case Delivered():
            return end(notice, event, world)
        case Judged():
            return judge(notice, event, world)
        case Drifted():
            return drift(notice, event)


_Draftwork = Proposed | Edited | Turned | Menu | Corrected | Dismissed
_Decision = Ticked | Approved | BrokeGlass | Stopped | Retracted | Merged | Split


def _person(notice: Notice, event: _Draftwork | _Decision, world: World) -> NoticePlan:
    match event:
        case Proposed():
            return propose(notice, event, world)
        case Edited():
            return edit(notice, event, world)
        case Turned():
            return turn(notice, event, world)
        case Menu():
            return show_menu(notice, event)
        case Corrected():
            return correct(notice, event, world)
        case Dismissed():
            return dismiss(notice, event, world)
        case _:
            return _decision(notice, event, world)


def _decision(notice: Notice, event: _Decision, world: World) -> NoticePlan:
    match event:
        case Ticked():
            return tick(notice, event)
        case Approved():
            return approve(notice, event, world)
        case BrokeGlass():
            return break_glass(notice, event, world)
        case Stopped():
            return stop(notice, event, world)
        case Retracted():
            return retract(notice, event, world)
        case Merged():
            return merge(notice, event, world)
        case Split():
            return split(notice, event)


def _propose_and_agree(notice: Notice, event: Proposed, world: World) -> NoticePlan:
    """One press: the phrase is the draft and whoever pressed agrees to it."""
    proposed = _person(notice, replace(event, agrees=False), world)
    draft = proposed.next.draft
    if proposed.reason is not NoticeReason.PROPOSED or draft is None:
        return proposed
    agreed = approve(proposed.next, Approved(actor=event.actor, revision=draft.revision), world)
    return replace(agreed, before=notice, text=event.key)
