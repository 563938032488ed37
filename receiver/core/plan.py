"""What follows from an event: the next incident, who is told, when to look again, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from receiver.core.event import Event
from receiver.core.incident import Destination, Incident, IncidentId


class Reason(StrEnum):
    """The name of every decision; reaches the log, the metric, the timeline and *Why?*."""

    OPENED = "opened"
    GROUP_WAIT = "group_wait"
    MAINTENANCE = "maintenance"
    OVER_BEFORE_TOLD = "over_before_told"
    ALERTS_CHANGED = "alerts_changed"
    GOT_WORSE = "got_worse"
    NOTHING_NEW = "nothing_new"
    HELD_TRUNCATED = "held_truncated"
    HELD_UNCONFIRMED = "held_unconfirmed"
    SIGNAL_LOST = "signal_lost"
    SIGNAL_BACK = "signal_back"
    CONDITION_CHANGED = "condition_changed"
    ALL_RESOLVED = "all_resolved"
    REOPENED = "reopened"
    QUIET_AFTER_RESOLVE = "quiet_after_resolve"
    REOPEN_WINDOW = "reopen_window"
    CLOSED = "closed"
    ACKNOWLEDGED = "acknowledged"
    ALREADY_ACKNOWLEDGED = "already_acknowledged"
    RESOLVED_BY_HAND = "resolved_by_hand"
    ALREADY_RESOLVED = "already_resolved"
    FELL_BACK = "fell_back"
    NO_FALLBACK_LEFT = "no_fallback_left"
    EVIDENCE = "evidence"
    PICTURED = "pictured"
    DELIVERED = "delivered"
    ESCALATED = "escalated"
    ESCALATED_BY_HAND = "escalated_by_hand"
    UNREACHABLE = "unreachable"
    EXHAUSTED = "exhausted"
    STILL_ON_IT = "still_on_it"
    KEPT = "kept"
    LEASE_OVER = "lease_over"
    VOIDED = "voided"
    RELEASED = "released"
    ASSIGNED = "assigned"
    SNOOZED = "snoozed"
    SNOOZE_OVER = "snooze_over"
    NOT_POSSIBLE = "not_possible"
    STORM = "storm"
    OVERFLOW = "overflow"
    JOINED = "joined"
    LEFT = "left"
    SPLIT = "split"
    SYMPTOMS_CHANGED = "symptoms_changed"
    FLAPPING = "flapping"
    STEADY = "steady"
    COLLECTED = "collected"
    TOLD = "told"


class Priority(IntEnum):
    """Order of delivery; a page is never behind anything else, and a picture has a lane and a worker of its own."""

    PAGE = 0
    RELEASE = 1
    CHAT = 2
    PICTURE = 3


class Kind(StrEnum):
    """Which text: the living message, a loud reply to it, or the silent one that shows its picture."""

    INCIDENT = "incident"
    WORSE = "worse"
    REOPENED = "reopened"
    ENDED = "ended"
    YOUR_TURN = "your_turn"
    NOBODY = "nobody"
    STILL = "still"
    PICTURE = "picture"
    FLAPPING = "flapping"


@dataclass(frozen=True, kw_only=True, slots=True)
class Notification:
    """One decided message to one destination. The living message has one identity for the incident's whole life.

    `after` is how long it waits before it is due. `turn` is the turn of the escalation a ring belongs to: it is rung once in it.
    """

    kind: Kind
    destination: Destination
    priority: Priority
    args: Mapping[str, str] = field(default_factory=dict)
    after: timedelta = timedelta(0)
    turn: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """The whole consequence of one event; committed at once or not at all. `text` goes into the timeline beside the reason.
    When it `joins` a storm, that must have it before this is committed. `spread` is what happens to other incidents once it is committed.


    `touches` are other incidents that must be looked at now: each decides for itself what this changes for it.
    `trace` is what the messages belong to where somebody traces (a W3C `traceparent`); nothing is decided by it.
    """

    before: Incident
    next: Incident
    reason: Reason
    by: str = ""
    text: str = ""
    notifications: tuple[Notification, ...] = ()
    is_archived: bool = False
    touches: tuple[IncidentId, ...] = ()
    joins: bool = False
    spread: tuple[tuple[IncidentId, Event], ...] = ()
    trace: str = ""

    @property
    def is_change(self) -> bool:
        """False when nothing but the wake-up time may differ: no timeline entry is due."""
        if self.reason is Reason.MAINTENANCE:  # the same hold decided again is no news
            return self.before.wake_at != self.next.wake_at
        if self.reason in (Reason.HELD_UNCONFIRMED, Reason.SIGNAL_LOST):  # neither is holding on
            return (self.before.signal_source, self.before.signal_lost_at) != (self.next.signal_source, self.next.signal_lost_at)
        return self.reason not in _QUIET

    @property
    def wake_at(self) -> datetime | None:
        """When the incident must be looked at again; UTC."""
        return self.next.wake_at


_QUIET = {
    Reason.NOTHING_NEW,
    Reason.GROUP_WAIT,
    Reason.ALREADY_ACKNOWLEDGED,
    Reason.ALREADY_RESOLVED,
    Reason.REOPEN_WINDOW,
    Reason.QUIET_AFTER_RESOLVE,
    Reason.NOT_POSSIBLE,
    Reason.PICTURED,
}
