"""What one rendering of the public side is made from: names and public notices, read at one instant. Pure; made by `web.status.shelf`.

Only `PublicNotice` and names that notices.yaml publishes come in here, so nothing else can come out.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from receiver.core.notice import ComponentState, Impact, NoticeId, PublicNotice
from receiver.core.notice_rules import FEEDS, PAGE, NoticeRules, PublicComponent
from receiver.core.uptime import indicator, states

DAYS = 90
WEEK = timedelta(days=7)
AHEAD = timedelta(days=14)
OLD_COPY = timedelta(minutes=15)
_SPACE = uuid.UUID("6f0a3a52-6f7c-4a8e-9d57-0b8f6c1d2e90")  # of ids that must never change


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """What the page is called and what it lists; texts by language, the first language is the primary one. `telegram` is the address
    that subscribes a private chat, without the language at its end. `logo` is SVG, or empty.
    """

    names: Mapping[str, str]
    languages: tuple[str, ...]
    timezone: str
    contact: str = ""
    components: tuple[PublicComponent, ...] = ()
    groups: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    has_page: bool = True
    has_feeds: bool = True
    takes_mail: bool = False
    takes_hooks: bool = False
    telegram: str = ""
    logo: str = ""
    is_indexed: bool = False
    base_url: str = ""

    @property
    def zone(self) -> ZoneInfo:
        """The page's time zone."""
        return ZoneInfo(self.timezone)

    def name(self, language: str) -> str:
        """What the page is called."""
        return text_in(self.names, language)

    def component(self, component: str, language: str) -> str:
        """The public name; empty for one that notices.yaml no longer names, whose id is nobody's business."""
        return next((text_in(c.names, language) for c in self.components if c.id == component), "")

    def url(self, key: str) -> str:
        """The absolute address of a document of this side."""
        return f"{self.base_url}/status/{key}" if key else f"{self.base_url}/status"


def site_of(rules: NoticeRules, base_url: str = "", *, is_indexed: bool = False, takes_mail: bool = False, telegram: str = "") -> Site:
    """The public part of notices.yaml. `base_url` has no slash at its end."""
    published = [rules.channels[name].kind for name in rules.publish if name in rules.channels]
    return Site(
        names=rules.page.names,
        languages=rules.page.languages,
        timezone=rules.page.timezone,
        contact=rules.page.contact,
        components=rules.in_order(),
        groups=rules.groups,
        has_page=PAGE in rules.publish,
        has_feeds=FEEDS in rules.publish,
        takes_mail=takes_mail,
        takes_hooks="webhooks" in published,
        telegram=telegram,
        logo=rules.page.logo,
        is_indexed=is_indexed,
        base_url=base_url,
    )


@dataclass(frozen=True, kw_only=True)
class Edition:
    """Everything as it stood at `as_of` (UTC), seen at `now`. `notices` newest first. `is_kept` says that the store was away
    and this is the last good copy.
    """

    site: Site
    notices: tuple[PublicNotice, ...]
    as_of: datetime
    now: datetime
    is_kept: bool = False

    @cached_property
    def states(self) -> Mapping[str, ComponentState]:
        """Each component now."""
        return states([c.id for c in self.site.components], self.notices)

    @cached_property
    def indicator(self) -> str:
        """none, minor, major, critical or maintenance."""
        return indicator(self.states)

    @cached_property
    def worst(self) -> Impact:
        """The worst state any component is in."""
        return max((s.impact for s in self.states.values()), key=lambda impact: impact.rank, default=Impact.OPERATIONAL)

    @cached_property
    def open(self) -> tuple[PublicNotice, ...]:
        """Faults that are not over, worst first, then the newest."""
        found = [n for n in self.notices if n.is_open and not n.is_maintenance]
        return tuple(sorted(found, key=lambda n: max((i.rank for i in n.impacts.values()), default=0), reverse=True))

    @cached_property
    def works(self) -> tuple[PublicNotice, ...]:
        """Planned work that is not over, the soonest first."""
        return tuple(sorted((n for n in self.notices if n.is_open and n.scheduled_for), key=lambda n: n.scheduled_for or n.started_at))

    @property
    def near_works(self) -> tuple[PublicNotice, ...]:
        """Those of the next two weeks, the running ones included."""
        return tuple(n for n in self.works if n.scheduled_for and n.scheduled_for <= self.now + AHEAD)

    @cached_property
    def updated_at(self) -> datetime:
        """When anything public was said last; when nothing ever was, the beginning of the day."""
        newest = max((n.updated_at for n in self.notices), default=None)
        return newest or self.as_of.replace(hour=0, minute=0, second=0, microsecond=0)

    def notice(self, notice_id: str) -> PublicNotice | None:
        """The notice with this id."""
        return self._by_id.get(NoticeId(notice_id))

    @cached_property
    def _by_id(self) -> Mapping[NoticeId, PublicNotice]:
        return {n.id: n for n in self.notices}

    @cached_property
    def months(self) -> tuple[str, ...]:
        """`2026-11` and every month before it that has a notice, newest first; the current one is always there."""
        zone = self.site.zone
        told = {f"{n.started_at.astimezone(zone):%Y-%m}" for n in self.notices if n.started_at <= self.now}
        return tuple(sorted({f"{self.now.astimezone(zone):%Y-%m}", *told}, reverse=True))

    def of_month(self, month: str) -> tuple[PublicNotice, ...]:
        """Those that began in a month of the page's zone, newest first."""
        zone = self.site.zone
        found = [n for n in self.notices if f"{n.started_at.astimezone(zone):%Y-%m}" == month and n.started_at <= self.now]
        return tuple(sorted(found, key=lambda n: n.started_at, reverse=True))

    @property
    def is_old(self) -> bool:
        """True when it is too old to be believed while something is open."""
        return self.is_kept and bool(self.open) and self.now - self.as_of > OLD_COPY


def text_in(texts: Mapping[str, str], language: str) -> str:
    """In this language, else in any."""
    return texts.get(language) or next(iter(texts.values()), "")


def stable_id(*parts: str) -> str:
    """A uuid that is the same for ever, whatever the address of the page becomes."""
    return str(uuid.uuid5(_SPACE, "\n".join(parts)))


def iso(instant: datetime) -> str:
    """`2026-11-23T11:02:00.000Z`, as Statuspage writes it."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}Z"
