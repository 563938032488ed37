"""`receiver rules`: `check` says everything that is wrong with rules and templates, `schema` writes what editors check by."""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from receiver.channels.template_check import check_templates
from receiver.cli.output import print_json
from receiver.cli.usage import Commands, add_command, add_group, add_json
from receiver.clock import SystemClock
from receiver.core.route import RouteNode
from receiver.core.rulebook import RuleBook
from receiver.rules.faults import Fault
from receiver.rules.imported import coverage, import_calendars
from receiver.rules.json_schema import SCHEMA_DIRECTORY, schema_texts
from receiver.rules.load import RulesError, load_rules
from receiver.settings import directory_of

VERBS = ("check", "schema")


def add_parser(commands: Commands) -> Commands:
    """Add `rules` with its verbs; returns the verbs, so that other files add theirs."""
    verbs = add_group(commands, "rules", "check, explain and try out the routing rules")
    one = add_command(
        verbs, "check", "validate rules and templates: every fault at once, with file:line:column", "rules check --strict",
        more="A line of it is `file:line:column: what is wrong, what to do`.",
        status="0 nothing is wrong, 1 there is a fault (with --strict also a warning), 2 wrong usage",
    )  # fmt: skip
    one.add_argument("directory", nargs="?", type=Path, metavar="DIR", help="the rules directory (default: RECEIVER_RULES_DIR)")
    one.add_argument("--templates", type=Path, metavar="DIR", help="the templates directory (default: RECEIVER_TEMPLATES_DIR, else the shipped one)")
    one.add_argument("--strict", action="store_true", help="exit 1 for warnings too: routes that are never taken, hours nobody covers")
    add_json(one, "print one JSON object with faults, warnings and notes")
    write = add_command(
        verbs, "schema", "write a JSON Schema for each rules file, for completion and checks in editors", "rules schema",
        more="The first line of each shipped file names its schema; editors that know YAML find it there.",
    )  # fmt: skip
    write.add_argument("--out", type=Path, metavar="DIR", help=f"where to write (default: {SCHEMA_DIRECTORY} in RECEIVER_RULES_DIR)")
    return verbs


def run(environ: Mapping[str, str], args: argparse.Namespace) -> int:
    """Run one of `VERBS`; needs no setting but where rules and templates are, so that it works wherever the files are edited."""
    if args.verb == "schema":
        return write_schemas(args.out or directory_of("routing_rules", environ) / SCHEMA_DIRECTORY)
    directory = args.directory or directory_of("routing_rules", environ)
    return check(directory, args.json, templates=args.templates or directory_of("message_templates", environ), is_strict=args.strict)


def check(directory: Path, as_json: bool, *, templates: Path | None = None, is_strict: bool = False, now: datetime | None = None) -> int:
    """Print the faults of rules and templates (none given: rules only), or a line that starts with `ok:`; 1 on any fault, else 0.

    `now` is the instant schedules are looked at from, this one when left out. Calendars that lie elsewhere are not asked.
    """
    book, faults = _load(directory)
    if templates is not None:
        faults += [Fault(**asdict(found)) for found in check_templates(templates)]
    warnings = book.warnings if book else ()
    notes = [*(note for note in book.notes if note not in warnings), *_on_call(book, now or SystemClock().now())] if book else []
    is_ok = not faults and not (is_strict and warnings)
    if as_json:
        facts: dict[str, Any] = {"version": book.version, **_counts(book)} if book and is_ok else {}
        print_json({"ok": is_ok, "faults": [asdict(fault) for fault in faults], "warnings": list(warnings), "notes": notes, **facts})
    else:
        _print("".join(f"{fault.render()}\n" for fault in faults))
        _print("".join(f"warning: {warning}\n" for warning in warnings))
        if book and is_ok:
            _print("".join(f"note: {note}\n" for note in notes))
            _print(f"ok: {', '.join(f'{number} {what}' for what, number in _counts(book).items())}, version {book.version}\n")
    return 0 if is_ok else 1


def write_schemas(directory: Path) -> int:
    """Write every schema into a directory, which is made when it is missing; 1 when it can't be written."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in schema_texts().items():
            (directory / name).write_text(text, "utf-8")
    except OSError as error:
        sys.stderr.write(f"{directory}: cannot be written ({error.strerror}), give another directory with --out\n")
        return 1
    _print(f"ok: {len(schema_texts())} schemas in {directory}\n")
    return 0


def _load(directory: Path) -> tuple[RuleBook | None, list[Fault]]:
    try:
        return load_rules(directory), []
    except RulesError as error:
        return None, list(error.faults)


def _on_call(book: RuleBook, now: datetime) -> tuple[str, ...]:
    found = import_calendars(book, lambda _: None, now)
    return (*found.notes, *coverage(found.book, now))


def _counts(book: RuleBook) -> Mapping[str, int]:
    return {
        "routes": _size(book.root),
        "destinations": len(book.destinations),
        "people": len(book.people),
        "services": len(book.services),
        "sources": len(book.sources),
    }


def _size(node: RouteNode) -> int:
    return 1 + sum(_size(child) for child in node.children)


def _print(text: str) -> None:
    sys.stdout.write(text)
