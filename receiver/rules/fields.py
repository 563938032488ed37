"""Kinds of values the rules are written with; each says what to write when it is wrong."""

import difflib
import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from receiver.core.durations import DurationError, parse_duration
from receiver.core.matcher import MatcherError, parse_matcher
from receiver.core.recurrence import RecurrenceError, parse_recurrence
from receiver.core.route import ALL_LABELS

_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d|24:00", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,99}", re.ASCII)
_SECRET = re.compile(r"[A-Z][A-Z0-9_]{0,99}", re.ASCII)
TOPICS = ("none", "per-incident")


class Strict(BaseModel):
    """A mapping of the rules: unknown keys are faults and nothing is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def wrong(message: str, hint: str = "") -> PydanticCustomError:
    """Build a fault from a sentence; it is shown as it is."""
    return PydanticCustomError("rules", "{message}", {"message": message, "hint": hint})


def _text(value: Any, what: str, example: str) -> str:
    if not isinstance(value, str):
        raise wrong(f"this is not {what}", f'write it like "{example}"')
    return value


def _duration(value: Any) -> timedelta:
    if type(value) is int:
        raise wrong(f"{value} has no unit", f"write {value}s, {value}m or {value}h")
    text = _text(value, "a duration", "5m")
    try:
        return parse_duration(text)
    except DurationError as error:
        raise wrong(*_halves(error)) from None


def _matcher(value: Any) -> str:
    if not isinstance(value, str):
        raise wrong("this is not a matcher", """write it in single quotes, like 'severity="critical"'""")
    text = value
    try:
        parse_matcher(text)
    except MatcherError as error:
        raise wrong(*_halves(error)) from None
    return text


def _halves(error: Exception) -> tuple[str, str]:
    return str(error), ""


def _clock(value: Any) -> str:
    text = _text(value, "a clock time", "22:30")
    if not _CLOCK.fullmatch(text):
        raise wrong(f'"{text}" is not a clock time', 'write hours and minutes like "22:30"')
    return text


def _zone(value: Any) -> str:
    text = _text(value, "a time zone", "Europe/Moscow")
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        near = difflib.get_close_matches(text, sorted(available_timezones()), n=1, cutoff=0.85)
        hint = f'did you mean "{near[0]}"?' if near else "write an IANA name like Europe/Moscow or UTC"
        raise wrong(f'there is no time zone "{text}"', hint) from None
    return text


def _instant(value: Any) -> str:
    text = _text(value, "an instant", "2026-12-31T18:00")
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise wrong(f'"{text}" is not an instant', 'write it like "2026-12-31T18:00" or with an offset, "2026-12-31T18:00+03:00"') from None
    return text


def read_instant(text: str) -> datetime:
    """An instant the rules were written with, aware; UTC where it has no offset."""
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _day(value: Any) -> str:
    text = _text(value, "a date", "2026-11-23")
    try:
        date.fromisoformat(text)
    except ValueError:
        raise wrong(f'"{text}" is not a date', "write it like 2026-11-23") from None
    return text


def _chat(value: Any) -> int | str:
    if type(value) is int or (isinstance(value, str) and re.fullmatch(r"@[A-Za-z]\w{3,}", value, re.ASCII)):
        return value
    raise wrong("this is not a chat", 'write its number, like -1001000000001, or "@name" of a public channel')


def _topic(value: Any) -> int | str:
    if value in TOPICS or (type(value) is int and value > 0):
        return value  # type: ignore[no-any-return]  # narrowed by the line above
    raise wrong("this is not a topic", "write none, per-incident or the topic's number")


def _web_address(value: Any) -> str:
    text = _text(value, "an address", "https://hooks.example/incidents")
    if re.match(r"[a-z+]*:?//[^/]*@", text):
        raise wrong("this address holds a password", "remove what stands before @ and keep it in the environment")
    if not re.fullmatch(r"https?://[^\s/@]+(?:/\S*)?", text):
        raise wrong(f'"{text}" is not a web address', "write it like https://hooks.example/incidents")
    return text


def _mailbox(value: str) -> str:
    if not re.fullmatch(r"[^\s@,;<>]+@[^\s@,;<>]+", value):
        raise wrong(f'"{value}" is not a mail address', "write it like ops@example.com")
    return value


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise wrong(f'"{value}" is not a name', "use up to 100 Latin letters, digits, dots, dashes and underscores")
    return value


def _secret(value: str) -> str:
    if not _SECRET.fullmatch(value):
        raise wrong(
            "this is not the name of a secret",
            "write a NAME in capitals and keep the value itself in the environment as RECEIVER_SECRET_NAME",
        )
    return value


def _header(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]+", value):
        raise wrong(f'"{value}" is not the name of a header', "write it like X-Signature")
    return value


def _group_by(value: list[str]) -> list[str]:
    if ALL_LABELS in value and len(value) > 1:
        raise wrong('"..." already groups by every label', 'write ["..."] alone, or only the other labels')
    return value


def _rrule(value: Any) -> str:
    text = _text(value, "a calendar rule", "FREQ=WEEKLY;BYDAY=SU")
    try:
        parse_recurrence(text, date.min)  # whether it needs a first day is asked where that may be given
    except RecurrenceError as error:
        raise wrong(error.message, error.hint) from None
    return text


def _plain(check: Any, **schema: Any) -> Any:
    return (PlainValidator(check), WithJsonSchema({"type": "string", **schema}))


def _checked(check: Any, pattern: str, **schema: Any) -> Any:
    return (AfterValidator(check), WithJsonSchema({"type": "string", "pattern": pattern, **schema}))


_DURATION_PATTERN = r"^(0|(?=.)(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?)$"
_INSTANT_PATTERN = r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$"
_CHAT_SCHEMA = {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": r"^@[A-Za-z]\w{3,}$"}], "examples": [-1001000000001, "@name"]}
_TOPIC_SCHEMA = {"anyOf": [{"enum": list(TOPICS)}, {"type": "integer", "exclusiveMinimum": 0}]}

Duration = Annotated[timedelta, *_plain(_duration, pattern=_DURATION_PATTERN, examples=["5m", "1h30m"])]
MatcherText = Annotated[str, *_plain(_matcher, pattern=r"[^\s{=!~].*=|[^\s{=!~].*!~", examples=['severity="critical"', 'service=~"shop-.*"'])]
ClockTime = Annotated[str, *_plain(_clock, pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$", examples=["22:30"])]
Zone = Annotated[str, *_plain(_zone, pattern=r"^[A-Za-z][A-Za-z0-9_+/-]*$", examples=["Europe/Moscow"])]
Instant = Annotated[str, *_plain(_instant, pattern=_INSTANT_PATTERN, examples=["2026-12-31T18:00"])]
Day = Annotated[str, *_plain(_day, pattern=r"^\d{4}-\d\d-\d\d$", examples=["2026-11-23"])]
WebAddress = Annotated[str, *_plain(_web_address, pattern=r"^https?://[^\s/@]+(/\S*)?$")]
Chat = Annotated[int | str, PlainValidator(_chat), WithJsonSchema(_CHAT_SCHEMA)]
Topic = Annotated[int | str, PlainValidator(_topic), WithJsonSchema(_TOPIC_SCHEMA)]
Mailbox = Annotated[str, *_checked(_mailbox, r"^[^\s@,;<>]+@[^\s@,;<>]+$")]
Name = Annotated[str, *_checked(_name, f"^{_NAME.pattern}$")]
SecretName = Annotated[str, *_checked(_secret, f"^{_SECRET.pattern}$", description="NAME refers to RECEIVER_SECRET_NAME in the environment.")]
HeaderName = Annotated[str, *_checked(_header, "^[A-Za-z0-9-]+$")]
GroupBy = Annotated[list[str], AfterValidator(_group_by)]
RecurrenceText = Annotated[str, *_plain(_rrule, pattern=r"FREQ=", examples=["FREQ=MONTHLY;BYDAY=1SU"])]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}$")]
Names = Annotated[dict[Language, str], Field(min_length=1)]
