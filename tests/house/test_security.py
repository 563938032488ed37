"""docs/security.md promises tests by name: they are there, and every line of its tables has one."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROWS = [line for line in (ROOT / "docs" / "security.md").read_text("utf-8").splitlines() if line.startswith("| ") and "---" not in line]


def test_every_line_names_tests_and_each_of_them_exists():
    there = {name for path in (ROOT / "tests").rglob("test_*.py") for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text("utf-8"), re.M)}
    rows = [row for row in ROWS if not row.startswith(("| threat", "| what"))]
    assert len(rows) == 23
    for row in rows:
        named = re.findall(r"`(test_\w+)`", row.rsplit("|", 2)[1])
        assert named, row
        assert set(named) <= there, f"{set(named) - there} of {row[:60]}"
