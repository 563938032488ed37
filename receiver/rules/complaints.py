"""Turns pydantic's complaints into sentences that say what is wrong and what to do, each at its place."""

from collections.abc import Callable, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError
from pydantic_core import ErrorDetails

from receiver.rules.faults import suggest
from receiver.rules.schema import PLACES
from receiver.rules.yaml import Document, Path

Sentence = tuple[str, str]


def report(document: Document, model: type[BaseModel], error: ValidationError) -> None:
    """Note every complaint of one validation in the document's faults."""
    for detail in error.errors(include_url=False):
        if document.is_full:
            return
        kind = detail["type"]
        path = _path(document, (*detail["loc"], "channel") if kind.startswith("union_tag") else detail["loc"])
        message, hint = _SENTENCES.get(kind, _other)(document, path, detail)
        if kind == "extra_forbidden":
            word = str(detail["loc"][-1])
            hint = suggest(word, _known_keys(model, detail["loc"][:-1]))
            hint = hint if hint.startswith("did") else _HABITS.get(word, hint)
        document.fault_at(path, message, hint, key=kind == "extra_forbidden" or "[key]" in detail["loc"])


def _path(document: Document, loc: tuple[int | str, ...]) -> Path:
    """Keep the parts that stand in the file: names of union members and of missing keys do not."""
    path: Path = ()
    for part in loc:
        if (*path, part) in document.marks:
            path = (*path, part)
    return path


def _known_keys(model: Any, loc: tuple[int | str, ...]) -> list[str]:
    for part in loc:
        model = _inside(model, part)
    model = _bare(model)
    return [field.alias or name for name, field in model.model_fields.items()] if _is_model(model) else []


def _inside(annotation: Any, part: int | str) -> Any:
    kind = _bare(annotation)
    if _is_model(kind):
        found = [field.annotation for name, field in kind.model_fields.items() if (field.alias or name) == part]
        return found[0] if found else None
    if get_origin(kind) in (Union, UnionType):
        tagged = [member for member in get_args(kind) if Tag(str(part)) in getattr(member, "__metadata__", ())]
        return tagged[0] if tagged else None
    arguments = get_args(kind)
    return arguments[-1] if arguments else None


def _bare(annotation: Any) -> Any:
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, UnionType):
        members = [member for member in get_args(annotation) if member is not type(None)]
        if len(members) == 1:
            return _bare(members[0])
    return annotation


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _written(document: Document, path: Path, detail: ErrorDetails) -> str:
    if "[key]" in detail["loc"]:
        return str(detail["input"])
    if path in document.bare:
        return document.bare[path]
    value = detail["input"]
    return str(value) if isinstance(value, str | int | float) else ""


def _unknown_key(_document: Document, _path: Path, detail: ErrorDetails) -> Sentence:
    return f'unknown key "{detail["loc"][-1]}"', ""


def _missing(_document: Document, _path: Path, detail: ErrorDetails) -> Sentence:
    key = detail["loc"][-1]
    if key == "version":
        return "the version is missing", "begin the file with version: 1"
    if key == "fallback":
        return "there is no fallback", "add fallback: [NAME] with the destinations that get what cannot be routed or delivered"
    return f'key "{key}" is missing', f"add {key}: here"


def _text(document: Document, path: Path, detail: ErrorDetails) -> Sentence:
    written = _written(document, path, detail)
    if written and written not in ("~", "null"):
        return f"{written} is read as {_kind(detail['input'])}, not as text", f'write "{written}" in quotes'
    return f"this is {_kind(detail['input'])}, not text", "write a word or a text in quotes"


def _number(document: Document, path: Path, detail: ErrorDetails) -> Sentence:
    if isinstance(detail["input"], float):
        return f"{_written(document, path, detail)} is not a whole number", "write digits only"
    hint = "remove the quotes" if str(detail["input"]).lstrip("+-").isdigit() else "write digits only"
    return f"this is {_kind(detail['input'])}, not a whole number", hint


def _flag(_document: Document, _path: Path, detail: ErrorDetails) -> Sentence:
    return f"this is {_kind(detail['input'])}, not a yes or no", "write true or false, without quotes"


def _list(document: Document, path: Path, detail: ErrorDetails) -> Sentence:
    written = _written(document, path, detail)
    return f"this is {_kind(detail['input'])}, not a list", f"write [{written or 'one, two'}]"


def _mapping(_document: Document, _path: Path, detail: ErrorDetails) -> Sentence:
    return f"this is {_kind(detail['input'])}, not a mapping", "write keys and values, like {key: value}"


def _literal(document: Document, path: Path, detail: ErrorDetails) -> Sentence:
    written = _written(document, path, detail)
    expected = str(detail.get("ctx", {}).get("expected", ""))
    choices = [word.strip("'") for word in expected.replace(" or ", ", ").split(", ")]
    if choices == ["1"] and isinstance(detail["input"], str):
        return "the version is text, not a number", "write version: 1 without quotes"
    if choices == ["1"]:
        return f"version {written or '?'} is not known", "write version: 1"
    return f'"{written}" is not possible here', suggest(written, choices)


def _channel(_document: Document, _path: Path, detail: ErrorDetails) -> Sentence:
    value = detail["input"]
    if not isinstance(value, Mapping):
        return f"this is {_kind(value)}, not a destination", "write {channel: telegram, chat: NUMBER}, or {policy: NAME}"
    channel = value.get("channel")
    if isinstance(channel, str):
        return f'there is no channel "{channel}"', suggest(channel, PLACES)
    return "the destination names no channel", "add channel: telegram with its chat, or policy: NAME"


def _short(_document: Document, _path: Path, _detail: ErrorDetails) -> Sentence:
    return "this is empty", "give at least one, or remove the key"


def _no_text(_document: Document, _path: Path, _detail: ErrorDetails) -> Sentence:
    return "this is empty", "write a text here"


def _pattern(document: Document, path: Path, detail: ErrorDetails) -> Sentence:
    pattern = str(detail.get("ctx", {}).get("pattern", ""))
    written = _written(document, path, detail)
    if pattern == "^[a-z]{2}$":
        return f'"{written}" is not a language', "write two letters, like en or ru"
    if pattern == "^FREQ=":
        return f'"{written}" is not a recurrence rule', "write it as iCalendar does, like FREQ=MONTHLY;BYDAY=1SU"
    return f'"{written}" does not look right', f"it must match {pattern}"


def _range(_document: Document, _path: Path, detail: ErrorDetails) -> Sentence:
    (limit, value), *_ = detail.get("ctx", {}).items()
    bounds = {"gt": f"more than {value}", "ge": f"{value} or more", "lt": f"less than {value}", "le": f"{value} or less"}
    return f"{detail['input']} is {'too small' if limit in ('gt', 'ge') else 'too large'}", f"write {bounds[limit]}"


def _own(_document: Document, _path: Path, detail: ErrorDetails) -> Sentence:
    context = detail.get("ctx", {})
    return str(context.get("message", "")), str(context.get("hint", ""))


def _other(_document: Document, _path: Path, detail: ErrorDetails) -> Sentence:
    return detail["msg"][:1].lower() + detail["msg"][1:], "see the sample of this file in the documentation"


def _kind(value: Any) -> str:
    names = ((bool, "true or false"), (int | float, "a number"), (str, "text"), (list, "a list"), (dict, "a mapping"))
    return next((name for kind, name in names if isinstance(value, kind)), "empty")


_HABITS = {  # words people bring along from Alertmanager
    "receiver": "write destinations: [NAME]",
    "receivers": "write destinations: in destinations.yaml",
    "match": "write matchers: ['name=\"value\"']",
    "match_re": "write matchers: ['name=~\"expression\"']",
    "repeat_interval": "remove it, the message stays in place and is edited",
    "group_interval": "remove it, changes are shown at once in the same message",
    "active_time_intervals": "write active: [WINDOW]",
    "mute_time_intervals": "write active: [WINDOW] with the hours the route does hold",
}
_SENTENCES: dict[str, Callable[[Document, Path, ErrorDetails], Sentence]] = {
    "extra_forbidden": _unknown_key,
    "missing": _missing,
    "string_type": _text,
    "int_type": _number,
    "bool_type": _flag,
    "list_type": _list,
    "dict_type": _mapping,
    "model_type": _mapping,
    "literal_error": _literal,
    "union_tag_not_found": _channel,
    "union_tag_invalid": _channel,
    "too_short": _short,
    "string_too_short": _no_text,
    "string_pattern_mismatch": _pattern,
    "greater_than": _range,
    "greater_than_equal": _range,
    "less_than": _range,
    "less_than_equal": _range,
    "rules": _own,
}
