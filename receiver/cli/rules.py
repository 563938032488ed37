"""`receiver rules check`: says everything that is wrong with a rules directory."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from receiver.clock import SystemClock
from receiver.core.route import RouteNode
from receiver.core.rulebook import RuleBook
from receiver.rules.imported import coverage, import_calendars
from receiver.rules.load import RulesError, load_rules


def check(directory: Path, as_json: bool, now: datetime | None = None) -> int:
    """Print the faults, or a line that starts with `ok:` and the remarks; 1 when there is any fault, else 0.

    `now` is the instant schedules are looked at from, this one when left out. Calendars that lie elsewhere are not asked.
    """
    try:
        book = load_rules(directory)
    except RulesError as error:
        if as_json:
            _print_json({"ok": False, "faults": [asdict(fault) for fault in error.faults]})
        else:
            _print("".join(f"{fault.render()}\n" for fault in error.faults))
        return 1
    at = now or SystemClock().now()
    found = import_calendars(book, lambda _: None, at)
    notes = [*book.notes, *found.notes, *coverage(found.book, at)]
    counts = _counts(book)
    if as_json:
        _print_json({"ok": True, "version": book.version, "notes": notes, **counts})
    else:
        _print("".join(f"note: {note}\n" for note in notes))
        _print(f"ok: {', '.join(f'{number} {what}' for what, number in counts.items())}, version {book.version}\n")
    return 0


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


def _print_json(content: Mapping[str, Any]) -> None:
    _print(json.dumps(content, ensure_ascii=False, indent=1) + "\n")
