"""The shape of the file about planned work: maintenance."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from receiver.core.recurrence import RecurrenceError, parse_recurrence
from receiver.rules.fields import (
    ClockTime,
    Day,
    Instant,
    MatcherText,
    Name,
    RecurrenceText,
    Strict,
    Zone,
    wrong,
)
from receiver.rules.schema import check_span


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
    """What customers are told of a window: drafts for the support chat before, at its start and at its end."""

    component: str
    text: Literal["planned"]


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
