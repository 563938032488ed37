"""`receiver logs check FILE`: whether a service's log follows docs/logging.md. Used by every team in its own build; needs no setting and no service."""

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from receiver.cli.usage import Commands, add_command, add_group, add_json

LEVELS = ("trace", "debug", "info", "warning", "warn", "error", "critical", "fatal")
LONGEST = 32_000
# Top-level names of the Elastic Common Schema that services use, and `metadata`, where Elastic's formatter for .NET puts values that are no text;
# a service's own fields live under its own name or `labels`.
ECS = frozenset(
    "@timestamp agent client cloud container data_stream destination dns ecs error event faas file geo group host http labels log message metadata network "
    "observer organization orchestrator package process rule server service source span tags threat tls trace transaction url user user_agent".split()
)
_TRACE, _SPAN = re.compile(r"[0-9a-f]{32}"), re.compile(r"[0-9a-f]{16}")
_FORBIDDEN_NAMES = re.compile(
    r"(?i)(?:^|[._-])(?:password|passwd|pwd|secret|api_?key|authorization|cookie|set-cookie|card_?number|cvv|cvc|passport|access_token|refresh_token)$"
)
_SECRETS = (
    (re.compile(r"(?i)\bbearer\s+[a-z0-9._~+/-]{16,}"), "a bearer token"),
    (re.compile(r"\b\d{6,}:[A-Za-z0-9_-]{30,}"), "a bot token"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"), "a JSON Web Token"),
    (re.compile(r"://[^/\s:@]+:[^/\s@]+@"), "a password in an address"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY"), "a private key"),
)
_CARD = re.compile(r"\b(?:\d[ -]?){13,19}\b")


@dataclass(frozen=True, kw_only=True, slots=True)
class LogFault:
    """One thing that is wrong with one line; `line` counts from 1."""

    line: int
    field: str
    message: str
    hint: str


def add_parser(commands: Commands) -> None:
    """Add `logs` with its verb."""
    verbs = add_group(commands, "logs", "check logs against the logging standard")
    check = add_command(
        verbs, "check", "say what is wrong with each line of a log, and what to do", "logs check service.log",
        more="Reads JSON lines by the logging standard (docs/logging.md): ECS fields, instants, levels, trace ids, nothing secret.",
        status="0 every line follows the standard, 1 some do not or the file cannot be read, 2 wrong usage",
    )  # fmt: skip
    check.add_argument("file", metavar="FILE", help="a log file; - reads standard input")
    add_json(check, "print one JSON object with every fault")


def run(args: argparse.Namespace) -> int:
    """Check and print; 1 on any fault, on an empty log, and on a file that cannot be read."""
    try:
        text = sys.stdin.buffer.read() if args.file == "-" else Path(args.file).read_bytes()
    except OSError as fault:
        sys.stderr.write(f"{args.file} cannot be read: {fault.strerror}\n")
        return 1
    lines = text.decode("utf-8", "replace").split("\n")
    count = sum(1 for line in lines if line.strip())
    faults = list(check_lines(lines))
    if not count:
        faults.append(LogFault(line=1, field="", message="there is no line", hint="let the service log something first"))
    _print(args, count, faults)
    return 1 if faults else 0


def check_lines(lines: Iterable[str]) -> Iterator[LogFault]:
    """Every fault of every line that is not empty."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield from (LogFault(line=number, field=f, message=m, hint=h) for f, m, h in _check(line))


def _print(args: argparse.Namespace, count: int, faults: list[LogFault]) -> None:
    if args.json:
        sys.stdout.write(json.dumps({"ok": not faults, "lines": count, "faults": [asdict(f) for f in faults]}, ensure_ascii=False) + "\n")
        return
    name = "<stdin>" if args.file == "-" else args.file
    sys.stdout.write("".join(f"{name}:{f.line}: {f'{f.field}: ' if f.field else ''}{f.message}, {f.hint}\n" for f in faults))
    bad = len({fault.line for fault in faults})
    sys.stdout.write(f"{bad} of {count} lines do not follow the standard\n" if faults else f"ok: {count} lines follow the standard\n")


Found: TypeAlias = Iterator[tuple[str, str, str]]


def _check(line: str) -> Found:
    if len(line.encode()) > LONGEST:
        yield "", f"the line has {len(line.encode())} bytes", f"keep it within {LONGEST}: shippers cut or drop longer ones"
    try:
        event = json.loads(line)
    except ValueError as fault:
        yield "", f"this is not JSON ({fault})", "write one JSON object per line; a stack trace belongs into error.stack_trace"
        return
    if not isinstance(event, dict):
        yield "", "this is not a JSON object", "write one JSON object per line"
        return
    fields = dict(_flat(event))
    yield from _required(fields)
    yield from _ids(fields)
    yield from _names(event)
    yield from _secrets(fields)


def _flat(value: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Fields by their dotted names; nested and dotted spellings are the same to Elasticsearch."""
    for name, inner in value.items():
        if isinstance(inner, dict):
            yield from _flat(inner, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", inner


def _required(fields: dict[str, Any]) -> Found:
    yield from _instant(fields.get("@timestamp"))
    level = fields.get("log.level")
    if level is None:
        yield "log.level", "missing", f"one of {', '.join(LEVELS)}"
    elif str(level).lower() not in LEVELS:
        yield "log.level", f"{level} is no level", f"one of {', '.join(LEVELS)}"
    for name, hint in (
        ("message", "say in one sentence what happened"),
        ("ecs.version", "the formatter of your language sets it (docs/logging.md)"),
        ("service.name", "the id of the service in routing_rules/services.yaml"),
    ):
        if not isinstance(fields.get(name), str) or not fields[name].strip():
            yield name, "missing or empty", hint
    if str(level).lower() in ("error", "critical", "fatal") and "error.type" in fields and "error.message" not in fields:
        yield "error.message", "missing beside error.type", "give the exception's own text"


def _instant(value: Any) -> Found:
    hint = "RFC 3339 with a zone: 2026-11-23T03:02:00.123Z"
    if value is None:
        yield "@timestamp", "missing", hint
        return
    try:
        is_aware = datetime.fromisoformat(str(value)).tzinfo is not None
    except ValueError:
        yield "@timestamp", f"{value} is no instant", hint
        return
    if not is_aware:
        yield "@timestamp", f"{value} has no zone", hint


def _ids(fields: dict[str, Any]) -> Found:
    for name, pattern, size in (("trace.id", _TRACE, 32), ("transaction.id", _SPAN, 16), ("span.id", _SPAN, 16)):
        value = fields.get(name)
        if value is not None and not (isinstance(value, str) and pattern.fullmatch(value)):
            yield name, f"{value} is not an id of W3C Trace Context", f"{size} hexadecimal digits, lower case"
    if "span.id" in fields and "trace.id" not in fields:
        yield "trace.id", "missing beside span.id", "write both, so that a log line leads to its trace"


def _names(event: dict[str, Any]) -> Found:
    service = event.get("service")
    own = str((service.get("name") if isinstance(service, dict) else None) or event.get("service.name") or "")
    # A service keeps its own fields under its name, whole or its last word: incident-receiver writes `receiver.*`.
    allowed = ECS | {own, own.replace("-", "_"), own.rsplit("-", 1)[-1]}
    for name in event:
        if name.split(".")[0] not in allowed:
            yield name, "is no field of ECS", f"use the ECS field, or put it under labels.{name} or {own or 'your service'}.{name}"
    for name in ("service", "error", "host", "http", "log", "process", "span", "trace", "url", "user"):
        if name in event and not isinstance(event[name], dict):
            yield (
                name,
                "is a group of fields in ECS, here it is a value",
                f"write {name}.name or another field of the group: Elasticsearch refuses the document otherwise",
            )


def _secrets(fields: dict[str, Any]) -> Found:
    for name, value in fields.items():
        if _FORBIDDEN_NAMES.search(name) and value not in (None, "", "***"):
            yield name, "must never be logged", "leave it out, or write ***"
        for text in value if isinstance(value, list) else (value,):
            found = next((what for pattern, what in _SECRETS if isinstance(text, str) and pattern.search(text)), None)
            if found or (isinstance(text, str) and any(_is_card(match[0]) for match in _CARD.finditer(text))):
                yield name, f"holds {found or 'the number of a card'}", "mask it before it reaches the logger"


def _is_card(text: str) -> bool:
    """Whether the digits have a card's check digit (Luhn)."""
    digits = [int(c) for c in text if c.isdigit()]
    doubled = [d if n % 2 == 0 else (2 * d - 9 if d > 4 else 2 * d) for n, d in enumerate(reversed(digits))]
    return 13 <= len(digits) <= 19 and len(set(digits)) > 1 and sum(doubled) % 10 == 0
