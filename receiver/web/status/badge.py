"""Badges (SVG) to put on other pages: a name from notices.yaml and a word of ours, never anything from a request. Pure; called by `document`."""

from html import escape

from receiver.core.notice import Impact

# Both halves have a contrast of 4.5:1 and more against white.
_COLOURS = {
    Impact.OPERATIONAL: "#15803d",
    Impact.UNDER_MAINTENANCE: "#1d4ed8",
    Impact.DEGRADED_PERFORMANCE: "#a16207",
    Impact.PARTIAL_OUTAGE: "#c2410c",
    Impact.MAJOR_OUTAGE: "#b91c1c",
}
_LETTER = 7.2  # of the wider of the usual fonts, so that nothing is cut


def badge(name: str, word: str, impact: Impact) -> bytes:
    """Name on the left, state on the right."""
    left, right = (round(len(text) * _LETTER) + 16 for text in (name, word))
    label = escape(f"{name}: {word}", quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="22" role="img" aria-label="{label}"><title>{label}</title>'
        f'<rect width="{left}" height="22" fill="#3f3f46"/><rect x="{left}" width="{right}" height="22" fill="{_COLOURS[impact]}"/>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11.500" text-anchor="middle">'
        f'<text x="{left / 2}" y="15" textLength="{left - 14}" lengthAdjust="spacingAndGlyphs">{escape(name)}</text>'
        f'<text x="{left + right / 2}" y="15" textLength="{right - 14}" lengthAdjust="spacingAndGlyphs">{escape(word)}</text></g></svg>'
    ).encode()
