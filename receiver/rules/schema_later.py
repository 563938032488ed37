"""The shape of the files about customers and planned work: notices, maintenance."""

from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from receiver.core.recurrence import RecurrenceError, parse_recurrence
from receiver.rules.fields import (
    Chat,
    ClockTime,
    Day,
    Duration,
    Instant,
    Language,
    MatcherText,
    Name,
    Names,
    RecurrenceText,
    SecretName,
    Strict,
    WebAddress,
    Zone,
    wrong,
)
from receiver.rules.schema import Impact, check_span


class PublicPage(Strict):
    """The page customers read."""

    name: Names
    timezone: Zone
    languages: Annotated[list[Language], Field(min_length=1)]
    contact: WebAddress | None = None


class Component(Strict):
    """What customers see break."""

    name: Names
    group: str | None = None
    order: int = 0


class Group(Strict):
    """Components shown together."""

    name: Names


class Card(Strict):
    """Where drafts are offered."""

    destination: str


class NoticeChannel(Strict):
    """Where notices are published besides the page."""

    channel: Literal["telegram", "email", "webhook"]
    chat: Chat | None = None
    url: WebAddress | None = None
    secret: SecretName | None = None
    language: Language = ""
    delay: Duration = timedelta(0)


class ApprovalWhen(Strict):
    """Which drafts a rule is about; empty means every draft."""

    text: Literal["template-unedited", "edited"] | None = None
    impact: list[Impact] = Field(default_factory=list)
    component: list[str] = Field(default_factory=list)


class Approval(Strict):
    """How many people must agree."""

    when: ApprovalWhen
    needed: Annotated[int, Field(ge=0, le=5)]


class Reminders(Strict):
    """When support is reminded of a promised update."""

    before: Duration = timedelta(minutes=5)
    late: Duration = timedelta(minutes=10)


class Lint(Strict):
    """Words public texts may use though they look internal."""

    allow: list[str] = Field(default_factory=list)
    vendors: list[str] = Field(default_factory=list)


class NoticesFile(Strict):
    """notices.yaml."""

    version: Literal[1]
    page: PublicPage
    components: dict[Name, Component]
    groups: dict[Name, Group] = Field(default_factory=dict)
    card: Card | None = None
    publish: list[str] = Field(default_factory=list)
    channels: dict[Name, NoticeChannel] = Field(default_factory=dict)
    approval: list[Approval] = Field(default_factory=list)
    reminders: Reminders = Reminders()
    quiet: dict[Impact, Duration] = Field(default_factory=dict)
    lint: Lint = Lint()


class Recurring(Strict):
    """A window that comes again by a calendar rule: on each of its days, past midnight when `to` is earlier.

    `starts` is the first day that may count; a rule with an INTERVAL counts from it.
    """

    rrule: RecurrenceText
    start: Annotated[ClockTime, Field(alias="from")]
    end: Annotated[ClockTime, Field(alias="to")]
    timezone: Zone
    starts: Day | None = None

    @model_validator(mode="after")
    def _lasts(self) -> "Recurring":
        check_span(self.start, self.end)
        try:
            parse_recurrence(self.rrule, date.fromisoformat(self.starts) if self.starts else None)
        except RecurrenceError as error:
            raise wrong(error.message, error.hint) from None
        return self


class PlannedNotice(Strict):
    """What customers are told of a window."""

    component: str
    text: str


class MaintenanceWindow(Strict):
    """Planned work: either one stretch of time or a recurring one. `from` and `to` without an offset are in UTC."""

    matchers: Annotated[list[MatcherText], Field(min_length=1)]
    start: Annotated[Instant | None, Field(alias="from")] = None
    end: Annotated[Instant | None, Field(alias="to")] = None
    recurring: Recurring | None = None
    mirror: Literal["alertmanager"] | None = None
    notice: PlannedNotice | None = None

    @model_validator(mode="after")
    def _has_time(self) -> "MaintenanceWindow":
        if (self.start is not None and self.end is not None) == (self.recurring is not None):
            half = "to" if self.start is not None else "from"
            if self.recurring is None and (self.start is not None or self.end is not None):
                raise wrong(f"this window has no {half}", f'add {half}: "2026-12-05T03:00+03:00"')
            raise wrong("this window has no time, or two", "give either from and to, or recurring")
        return self


class MaintenanceFile(Strict):
    """maintenance.yaml."""

    version: Literal[1]
    windows: dict[Name, MaintenanceWindow]
