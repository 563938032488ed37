"""A notice as the support team handles it: what was published, what would be published next, who agreed, how each delivery went.

Internal: nothing of it is shown to customers but what `core.notice_public.project` takes out. Instants in UTC, durations as timedelta.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from receiver.core.incident import IncidentId
from receiver.core.notice import Impact, NoticeId, Phase, PublicText, Update, UpdateId

NO_UPDATE = UpdateId("")
SEND_LEASE = timedelta(seconds=30)
EVERY_HALF_HOUR = timedelta(minutes=30)


class Stage(StrEnum):
    """How far a notice has come."""

    HELD = "held"  # the route asks to wait before anybody is asked
    OPEN = "open"  # offered, or published and not over
    OVER = "over"  # customers were told that it ended
    DISMISSED = "dismissed"  # not for customers; somebody said why
    DROPPED = "dropped"  # over before anybody was asked
    MERGED = "merged"  # another notice speaks of it


class Dismissal(StrEnum):
    """Why customers need not hear of it."""

    FALSE_ALARM = "false_alarm"
    INTERNAL = "internal"
    COVERED = "covered"
    PLANNED = "planned"


class Suggestion(StrEnum):
    """What the card proposes; a person decides."""

    NONE = ""
    UPDATE = "update"  # another incident of the same component
    MONITORING = "monitoring"
    RESOLVED = "resolved"
    RETURNED = "returned"
    NO_PROOF = "no_proof"  # the alerts are gone and nobody knows why


class Passage(StrEnum):
    """One delivery's state. UNKNOWN may have been performed: a person chooses."""

    DUE = "due"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    FAILED = "failed"
    STOPPED = "stopped"


class Form(StrEnum):
    """What is delivered: the living card or a loud call to the support chat, a word to customers, the edited head of a channel."""

    CARD = "card"
    CALL = "call"
    POST = "post"
    HEAD = "head"


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """One language of a draft. `stamp` tells which edit it stands for: a language with a lower one than another is stale."""

    title: str
    body: str
    stamp: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Approval:
    """Somebody agreed to one revision. `is_person` is false for a program's token."""

    by: str
    name: str
    at: datetime
    roles: tuple[str, ...] = ()
    is_person: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """The next word, not yet said. `origin` is the key of its template, `editors` who changed its text, the last one last.

    `ticked_by` accepted the warnings of this revision; `publish_at` runs once enough agreed; `corrects` is the update it replaces;
    `nudged` counts the calls made because nobody decided; `was` is the text before the last edit, in its language.
    """

    origin: str
    phase: Phase
    impacts: Mapping[str, Impact]
    texts: Mapping[str, Text]
    channels: tuple[str, ...]
    proposed_at: datetime
    next_update_at: datetime | None = None
    audience: str = "everybody"
    editors: tuple[str, ...] = ()
    approvals: tuple[Approval, ...] = ()
    ticked_by: str = ""
    publish_at: datetime | None = None
    corrects: UpdateId = NO_UPDATE
    glass_broken: str = ""
    end_reason: str = ""
    nudged: int = 0
    was: Mapping[str, Text] = field(default_factory=dict)

    @property
    def is_edited(self) -> bool:
        """True once a person changed the text of the template."""
        return bool(self.editors)

    @property
    def impact(self) -> Impact:
        """The worst of its components."""
        return max(self.impacts.values(), key=lambda impact: impact.rank, default=Impact.OPERATIONAL)

    @property
    def stale(self) -> tuple[str, ...]:
        """Languages that are older than another one."""
        newest = max((text.stamp for text in self.texts.values()), default=0)
        return tuple(language for language, text in self.texts.items() if text.stamp < newest)

    @property
    def revision(self) -> str:
        """SHA-256 over everything customers would get; approvals, buttons and deliveries carry it."""
        said = {
            "texts": {language: [text.title, text.body] for language, text in self.texts.items()},
            "phase": self.phase.value,
            "impacts": {name: impact.value for name, impact in self.impacts.items()},
            "channels": sorted(self.channels),
            "audience": self.audience,
            "next": self.next_update_at.isoformat() if self.next_update_at else "",
            "corrects": self.corrects,
        }
        return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One effect and how it went. `want` counts what is asked of it, `done` what was performed; `ref` is the far end's id of the message.

    `waits_since` is when it was due first, while it is tried again. `total`, `sent` and `failed` count recipients where there are many. `args` say what a call is about.
    """

    form: Form
    target: str
    update: UpdateId = NO_UPDATE
    state: Passage = Passage.DUE
    due_at: datetime
    waits_since: datetime | None = None
    begun_at: datetime | None = None
    want: int = 1
    done: int = 0
    attempts: int = 0
    ref: str = ""
    reason: str = ""
    total: int = 0
    sent: int = 0
    failed: int = 0
    args: Mapping[str, str] = field(default_factory=dict)

    @property
    def look_at(self) -> datetime | None:
        """When somebody must look at it again."""
        if self.state is Passage.DUE:
            return self.due_at
        return self.begun_at + SEND_LEASE if self.state is Passage.SENDING and self.begun_at else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """The rule that asked for a notice: an alert's name and the id of its route."""

    alert: str
    route: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Cry:
    """What became of the drafts a rule asked for: of `drafts`, `unwanted` were judged not for customers, `why` how often for which reason."""

    cause: Cause
    drafts: int
    unwanted: int
    why: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """One notice at one version. `incidents` are internal and never leave it; `updates` oldest first, already public;
    `earlier` are words as they were before a correction or retraction: what exactly customers had read.

    `shares` are components it speaks of beside another open notice; all others it covers alone.
    `calm_at`: since when every linked alert is over with proof. `reminded` counts the calls about the promise now standing.
    `causes` asked for it, `cries` is what became of their earlier drafts; both as they were when it was drafted.
    `rhythm`: how soon the next word is promised. `doubt` says why there is no proof, `waits_for` why a held one is not offered yet.
    """

    id: NoticeId
    version: int = 0
    stage: Stage = Stage.HELD
    opened_at: datetime
    started_at: datetime
    hold_until: datetime | None = None
    components: tuple[str, ...] = ()
    incidents: tuple[IncidentId, ...] = ()
    apart: tuple[IncidentId, ...] = ()
    shares: tuple[str, ...] = ()
    starter: str = "errors"
    causes: tuple[Cause, ...] = ()
    cries: tuple[Cry, ...] = ()
    draft: Draft | None = None
    updates: tuple[Update, ...] = ()
    earlier: tuple[Update, ...] = ()
    deliveries: Mapping[str, Delivery] = field(default_factory=dict)
    phase: Phase | None = None
    impacts: Mapping[str, Impact] = field(default_factory=dict)
    worst: Impact = Impact.OPERATIONAL
    next_update_at: datetime | None = None
    scheduled_for: datetime | None = None
    scheduled_until: datetime | None = None
    calm_at: datetime | None = None
    suggestion: Suggestion = Suggestion.NONE
    doubt: str = ""
    waits_for: str = ""
    firing: int = 0
    reminded: int = 0
    rhythm: timedelta = EVERY_HALF_HOUR
    is_long: bool = False
    owner: str = ""
    dismissal: Dismissal | None = None
    dismissed_by: str = ""
    merged_into: NoticeId | None = None
    is_retracted: bool = False
    drift: Mapping[str, str] = field(default_factory=dict)
    menu: str = ""
    wake_at: datetime | None = None

    @property
    def is_published(self) -> bool:
        """True once customers have read something."""
        return bool(self.updates)

    @property
    def is_open(self) -> bool:
        """True while it covers its components."""
        return self.stage in (Stage.HELD, Stage.OPEN)

    @property
    def said_at(self) -> datetime | None:
        """When customers last read something."""
        return self.updates[-1].at if self.updates else None

    def update(self, update_id: str) -> Update | None:
        """The published word with this id."""
        return next((update for update in self.updates if update.id == update_id), None)


def ended_at(notice: Notice) -> datetime | None:
    """When customers were told that it ended; what was learnt afterwards prolongs nothing."""
    told = [update.at for update in notice.updates if update.phase.is_over and update.phase is not Phase.POSTMORTEM and not update.is_retracted]
    return told[-1] if told else None


def next_update_id(notice: Notice) -> UpdateId:
    """An opaque id that every replica finds for the next word of this notice."""
    digest = hashlib.sha256(f"{notice.id}\n{len(notice.updates)}".encode()).digest()
    return UpdateId("U" + base64.b32encode(digest[:6]).decode().rstrip("="))


def public_texts(texts: Mapping[str, Text]) -> dict[str, PublicText]:
    """Without what only editors need."""
    return {language: PublicText(title=text.title, body=text.body) for language, text in texts.items()}
