"""Wrong configurations: a good base directory under the few files that differ from it. `removed.txt` names files of the base that are missing.

`python -m tests.rules.overlay` writes every expected text anew; read the difference before it is committed.
"""

import contextlib
import io
import shutil
import tempfile
from pathlib import Path

from receiver.cli.rules import check

GOLDEN = Path(__file__).parents[1] / "golden" / "rules"
BASE = GOLDEN / "_base"
CASES = sorted(path.name for path in GOLDEN.iterdir() if path.is_dir() and path != BASE)


def overlay(case: str, directory: Path) -> Path:
    """Lay a case over the base, in `directory`, which is returned."""
    shutil.copytree(BASE, directory, dirs_exist_ok=True)
    shutil.copytree(GOLDEN / case, directory, dirs_exist_ok=True)
    removed = directory / "removed.txt"
    for name in removed.read_text().split() if removed.exists() else ():
        (directory / name).unlink()
    return directory


def main() -> None:
    for case in CASES:
        said = io.StringIO()
        with tempfile.TemporaryDirectory() as directory, contextlib.redirect_stdout(said):
            check(overlay(case, Path(directory)), False, is_strict=case.startswith("strict-"))
        (GOLDEN / case / "expected.txt").write_text(said.getvalue(), "utf-8")


if __name__ == "__main__":
    main()
