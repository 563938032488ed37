"""Which texts a notice may begin or go on with, and the five facts they may use. The words themselves are in `message_templates/notices/`.

Pure; the texts are rendered by `channels.notice_texts` behind `Compose`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from receiver.core.notice import Impact, Phase, PublicText
from receiver.core.notice_rules import NoticeRules, PublicComponent

VARIABLES = ("component", "components", "since", "next", "contact")
_HALF_HOUR = timedelta(minutes=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class Starter:
    """One text of the house: the phase it brings (none keeps the one there is), the impact it begins with, when the next word is due."""

    phase: Phase | None = None
    impact: Impact | None = None
    next_in: timedelta = _HALF_HOUR


STARTERS: Mapping[str, Starter] = {
    "holding": Starter(phase=Phase.INVESTIGATING, impact=Impact.DEGRADED_PERFORMANCE, next_in=timedelta(minutes=20)),
    "errors": Starter(phase=Phase.INVESTIGATING, impact=Impact.PARTIAL_OUTAGE),
    "slow": Starter(phase=Phase.INVESTIGATING, impact=Impact.DEGRADED_PERFORMANCE),
    "unavailable": Starter(phase=Phase.INVESTIGATING, impact=Impact.MAJOR_OUTAGE),
    "delayed": Starter(phase=Phase.INVESTIGATING, impact=Impact.PARTIAL_OUTAGE),
    "supplier": Starter(phase=Phase.INVESTIGATING, impact=Impact.DEGRADED_PERFORMANCE, next_in=timedelta(hours=4)),
    "planned": Starter(phase=Phase.SCHEDULED, impact=Impact.UNDER_MAINTENANCE),
}
PHRASES: Mapping[str, Starter] = {
    "still-working": Starter(),
    "cause-found": Starter(phase=Phase.IDENTIFIED),
    "fix-applied": Starter(phase=Phase.MONITORING),
    "partly-restored": Starter(impact=Impact.DEGRADED_PERFORMANCE),
    "workaround": Starter(),
    "resolved": Starter(phase=Phase.RESOLVED, impact=Impact.OPERATIONAL),
    "nothing-lost": Starter(phase=Phase.RESOLVED, impact=Impact.OPERATIONAL),
    "returned": Starter(phase=Phase.INVESTIGATING),
    "looking-back": Starter(phase=Phase.POSTMORTEM, impact=Impact.OPERATIONAL),
    "work-started": Starter(phase=Phase.IN_PROGRESS, impact=Impact.UNDER_MAINTENANCE),
    "work-overruns": Starter(phase=Phase.IN_PROGRESS, impact=Impact.UNDER_MAINTENANCE),
    "work-cancelled": Starter(phase=Phase.CANCELLED, impact=Impact.OPERATIONAL),
    "work-done": Starter(phase=Phase.COMPLETED, impact=Impact.OPERATIONAL),
}
KEYS: Mapping[str, Starter] = {**STARTERS, **PHRASES}
HOLDING = "holding"
LOOKING_BACK = "looking-back"


@dataclass(frozen=True, kw_only=True, slots=True)
class Saying:
    """The facts of one text: components with the worst first, since when, until when or when the next word comes, and now. UTC."""

    components: tuple[PublicComponent, ...]
    since: datetime
    next_at: datetime
    now: datetime


Compose = Callable[[str, Saying, NoticeRules], Mapping[str, PublicText]]
"""A text in every language of the page; raises nothing for a key that stands in KEYS."""
