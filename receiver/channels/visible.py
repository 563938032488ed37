"""Text of alerts as people may safely see it: nothing hidden, nothing endless."""

import re
import unicodedata

LONGEST = 200
_HIDDEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)


def visible(text: str, longest: int = LONGEST) -> str:
    """One line, at most `longest` characters; control, bidi and zero-width characters are shown as ⟨U+202E⟩."""
    flat = " ".join(text[: longest * 4].split())
    shown = _HIDDEN.sub(lambda m: f"⟨U+{ord(m[0]):04X}⟩", flat)
    shown = unicodedata.normalize("NFC", shown)
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"
