"""What may happen to a notice. Everything that changes one arrives as one of these, whether from the chat, the API, the CLI or time."""

from dataclasses import dataclass
from datetime import timedelta

from receiver.core.delivery import Evidence
from receiver.core.incident import IncidentId
from receiver.core.notice import Impact, NoticeId
from receiver.core.notice_record import Dismissal, Notice


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """Who does it: the id the audit keeps, the name people read. `is_person` is false for a program's token, which may set something going
    only where `may_publish`.
    """

    id: str
    name: str
    roles: frozenset[str] = frozenset()
    is_person: bool = True
    may_publish: bool = True


HOUSE = Actor(id="rules", name="", is_person=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Woke:
    """Its time came, or one of its incidents changed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Attached:
    """One more incident touches its components, or brings some along from a notice that was merged into this one."""

    incident: IncidentId
    impact: Impact
    components: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposed:
    """Somebody wants to say this next. `agrees`: who proposes also agrees, as with one press on a phrase. `reason` is for an end
    declared while something still fires."""

    actor: Actor
    key: str
    agrees: bool = False
    reason: str = ""
    next_in: timedelta | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Edited:
    """A new text in one language; what is none stays. `revision`: what the editor had before their eyes, empty when unknown."""

    actor: Actor
    language: str
    title: str | None = None
    body: str | None = None
    revision: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Turned:
    """Another impact, other channels or another promise; what is none stays."""

    actor: Actor
    impact: Impact | None = None
    channels: tuple[str, ...] | None = None
    next_in: timedelta | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Menu:
    """The card shows other buttons; nothing else changes."""

    actor: Actor
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Ticked:
    """The warnings of this revision are accepted."""

    actor: Actor
    revision: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Approved:
    """Somebody agrees to this revision (its first characters are enough)."""

    actor: Actor
    revision: str


@dataclass(frozen=True, kw_only=True, slots=True)
class BrokeGlass:
    """A lead publishes alone and says why."""

    actor: Actor
    revision: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Stopped:
    """Take back what is on its way."""

    actor: Actor


@dataclass(frozen=True, kw_only=True, slots=True)
class Dismissed:
    """Customers need not hear of it, or the next word need not be said."""

    actor: Actor
    why: Dismissal | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Corrected:
    """A published word had a mistake; the new text goes the way of every draft."""

    actor: Actor
    language: str
    title: str | None = None
    body: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Retracted:
    """It should not have been said; a tombstone stays."""

    actor: Actor
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Merged:
    """Another notice speaks of the same."""

    actor: Actor
    into: NoticeId


@dataclass(frozen=True, kw_only=True, slots=True)
class Split:
    """An incident does not belong here."""

    actor: Actor
    incident: IncidentId


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A person answers for a delivery whose outcome is unknown, or tries one again that failed."""

    actor: Actor
    delivery: str
    again: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Begun:
    """The socket write of a delivery starts now."""

    delivery: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivered:
    """How an attempt ended. `did` is the delivery's `want` when it began; counts where there are many recipients."""

    delivery: str
    evidence: Evidence
    did: int
    ref: str = ""
    reason: str = ""
    retry_after: timedelta | None = None
    total: int = 0
    sent: int = 0
    failed: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Drifted:
    """A far end shows something else than we said; empty when it agrees again."""

    target: str
    what: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TakenIn:
    """Words of this notice were published while the service was down. `shares` are components another published notice speaks of too."""

    told: Notice
    shares: tuple[str, ...] = ()


NoticeEvent = (
    Woke | Attached | TakenIn | Proposed | Edited | Turned | Menu | Ticked | Approved | BrokeGlass | Stopped | Dismissed | Corrected | Retracted | Merged | Split
    | Judged | Begun | Delivered | Drifted
)  # fmt: skip
