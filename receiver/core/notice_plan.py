"""What follows from an event for a notice: the next notice and a named reason. And the world a decision looks at: rules, facts, time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from receiver.core.lint import Remark, Secrets
from receiver.core.notice import Impact
from receiver.core.notice_record import Cause, Cry, Notice
from receiver.core.notice_rules import NoticeRules
from receiver.core.notice_text import Compose


class NoticeReason(StrEnum):
    """The name of every decision about a notice; reaches the log, the metric, the audit and the presser."""

    HELD = "held"
    FLAPPING = "flapping"
    MUTED = "muted"
    NO_WATCHDOG = "no_watchdog"
    NOT_CONFIRMED = "not_confirmed"
    OVER_BEFORE_HOLD = "over_before_hold"
    DRAFTED = "drafted"
    ATTACHED = "attached"
    ATTACHED_WORSE = "attached_worse"
    PROPOSED = "proposed"
    EDITED = "edited"
    EDIT_CONFLICT = "edit_conflict"
    TURNED = "turned"
    MENU = "menu"
    TICKED = "ticked"
    NEEDS_TICK = "needs_tick"
    APPROVED = "approved"
    APPROVED_ENOUGH = "approved_enough"
    ALREADY_APPROVED = "already_approved"
    NEEDS_ANOTHER = "needs_another"
    NEEDS_ROLE = "needs_role"
    NEEDS_PERSON = "needs_person"
    NEEDS_REASON = "needs_reason"
    STALE_REVISION = "stale_revision"
    LINT_BLOCKS = "lint_blocks"
    GLASS_BROKEN = "glass_broken"
    STOPPED = "stopped"
    TOO_LATE = "too_late"
    PUBLISHED = "published"
    PUBLISHED_HOLDING = "published_holding"
    CORRECTED = "corrected"
    RETRACTED = "retracted"
    DISMISSED = "dismissed"
    DRAFT_DROPPED = "draft_dropped"
    MERGED = "merged"
    SPLIT = "split"
    NUDGED = "nudged"
    RETIMED = "retimed"
    REMINDED = "reminded"
    SUGGESTED = "suggested"
    RETURNED = "returned"
    NO_PROOF = "no_proof"
    COUNTED = "counted"
    TAKEN_IN = "taken_in"
    CLOSED = "closed"
    BEGUN = "begun"
    DELIVERED = "delivered"
    DELIVERY_LATER = "delivery_later"
    DELIVERY_FAILED = "delivery_failed"
    OUTCOME_UNKNOWN = "outcome_unknown"
    JUDGED = "judged"
    DRIFTED = "drifted"
    NOTHING_TO_DO = "nothing_to_do"
    IMPOSSIBLE = "impossible"


QUIET_REASONS = frozenset(
    {
        NoticeReason.HELD, NoticeReason.FLAPPING, NoticeReason.MUTED, NoticeReason.NO_WATCHDOG, NoticeReason.NOT_CONFIRMED, NoticeReason.BEGUN,
        NoticeReason.NOTHING_TO_DO, NoticeReason.IMPOSSIBLE, NoticeReason.ALREADY_APPROVED, NoticeReason.NEEDS_ANOTHER, NoticeReason.NEEDS_ROLE,
        NoticeReason.NEEDS_PERSON, NoticeReason.NEEDS_REASON, NoticeReason.NEEDS_TICK, NoticeReason.STALE_REVISION, NoticeReason.EDIT_CONFLICT,
        NoticeReason.TOO_LATE, NoticeReason.MENU, NoticeReason.DELIVERY_LATER, NoticeReason.DELIVERED, NoticeReason.COUNTED,
    }
)  # fmt: skip
"""Decisions that are no news for the audit."""


class Confirmation(StrEnum):
    """What Alertmanager's own list says of the linked alerts, by source."""

    FIRING = "firing"
    GONE = "gone"
    UNSURE = "unsure"  # asked, and nobody could tell
    UNKNOWN = "unknown"  # nobody to ask


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What is known of the incidents behind a notice. `impacts` are what their routes want, by component; `ended_at` when the last of them
    ended; `doubt` why an end is no proof of recovery; `secrets` must not stand in any public text. `recipients` are subscribers by channel,
    `said` the messages they were sent within the hour. `causes` are the rules whose alerts fire, `cries` what became of drafts they asked for before.
    """

    incidents: int = 0
    firing: int = 0
    impacts: Mapping[str, Impact] = field(default_factory=dict)
    confirmation: Confirmation = Confirmation.UNKNOWN
    is_muted: bool = False
    is_flapping: bool = False
    is_signal_lost: bool = False
    ended_at: datetime | None = None
    doubt: str = ""
    recipients: Mapping[str, int] = field(default_factory=dict)
    said: int = 0
    secrets: Secrets = field(default_factory=Secrets)
    causes: tuple[Cause, ...] = ()
    cries: tuple[Cry, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """Everything a decision may look at. `now` in UTC."""

    rules: NoticeRules
    facts: Facts
    compose: Compose
    now: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticePlan:
    """The whole consequence of one event. `text` says what in words for the audit; `remarks` are what the lint found, where it decided."""

    before: Notice
    next: Notice
    reason: NoticeReason
    by: str = ""
    text: str = ""
    remarks: tuple[Remark, ...] = ()

    @property
    def is_change(self) -> bool:
        """False when there is nothing to write."""
        return self.next != self.before


def stay(notice: Notice, reason: NoticeReason, *, by: str = "", text: str = "", remarks: tuple[Remark, ...] = ()) -> NoticePlan:
    """Nothing changes, and this is why."""
    return NoticePlan(before=notice, next=notice, reason=reason, by=by, text=text, remarks=remarks)
