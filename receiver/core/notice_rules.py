"""notices.yaml as decisions use it: components, where notices go, who must agree. Part of the `RuleBook`; pure.

Names, descriptions and contact are public; everything else here is for the support team.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from receiver.core.notice import Impact, Phase

PAGE, FEEDS = "page", "feeds"
ALWAYS_THERE = (PAGE, FEEDS)  # what is published by being kept


class Translation(StrEnum):
    """What happens when a language is missing or older than another."""

    REQUIRE_ALL = "require_all"
    PUBLISH_READY = "publish_ready_and_mark"
    PRIMARY_ONLY = "primary_only"


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicComponent:
    """What customers see break; texts by language. `group` is the id of one of the groups, or empty."""

    id: str
    names: Mapping[str, str]
    descriptions: Mapping[str, str] = field(default_factory=dict)
    group: str = ""
    order: int = 0
    only_show_if_degraded: bool = False

    def name(self, language: str) -> str:
        """The name in a language, else in any."""
        return self.names.get(language) or next(iter(self.names.values()), self.id)


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicPage:
    """The page customers read; `languages` in their order, the first is the primary one. `logo` is SVG, or empty."""

    names: Mapping[str, str]
    timezone: str
    languages: tuple[str, ...]
    contact: str = ""
    logo: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticeChannel:
    """A place notices are published to besides the page. `kind` is telegram, email, webhook or statuspage; telegram-private and webhooks
    go to subscribers.

    `address` holds chat, url or page; `components` maps ours onto the far end's ids. `delay` is how long it waits after the page.
    """

    name: str
    kind: str
    address: Mapping[str, str] = field(default_factory=dict)
    secret: str = ""
    language: str = ""
    delay: timedelta = timedelta(0)
    components: Mapping[str, str] = field(default_factory=dict)
    notifies: bool = False

    @property
    def is_idempotent(self) -> bool:
        """True when the same word sent twice is there once: an unknown outcome may be tried again without asking."""
        return self.kind in ("webhook", "webhooks", "statuspage")


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalRule:
    """One row: which drafts it is about (empty conditions hold for every draft), how many must agree, and of which role one of them."""

    needed: int
    text: str = ""
    impacts: frozenset[Impact] = frozenset()
    components: frozenset[str] = frozenset()
    phases: frozenset[Phase] = frozenset()
    role: str = ""


_QUIET = {Impact.MAJOR_OUTAGE: timedelta(minutes=30), Impact.PARTIAL_OUTAGE: timedelta(minutes=15), Impact.DEGRADED_PERFORMANCE: timedelta(minutes=15)}


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticeRules:
    """Everything notices.yaml says. `groups` are names by language; `card` is the destination of drafts, empty for none.

    `holding_after`: a holding notice publishes itself when nobody has decided for so long; none never does. `lead` names the person or
    schedule that is called when nobody decides. `words_allowed` may stand in public texts though they look internal; `vendors` and
    `sensitive` words may not, or ask for a comms lead.
    """

    page: PublicPage
    components: Mapping[str, PublicComponent]
    groups: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    card: str = ""
    lead: str = ""
    holding_after: timedelta | None = None
    publish: tuple[str, ...] = (PAGE, FEEDS)
    channels: Mapping[str, NoticeChannel] = field(default_factory=dict)
    approval: tuple[ApprovalRule, ...] = ()
    translation: Translation = Translation.REQUIRE_ALL
    remind_before: timedelta = timedelta(minutes=5)
    remind_late: timedelta = timedelta(minutes=10)
    quiet: Mapping[Impact, timedelta] = field(default_factory=dict)
    undo: timedelta = timedelta(seconds=20)
    most_updates_an_hour: int = 12
    most_messages_an_hour: int = 50_000
    words_allowed: frozenset[str] = frozenset()
    vendors: frozenset[str] = frozenset()
    sensitive: frozenset[str] = frozenset()
    urls_allowed: tuple[str, ...] = ()

    @property
    def languages(self) -> tuple[str, ...]:
        """The page's languages."""
        return self.page.languages

    def quiet_for(self, impact: Impact) -> timedelta:
        """How long it must stay well before the end may be offered."""
        return self.quiet.get(impact, _QUIET.get(impact, timedelta(minutes=15)))

    def in_order(self) -> tuple[PublicComponent, ...]:
        """Components as the page lists them: by group as the file lists groups, then by order and name."""
        groups = list(self.groups)
        place = {name: index for index, name in enumerate(groups)}
        return tuple(sorted(self.components.values(), key=lambda c: (place.get(c.group, len(groups)), c.order, c.id)))
