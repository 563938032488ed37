"""What a program or the command line may ask of an incident: one body, one event per verb. Called by `web.api`."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from litestar.exceptions import ClientException
from pydantic import AwareDatetime, BaseModel, Field

from receiver.core.durations import DurationError, parse_duration
from receiver.core.event import Acknowledge, Assign, Escalate, Keep, Press, Release, Resolve, Snooze, Split
from receiver.core.rulebook import RuleBook


class Asked(BaseModel):
    """Who asks, shown in the timeline; `to` is a person's id (assign); `until`, or `for` like 2h, ends a snooze."""

    by: str = Field(default="api", max_length=64)
    to: str = Field(default="", max_length=100)
    until: AwareDatetime | None = None
    span: str = Field(default="", alias="for", max_length=20)


def event_of(verb: str, asked: Asked, rules: RuleBook, now: datetime) -> Press:
    """The event; raises ClientException for a verb there is not, a person nobody knows, a time that cannot be read."""
    simple = _SIMPLE.get(verb)
    if simple is not None:
        return simple(asked.by)
    if verb == "assign":
        if asked.to not in rules.people:
            raise ClientException(f"no person {asked.to!r} in people.yaml: name one in `to`")
        return Assign(by=asked.by, name=asked.by, to=asked.to)
    if verb == "snooze":
        return Snooze(by=asked.by, name=asked.by, until=_until(asked, now))
    raise ClientException(f"no verb {verb!r}: {', '.join((*_SIMPLE, 'assign', 'snooze'))}")


def _until(asked: Asked, now: datetime) -> datetime:
    if asked.until is not None:
        return asked.until
    try:
        span = parse_duration(asked.span)
    except DurationError as fault:
        raise ClientException(f"`for`: {fault}") from None
    if span <= timedelta(0):
        raise ClientException("`for` must be more than nothing")
    return now + span


_SIMPLE: Mapping[str, Callable[[str], Press]] = {
    "ack": lambda by: Acknowledge(by=by, name=by),
    "resolve": lambda by: Resolve(by=by, name=by),
    "release": lambda by: Release(by=by, name=by),
    "escalate": lambda by: Escalate(by=by, name=by),
    "keep": lambda by: Keep(by=by, name=by),
    "split": lambda by: Split(by=by, name=by),
}
