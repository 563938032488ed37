"""Telegram's arithmetic of text: UTF-16 units, and cutting where no entity and no character is split."""

import html
import re

LIMIT, CAPTION = 4096, 1024
_TOKEN = re.compile(r"<(/?)([a-z]+)(?:\s[^>]*)?>|&[a-zA-Z0-9#]+;|[^<&]", re.DOTALL)


def utf16_length(text: str) -> int:
    """How Telegram counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def visible_length(markup: str) -> int:
    """UTF-16 units that remain after the entities are parsed."""
    return utf16_length(plain_text(markup))


def plain_text(markup: str) -> str:
    """The text without its entities."""
    return html.unescape(re.sub(r"<[^>]*>", "", markup))


def cut_html(markup: str, limit: int = LIMIT, tail: str = "…") -> str:
    """At most `limit` visible units; open entities are closed, no character reference or surrogate pair is split."""
    if visible_length(markup) <= limit:
        return markup
    room, out, opened = limit - utf16_length(tail), [], list[str]()
    for token in _TOKEN.finditer(markup):
        text = token[0]
        if token[2]:
            if token[1]:
                opened.pop()
            else:
                opened.append(token[2])
        else:
            room -= utf16_length(html.unescape(text))
            if room < 0:
                break
        out.append(text)
    return "".join(out) + tail + "".join(f"</{name}>" for name in reversed(opened))


def cut_plain(text: str, limit: int = LIMIT, tail: str = "…") -> str:
    """At most `limit` units of text without entities; no surrogate pair is split."""
    if utf16_length(text) <= limit:
        return text
    units = text.encode("utf-16-le", "surrogatepass")[: 2 * (limit - utf16_length(tail))]
    return units.decode("utf-16-le", "ignore") + tail


def short_text(text: str, limit: int) -> str:
    """The first two lines: what is broken, and how bad since when. For places that take a few hundred characters."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return cut_plain("\n".join(lines[:2]), limit)
