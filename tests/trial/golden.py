"""Expected texts kept as files; `UPDATE_GOLDEN=1` writes them."""

import os
from pathlib import Path


def check(path: Path, text: str) -> None:
    """The text is what the file says."""
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")
