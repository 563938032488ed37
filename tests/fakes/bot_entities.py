"""Telegram's HTML as the server reads it: allowed tags, nesting, its words for what is wrong."""

import html
import re

TAGS = {"b", "strong", "i", "em", "u", "s", "code", "pre", "blockquote", "a"}
_TAG = re.compile(r"<(/?)([a-zA-Z]*)((?:\s[^<>]*)?)>|<")


class BadEntitiesError(Exception):
    """What the server says about markup it can't read."""


def parse_entities(markup: str) -> str:
    """The visible text; raises with the server's words for unknown, unopened or unclosed tags."""
    opened: list[str] = []
    for tag in _TAG.finditer(markup):
        name = (tag[2] or "").lower()
        if name not in TAGS:
            raise BadEntitiesError(f'Unsupported start tag "{name}" at byte offset {tag.start()}')
        if not tag[1]:
            opened.append(name)
        elif not opened or opened.pop() != name:
            raise BadEntitiesError(f"Unexpected end tag at byte offset {tag.start()}")
    if opened:
        raise BadEntitiesError(f'Can\'t find end tag corresponding to start tag "{opened[-1]}"')
    return html.unescape(re.sub(r"<[^>]*>", "", markup))
