"""Wrong configurations: a good base directory under the few files that differ from it. `removed.txt` names files of the base that are missing."""

import shutil
from pathlib import Path

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
