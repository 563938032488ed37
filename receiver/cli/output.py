"""What commands print: one JSON document, or a table. Used by each file of `cli` that lists something."""

import json
import sys
from typing import Any


def print_json(found: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=2) + "\n")


def print_table(rows: list[dict[str, Any]], columns: tuple[str, ...], empty: str) -> None:
    """Rows under the names of their columns; where there are none, the sentence that says what to do."""
    if not rows:
        sys.stdout.write(f"{empty}\n")
        return
    cells = [[_cell(row.get(c))[:60] for c in columns] for row in rows]
    widths = [max(len(c), *(len(r[i]) for r in cells)) for i, c in enumerate(columns)]
    for line in [list(columns), *cells]:
        sys.stdout.write("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() + "\n")


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    return "" if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value)
