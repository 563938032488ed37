"""The shape of the files about escalation and planned work: escalation, maintenance."""

from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from receiver.core.recurrence import RecurrenceError, parse_recurrence
from receiver.rules.fields import (
    ClockTime,
    Day,
    Duration,
    Instant,
    MatcherText,
    Name,
    RecurrenceText,
    Strict,
    Zone,
    wrong,
)
from receiver.rules.schema import check_span


class Target(Strict):
    """Who is paged: one of the three."""

    schedule: str | None = None
    person: str | None = None
    team: str | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "Target":
        if sum(name is not None for name in (self.schedule, self.person, self.team)) != 1:
            raise wrong("this does not name whom to page", "write one of {schedule: NAME}, {person: NAME}, {team: NAME}")
        return self


class Step(Strict):
    """One level of a policy."""

    page: list[Target] = Field(default_factory=list)
    notify: list[str] = Field(default_factory=list)
    wait: Duration


class Acknowledge(Strict):
    """How long an acknowledgement holds."""

    lease: Duration = timedelta(hours=2)
    void_on: list[Literal["new-alert", "worse-severity"]] = Field(default_factory=list)


class Policy(Strict):
    """Whom to page, step by step."""

    steps: Annotated[list[Step], Field(min_length=1)]
    repeat: Annotated[int, Field(ge=0, le=100)] = 0
    acknowledge: Acknowledge = Acknowledge()


class EscalationFile(Strict):
    """escalation.yaml."""

    version: Literal[1]
    policies: dict[Name, Policy]


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
