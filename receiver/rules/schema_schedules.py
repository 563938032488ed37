"""The shape of schedules.yaml: who is on call when."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from receiver.rules.fields import ClockTime, Day, Instant, Name, SecretName, Strict, Zone, wrong
from receiver.rules.schema import Span


class Handoff(Strict):
    """When the next in turn takes over: at a clock time, in a weekly rotation on a day of the week."""

    day: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = "monday"
    time: ClockTime = "00:00"


class Layer(Strict):
    """People or teams who take turns, each for `every` days or weeks; without `rotate` all of them are on call.

    A later layer covers an earlier one. Nobody is on call before the hand-off on the day `starts`, whose turn is that of the first
    named; without it the first has the turn of Monday, 1 January 2024. Outside `hours` nobody is.
    """

    people: Annotated[list[str], Field(min_length=1)]
    rotate: Literal["daily", "weekly"] | None = None
    every: Annotated[int, Field(ge=1, le=366)] = 1
    handoff: Handoff | None = None
    starts: Day | None = None
    hours: list[Span] = Field(default_factory=list)

    @model_validator(mode="after")
    def _takes_turns(self) -> "Layer":
        if self.rotate is None and "every" in self.model_fields_set:
            raise wrong("this layer counts turns but does not rotate", "add rotate: daily or rotate: weekly, or leave every out")
        if self.rotate == "daily" and self.handoff is not None and "day" in self.handoff.model_fields_set:
            raise wrong("a daily rotation hands over on every day", "leave the day out of handoff, or write rotate: weekly")
        if self.handoff is not None and self.handoff.time == "24:00":
            raise wrong("no hand-off is at 24:00", 'write "00:00" on the next day')
        return self


class Override(Strict):
    """One person for a stretch of time; without an offset it is in the schedule's zone. Two at one time are a fault."""

    person: str
    start: Annotated[Instant, Field(alias="from")]
    end: Annotated[Instant, Field(alias="to")]


class Calendar(Strict):
    """A calendar in iCalendar's format: kept elsewhere, its address a secret, or a file beside the rules."""

    secret: SecretName | None = None
    file: str | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "Calendar":
        if (self.secret is None) == (self.file is None):
            raise wrong("this calendar has no place, or two", "write {secret: NAME} with the address in RECEIVER_SECRET_NAME, or {file: on-call.ics}")
        return self


class Schedule(Strict):
    """Who is on call when. The calendar covers the layers, overrides cover both. `announce` hears of every change, without sound."""

    timezone: Zone
    layers: list[Layer] = Field(default_factory=list)
    overrides: list[Override] = Field(default_factory=list)
    ical: Calendar | None = None
    announce: Name | None = None


class SchedulesFile(Strict):
    """schedules.yaml."""

    version: Literal[1]
    schedules: dict[Name, Schedule]
