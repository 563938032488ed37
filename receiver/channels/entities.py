"""Telegram's HTML as its server reads it: what it would refuse, said before it is sent. Used by `template_render`."""

import re
from dataclasses import dataclass

TAGS = frozenset(("b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "code", "pre", "blockquote", "a"))
_NAMED = frozenset(("lt", "gt", "amp", "quot"))
_TOKEN = re.compile(r"<(?P<end>/?)(?P<name>[a-zA-Z][a-zA-Z0-9-]*)(?P<rest>[^<>]*)>|(?P<stray><)|&(?P<word>[a-zA-Z][a-zA-Z0-9]*);")
_HREF = re.compile(r'\s+href="(?:https?://|mailto:|tel:|tg://)[^"]+"')
_ATTRIBUTES = {"code": re.compile(r'(?:\s+class="language-[\w+-]+")?'), "blockquote": re.compile(r"(?:\s+expandable)?"), "a": _HREF}
_NOTHING = re.compile(r"\s*")


@dataclass(frozen=True, kw_only=True, slots=True)
class EntityProblem:
    """What the server would refuse, and where in the markup; `token` is the text there."""

    offset: int
    token: str
    message: str
    hint: str


def find_problem(markup: str) -> EntityProblem | None:
    """The first thing Telegram would refuse or show wrongly; none when the markup is right."""
    opened: list[str] = []
    for token in _TOKEN.finditer(markup):
        said = _judge(token, opened)
        if said is not None:
            return EntityProblem(offset=token.start(), token=token[0], message=said[0], hint=said[1])
    if opened:
        return EntityProblem(offset=len(markup), token=f"<{opened[-1]}", message=f"<{opened[-1]}> is never closed", hint=f"add </{opened[-1]}>")
    return None


def _judge(token: re.Match[str], opened: list[str]) -> tuple[str, str] | None:
    if token["stray"]:
        return "a < stands alone", "write &lt;"
    if token["word"]:
        return None if token["word"] in _NAMED else (f"&{token['word']}; is not known to Telegram", "write the character itself")
    name = token["name"]
    if name not in TAGS:
        return f"Telegram knows no <{name}>", f"use {', '.join(sorted(TAGS))}"
    if token["end"]:
        return _close(name, opened)
    if opened and opened[-1] in ("code", "pre") and (opened[-1], name) != ("pre", "code"):
        return f"<{name}> stands inside <{opened[-1]}>", "nothing may stand inside code"
    if name in opened and name in ("blockquote", "a"):
        return f"<{name}> stands inside <{name}>", "close the first one before"
    if not _ATTRIBUTES.get(name, _NOTHING).fullmatch(token["rest"]):
        hint = 'write <a href="https://…">' if name == "a" else f"write <{name}>"
        return f"<{name}{token['rest'][:40]}> has attributes Telegram does not know", hint
    opened.append(name)
    return None


def _close(name: str, opened: list[str]) -> tuple[str, str] | None:
    if not opened:
        return f"</{name}> closes nothing", "remove it, or open it before"
    if opened[-1] != name:
        return f"</{name}> stands where </{opened[-1]}> must", "close the last opened first"
    opened.pop()
    return None
