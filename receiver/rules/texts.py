"""Checks of what stands inside texts: link templates, paths of generic bodies, names used by examples."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from receiver.rules.checks import find
from receiver.rules.faults import suggest
from receiver.rules.yaml import Document

Documents = Mapping[str, Document]
LINK_VARIABLES = ("service", "environment", "alertname", "trace_id", "from_ms", "to_ms", "from_us", "to_us", "from_iso", "to_iso")
_SLOT = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_WEB = re.compile(r"https?://[^\s/@{}]+(?:/\S*)?")
_BODY_PATH = re.compile(r"\$(?:\.[A-Za-z_][\w-]*|\['[^']+'\]|\[\*\]|\[\d+\])*", re.ASCII)
_LINKS = ("services/*/links", "defaults/links")
_BODY_PATHS = ("alerts", "status/path", "labels/*", "annotations/*", "starts_at", "ends_at")


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """Values at `pattern` of an example must be names at `target` of `file`."""

    pattern: str
    what: str
    file: str
    target: str
    also: tuple[str, ...] = ()


_PLACES = (
    Named(pattern="examples/*/expect/route", what="route", file="routes.yaml", target="route/**/id"),
    Named(pattern="examples/*/expect/paged/*", what="person", file="people.yaml", target="people/*"),
    Named(pattern="examples/*/expect/customers/component", what="component", file="notices.yaml", target="components/*", also=("affected",)),
)


def check_texts(documents: Documents) -> None:
    """Note links nobody could open, paths nobody could follow, and examples about things that are not there."""
    whole = {name: document for name, document in documents.items() if document.is_whole}
    if "services.yaml" in whole:
        _check_links(whole["services.yaml"])
    if "sources.yaml" in whole:
        _check_paths(whole["sources.yaml"])
    for name, document in whole.items():
        if name.startswith("examples/"):
            for place in _PLACES:
                _check_named(document, place, whole.get(place.file))


def _check_links(document: Document) -> None:
    for pattern in _LINKS:
        for path, link in find(document.tree, f"{pattern}/*"):
            if not isinstance(link, str):
                continue
            wrong = [slot for slot in _SLOT.findall(link) if slot.strip() not in LINK_VARIABLES or slot != f" {slot.strip()} "]
            if wrong:
                word = wrong[0].strip()
                hint = f"write {{{{ {word} }}}} with one space on each side" if word in LINK_VARIABLES else suggest(word, LINK_VARIABLES)
                document.fault_at(path, f"a link cannot hold {{{{{wrong[0]}}}}}", hint)
            elif re.match(r"[a-z+]*:?//[^/]*@", link):
                document.fault_at(path, "this address holds a password", "remove what stands before @, those who follow the link log in themselves")
            elif not _WEB.fullmatch(_SLOT.sub("x", link)):
                document.fault_at(path, f'"{link}" is not a web address', "write it like https://wiki.example/runbooks/{{ alertname }}")


def _check_paths(document: Document) -> None:
    for pattern in _BODY_PATHS:
        for path, text in find(document.tree, f"sources/*/mapping/{pattern}"):
            if isinstance(text, str) and not _BODY_PATH.fullmatch(text):
                document.fault_at(path, f'"{text}" is not a path into the body', "write it like $.state or $.events[*]")


def _check_named(document: Document, place: Named, target: Document | None) -> None:
    if target is None:
        return
    known = set(_names(target, place.target))
    for path, value in find(document.tree, place.pattern):
        if known and isinstance(value, str) and value not in {*known, *place.also}:
            document.fault_at(path, f'there is no {place.what} "{value}" in {place.file}', suggest(value, known))


def _names(document: Document, target: str) -> Iterator[str]:
    for path, value in find(document.tree, target):
        name: Any = value if target.endswith("/id") else path[-1]
        if isinstance(name, str):
            yield name
