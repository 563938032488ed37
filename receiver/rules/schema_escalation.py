"""The shape of escalation.yaml: who is paged, step by step."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from receiver.core.policy import LEASE
from receiver.rules.fields import Duration, Name, Strict, wrong

AIMS = ("schedule", "person", "team", "service", "destination")
LONGEST_WAIT = timedelta(days=1)
SHORTEST_WAIT = timedelta(seconds=30)


class Target(Strict):
    """Who is paged: one of these. `service` is the team that owns a service, `from-alert` the one the alert is about; `destination` is a chat."""

    schedule: str | None = None
    person: str | None = None
    team: str | None = None
    service: str | None = None
    destination: str | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "Target":
        if sum(getattr(self, aim) is not None for aim in AIMS) != 1:
            raise wrong("this does not name whom to page", "write one of {schedule: NAME}, {person: NAME}, {team: NAME}")
        return self

    @property
    def named(self) -> tuple[str, str]:
        """What it is and its name."""
        return next((aim, str(getattr(self, aim))) for aim in AIMS if getattr(self, aim) is not None)


class Step(Strict):
    """One level of a policy. `wait` counts from the first page that got there."""

    page: list[Target] = Field(default_factory=list)
    notify: list[str] = Field(default_factory=list)
    wait: Duration

    @model_validator(mode="after")
    def _waits(self) -> "Step":
        if not SHORTEST_WAIT <= self.wait <= LONGEST_WAIT:
            raise wrong("nobody can answer within this wait" if self.wait < SHORTEST_WAIT else "this wait is too long", "write 30s to 1d, like 5m")
        return self


class Acknowledge(Strict):
    """How long an acknowledgement holds, and what ends it before."""

    lease: Duration = LEASE
    void_on: list[Literal["new-alert", "worse-severity"]] = Field(default_factory=list)

    @model_validator(mode="after")
    def _lasts(self) -> "Acknowledge":
        if not timedelta(minutes=1) <= self.lease <= timedelta(days=7):
            raise wrong("this lease is too short" if self.lease < timedelta(minutes=1) else "this lease is too long", "write 1m to 7d, like 2h")
        return self


class Policy(Strict):
    """Whom to page, step by step; `repeat` is how often all steps are taken again."""

    steps: Annotated[list[Step], Field(min_length=1)]
    repeat: Annotated[int, Field(ge=0, le=100)] = 0
    acknowledge: Acknowledge = Acknowledge()


class EscalationFile(Strict):
    """escalation.yaml."""

    version: Literal[1]
    policies: dict[Name, Policy]
