"""Checks of examples against the other files: the people who press and the destinations that are told must exist."""

from collections.abc import Mapping

from receiver.rules.checks import find
from receiver.rules.faults import suggest
from receiver.rules.yaml import Document, Path

FOLDER = "examples/"
_PEOPLE = ("examples/*/steps/*/acknowledge", "examples/*/steps/*/press/by")
_PLACES = ("examples/*/expect/destinations/*", "examples/*/expect/each/*/destinations/*")
_READERS = ("examples/*/expect/text/destination", "examples/*/expect/texts/*/destination")
_SERVICES = ("examples/*/expect/cause",)


def check_examples(documents: Mapping[str, Document]) -> None:
    """Note every name in an example that leads nowhere, and one that is used twice."""
    people, places = _names(documents, "people.yaml", "people"), _names(documents, "destinations.yaml", "destinations")
    services = _names(documents, "services.yaml", "services")
    for document in _examples(documents):
        for patterns, what, file, known in (
            (_PEOPLE, "person", "people.yaml", people),
            (_SERVICES, "service", "services.yaml", services),
            (_PLACES, "destination", "destinations.yaml", places),
            (_READERS, "destination", "destinations.yaml", None if people is None or places is None else places | people),
        ):
            found = [at for pattern in patterns for at in find(document.tree, pattern)]
            _check(document, found, what, file, known)
        counted = [((*path, name), name) for path, table in find(document.tree, "examples/*/expect/messages") if isinstance(table, dict) for name in table]
        _check(document, counted, "destination", "destinations.yaml", places)
        _check_twice(document)


def _examples(documents: Mapping[str, Document]) -> list[Document]:
    return [document for name, document in documents.items() if name.startswith(FOLDER) and document.is_whole]


def _names(documents: Mapping[str, Document], file: str, key: str) -> set[str] | None:
    document = documents.get(file)
    if document is None or not document.is_whole:
        return None
    return {name for _, table in find(document.tree, key) if isinstance(table, dict) for name in table}


def _check(document: Document, found: list[tuple[Path, object]], what: str, file: str, known: set[str] | None) -> None:
    for path, value in found:
        if known is not None and isinstance(value, str) and value not in known:
            document.fault_at(path, f'there is no {what} "{value}" in {file}', suggest(value, known))


def _check_twice(document: Document) -> None:
    seen: dict[str, Path] = {}
    for path, name in find(document.tree, "examples/*/name"):
        if isinstance(name, str) and seen.setdefault(name, path) != path:
            document.fault_at(path, f'an example named "{name}" is already on line {document.marks[seen[name]][0]}', "give each its own name")
