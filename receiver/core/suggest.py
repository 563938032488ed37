"""What the writer of an unknown word may have meant. Used by `rules` and `channels`."""

import difflib
from collections.abc import Collection

_MOST_NAMES = 8
_MOST_COMPARED = 500  # comparing is slow; a file with many wrong names must not hold anybody
_LONGEST = 100


def suggest(word: str, known: Collection[str]) -> str:
    """Say what the writer may have meant, or what there is to choose from."""
    near = difflib.get_close_matches(word[:_LONGEST], sorted(known), n=1, cutoff=0.6) if len(known) <= _MOST_COMPARED else []
    if near:
        return f'did you mean "{near[0]}"?'
    names = sorted(known)
    if not names:
        return "none is defined"
    if len(names) == 1:
        return f'there is only "{names[0]}"'
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"choose one of {', '.join(names[:_MOST_NAMES])}{more}"
