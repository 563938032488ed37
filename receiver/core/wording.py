"""What changed between two texts, word by word: shown to whoever edits and to whoever must agree again. Pure."""

import difflib
import re
from dataclasses import dataclass
from typing import Literal

ALIKE = 0.5  # less than this in common is another text, not a changed one
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A stretch of text that stayed, came or went."""

    how: Literal["same", "added", "removed"]
    text: str


def diff(old: str, new: str) -> tuple[Piece, ...]:
    """Pieces in reading order; what went stands before what came in its place. Joined without what went they are the new text."""
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    pieces: list[Piece] = []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    if old and new and matcher.ratio() < ALIKE:
        return Piece(how="removed", text=old), Piece(how="added", text=new)
    for tag, a, b, c, d in matcher.get_opcodes():
        gone, come = "".join(before[a:b]), "".join(after[c:d])
        if tag == "equal":
            pieces.append(Piece(how="same", text=come))
            continue
        pieces += [Piece(how="removed", text=gone)] if gone else []
        pieces += [Piece(how="added", text=come)] if come else []
    return tuple(pieces)
