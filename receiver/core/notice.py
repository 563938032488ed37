"""What customers may read: `PublicNotice` and its parts are the whole allow-list. Every public surface renders these types and nothing else.

Made by `core.notice_public.project` alone, kept by `store.notices`, read by the status page, feeds, subscribers and publishing. Ids are
opaque and not those of incidents. Instants are aware, in UTC. Component states are the five of Statuspage's API.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

NoticeId = NewType("NoticeId", str)
UpdateId = NewType("UpdateId", str)


class Impact(StrEnum):
    """The state of a component, as customers meet it."""

    OPERATIONAL = "operational"
    UNDER_MAINTENANCE = "under_maintenance"
    DEGRADED_PERFORMANCE = "degraded_performance"
    PARTIAL_OUTAGE = "partial_outage"
    MAJOR_OUTAGE = "major_outage"

    @property
    def rank(self) -> int:
        """Higher is worse."""
        return _IMPACTS.index(self)


_IMPACTS = list(Impact)


class Phase(StrEnum):
    """Where a notice stands: the first five of a fault, the others of planned work."""

    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MONITORING = "monitoring"
    RESOLVED = "resolved"
    POSTMORTEM = "postmortem"
    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    VERIFYING = "verifying"
    COMPLETED = "completed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """True when nothing more is promised."""
        return self in _OVER


_OVER = frozenset({Phase.RESOLVED, Phase.POSTMORTEM, Phase.COMPLETED, Phase.CANCELLED})
FAULT_PHASES = (Phase.INVESTIGATING, Phase.IDENTIFIED, Phase.MONITORING, Phase.RESOLVED, Phase.POSTMORTEM)


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicText:
    """What is said, in one language; plain text, paragraphs divided by empty lines."""

    title: str
    body: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Update:
    """One published word. `impacts` are component states with it; `edited_at` says that it was corrected; a retracted one is a
    tombstone without texts. Texts by language; a language that is not there yet follows.
    """

    id: UpdateId
    phase: Phase
    impacts: Mapping[str, Impact]
    texts: Mapping[str, PublicText]
    at: datetime
    edited_at: datetime | None = None
    is_retracted: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicNotice:
    """One notice as customers see it; `updates` newest first.

    `impact` is the worst it has been, `impacts` the components' states now, `components` all that were ever touched. `next_update_at`
    is what was promised; late or not is the reader's clock to say. `scheduled_for` and `scheduled_until` are of planned work.
    A retracted notice keeps its place and says nothing.
    """

    id: NoticeId
    phase: Phase
    impact: Impact
    impacts: Mapping[str, Impact]
    components: tuple[str, ...]
    titles: Mapping[str, str]
    started_at: datetime
    published_at: datetime
    updated_at: datetime
    monitoring_at: datetime | None = None
    resolved_at: datetime | None = None
    next_update_at: datetime | None = None
    scheduled_for: datetime | None = None
    scheduled_until: datetime | None = None
    is_retracted: bool = False
    updates: tuple[Update, ...] = ()

    @property
    def is_maintenance(self) -> bool:
        """True for planned work."""
        return self.scheduled_for is not None

    @property
    def is_open(self) -> bool:
        """True while customers wait for the next word; planned work is open from its announcement on."""
        return not self.phase.is_over and not self.is_retracted


@dataclass(frozen=True, kw_only=True, slots=True)
class ComponentState:
    """One component now, and since when."""

    id: str
    impact: Impact = Impact.OPERATIONAL
    since: datetime | None = None
    notices: tuple[NoticeId, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """One day of a component in the page's zone: minutes in each state but operational, and the notices that say so."""

    date: str
    minutes: Mapping[Impact, int] = field(default_factory=dict)
    notices: tuple[NoticeId, ...] = ()

    @property
    def worst(self) -> Impact:
        """The worst state of the day."""
        return max(self.minutes, key=lambda impact: impact.rank, default=Impact.OPERATIONAL)
