"""What a button of a notice card asks for, as an event. Pure; used by `chat.notices`."""

from dataclasses import dataclass
from datetime import timedelta

from receiver.channels.notice_buttons import short_key
from receiver.core.notice import Impact
from receiver.core.notice_event import Actor, Approved, Dismissed, Judged, Menu, NoticeEvent, Proposed, Stopped, Ticked, Turned
from receiver.core.notice_record import Dismissal, Notice
from receiver.core.notice_text import LOOKING_BACK, PHRASES
from receiver.core.roles import Verb


@dataclass(frozen=True, kw_only=True, slots=True)
class Pressing:
    """The parts of a button's subject: `<notice>.<revision>.<verb>[.<argument>]`."""

    notice: str
    revision: str
    verb: str
    arg: str = ""


def parse(subject: str) -> Pressing | None:
    """None for what no button of ours says."""
    parts = subject.split(".")
    if len(parts) not in (3, 4):
        return None
    return Pressing(notice=parts[0], revision="" if parts[1] == "-" else parts[1], verb=parts[2], arg=parts[3] if len(parts) == 4 else "")


_WRITTEN = frozenset({"resolved", LOOKING_BACK})  # a person writes the rest of these
ASKS = frozenset({"field", "update", "correct", "retract", "glass"})
"""Verbs that ask for a text first."""
_LEADS = frozenset({"glass"})
_APPROVES = frozenset({"approve", "tick", "say", "monitoring", "later", "again", "was_sent"})


def needed_verb(verb: str) -> Verb:
    """Which row of the table of roles a button stands on."""
    return Verb.NOTICE_LEAD if verb in _LEADS else Verb.NOTICE_APPROVE if verb in _APPROVES else Verb.NOTICE_EDIT


def event_of(pressing: Pressing, notice: Notice, actor: Actor) -> NoticeEvent | None:
    """What the press does; None for what needs a text first or means nothing any more."""
    arg = pressing.arg
    match pressing.verb:
        case "approve":
            return Approved(actor=actor, revision=pressing.revision)
        case "tick":
            return Ticked(actor=actor, revision=pressing.revision)
        case "stop":
            return Stopped(actor=actor)
        case "edit":
            return Menu(actor=actor, name="edit")
        case "menu":
            return Menu(actor=actor, name=arg)
        case _:
            return _with_argument(pressing, notice, actor)


def _with_argument(pressing: Pressing, notice: Notice, actor: Actor) -> NoticeEvent | None:
    verb, arg = pressing.verb, pressing.arg
    match verb:
        case "impact" if arg in set(Impact):
            return Turned(actor=actor, impact=Impact(arg))
        case "channel" if notice.draft:
            chosen = notice.draft.channels
            return Turned(actor=actor, channels=tuple(c for c in chosen if c != arg) if arg in chosen else (*chosen, arg))
        case "next" if arg.isdigit():
            return Turned(actor=actor, next_in=timedelta(minutes=int(arg)))
        case "later" if arg.isdigit():
            return Proposed(actor=actor, key="still-working", agrees=True, next_in=timedelta(minutes=int(arg)))
        case "say" | "monitoring" if arg in PHRASES:
            return Proposed(actor=actor, key=arg, agrees=arg not in _WRITTEN)
        case "dismiss" if arg in set(Dismissal):
            return Dismissed(actor=actor, why=Dismissal(arg))
        case "drop":
            return Dismissed(actor=actor)
        case "again" | "was_sent":
            delivery = next((key for key in notice.deliveries if short_key(key) == arg), "")
            return Judged(actor=actor, delivery=delivery, again=verb == "again")
        case _:
            return None
