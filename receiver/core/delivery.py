"""What an attempt's wire evidence means for the slot: the one table of delivery. Called by `workers.sender`."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from receiver.core.destination import Destination
from receiver.core.incident import Incident, State
from receiver.core.plan import Kind
from receiver.core.telling import is_asked


class Evidence(StrEnum):
    """What the wire proved about one attempt."""

    OK = "ok"
    NOT_SENT = "not_sent"  # the far end cannot have performed it
    REFUSED = "refused"  # understood and refused; repeating the same is pointless
    UNEDITABLE = "uneditable"  # the message to edit is gone
    DEAD = "dead"  # this address will not work again (blocked, kicked, no such chat)
    MOVED = "moved"  # the chat has a new id
    THROTTLED = "throttled"
    DOWN = "down"  # the whole channel: token revoked, wrong address of the API
    UNKNOWN = "unknown"  # may have been performed


class Verdict(StrEnum):
    """How a slot goes on after an attempt. WAIT is a RETRY that was nobody's failure."""

    SENT = "sent"
    RETRY = "retry"
    WAIT = "wait"
    DEAD = "dead"
    SKIPPED = "skipped"


MOST_COPIES = 3
PAGE_PATIENCE = timedelta(seconds=30)
THROTTLE_PATIENCE = timedelta(seconds=60)
GIVE_UP = timedelta(hours=24)
_AFTER_UNKNOWN = (timedelta(seconds=2), timedelta(seconds=10), timedelta(seconds=60))
_LONGEST = timedelta(seconds=30)
_RAREST = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One attempt as it ended. `unknowns` counts earlier attempts that may have been performed; `age` since first due;
    `is_unanswered` while the incident is open and nobody has taken it; `is_idempotent` when the channel shows a repeat no second time."""

    evidence: Evidence
    is_edit: bool
    is_page: bool
    unknowns: int
    attempts: int
    age: timedelta
    retry_after: timedelta | None = None
    is_unanswered: bool = True
    is_idempotent: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """What follows. `is_trouble`: somebody else must hear of the incident now; `forgets`: the next try is a new message."""

    verdict: Verdict
    after: timedelta = timedelta(0)
    is_unknown: bool = False
    is_trouble: bool = False
    forgets: bool = False
    pauses_channel: bool = False
    cools_chat: bool = False


def judge(attempt: Attempt) -> Judgement:
    """Pure; every Evidence has exactly one line here."""
    overdue = attempt.is_page and not attempt.is_edit and attempt.age >= PAGE_PATIENCE
    backoff = min(_LONGEST, timedelta(seconds=2 ** min(attempt.attempts, 5)))
    match attempt.evidence:
        case Evidence.OK:
            return Judgement(verdict=Verdict.SENT)
        case Evidence.NOT_SENT:
            return Judgement(verdict=Verdict.RETRY, after=backoff, is_trouble=overdue)
        case Evidence.MOVED:
            return Judgement(verdict=Verdict.RETRY)
        case Evidence.UNEDITABLE:
            # Somebody deleted it: said again only while it still needs somebody.
            return Judgement(verdict=Verdict.RETRY, forgets=True) if attempt.is_unanswered else Judgement(verdict=Verdict.SKIPPED)
        case Evidence.REFUSED:
            return Judgement(verdict=Verdict.DEAD, is_trouble=not attempt.is_edit)
        case Evidence.DEAD:
            return Judgement(verdict=Verdict.DEAD, is_trouble=True)
        case Evidence.DOWN:
            return Judgement(verdict=Verdict.RETRY, after=_LONGEST, is_trouble=attempt.is_page, pauses_channel=True)
        case Evidence.THROTTLED:
            wait = attempt.retry_after or timedelta(seconds=min(60, 5 * 2 ** min(attempt.attempts, 4)))
            return Judgement(verdict=Verdict.RETRY, after=wait, is_trouble=attempt.is_page and wait > THROTTLE_PATIENCE, cools_chat=True)
        case Evidence.UNKNOWN:
            return _unknown(attempt, backoff)


def _unknown(attempt: Attempt, backoff: timedelta) -> Judgement:
    if attempt.is_idempotent:
        return _again(attempt, backoff)
    if attempt.is_edit:
        return Judgement(verdict=Verdict.RETRY, after=backoff)
    if attempt.unknowns + 1 >= MOST_COPIES:
        return Judgement(verdict=Verdict.DEAD, is_unknown=True, is_trouble=True)
    after = _AFTER_UNKNOWN[min(attempt.unknowns, len(_AFTER_UNKNOWN) - 1)]
    return Judgement(verdict=Verdict.RETRY, after=after, is_unknown=True, is_trouble=attempt.unknowns >= 1)


def _again(attempt: Attempt, backoff: timedelta) -> Judgement:
    """The same until it is answered for, ever more rarely, for a day; a page does not wait for that alone."""
    if attempt.age >= GIVE_UP:
        return Judgement(verdict=Verdict.DEAD, is_trouble=True)
    is_trouble = attempt.is_page and not attempt.is_edit and (attempt.attempts >= 1 or attempt.age >= PAGE_PATIENCE)
    return Judgement(verdict=Verdict.RETRY, after=max(backoff, min(attempt.age / 10, _RAREST)), is_trouble=is_trouble)


def judge_picture(attempt: Attempt) -> Judgement:
    """A picture is worth a few tries and nobody's trouble: where it can't be shown, the text has said everything."""
    backoff = min(_LONGEST, timedelta(seconds=2 ** min(attempt.attempts + 1, 5)))
    is_last = attempt.attempts + 1 >= MOST_COPIES or attempt.unknowns + 1 >= MOST_COPIES
    match attempt.evidence:
        case Evidence.OK:
            return Judgement(verdict=Verdict.SENT)
        case Evidence.MOVED:
            return Judgement(verdict=Verdict.RETRY)
        case Evidence.THROTTLED:
            wait = attempt.retry_after or timedelta(seconds=30)
            return Judgement(verdict=Verdict.SKIPPED if is_last else Verdict.RETRY, after=wait, cools_chat=True)
        case Evidence.NOT_SENT | Evidence.DOWN:
            return Judgement(verdict=Verdict.SKIPPED if is_last else Verdict.RETRY, after=backoff)
        case Evidence.UNKNOWN:
            return Judgement(verdict=Verdict.SKIPPED if is_last else Verdict.RETRY, after=backoff, is_unknown=not attempt.is_edit)
        case Evidence.REFUSED | Evidence.DEAD | Evidence.UNEDITABLE:
            return Judgement(verdict=Verdict.SKIPPED)


def pointless(kind: Kind, incident: Incident, place: Destination, *, has_living: bool, was_out: bool = False) -> str:
    """Why a message that nobody has seen yet need not be sent any more, or nothing. `has_living`: the place has the living message; `was_out`:
    its channel could not be reached when the incident ended, and its return lists what ended meanwhile.
    """
    if kind is Kind.ENDED:
        return "was never told" if (place.person or was_out) and not has_living else ""
    if incident.state is State.RESOLVED:
        return "resolved before it was sent" if kind is Kind.INCIDENT else "over by now"
    if incident.is_part:
        return "it is a part of another incident"
    if kind is Kind.STILL:
        return "" if incident.state is State.ACKNOWLEDGED else "nobody has it any more"
    if kind is Kind.NOBODY:
        return "" if incident.state is State.TRIGGERED else "somebody has it by now"
    is_theirs = is_asked(incident, place) and (incident.state is State.TRIGGERED or kind not in (Kind.INCIDENT, Kind.YOUR_TURN))
    return "" if not place.person or is_theirs else "somebody has it, or it is somebody else's turn"
