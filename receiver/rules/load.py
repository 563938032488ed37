"""Loads a rules directory into a `RuleBook`, or says everything that is wrong with it at once."""

import hashlib
import stat
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from receiver.core.rulebook import RuleBook
from receiver.rules.build import Files, build
from receiver.rules.checks import check_accounts, check_collections, check_names, check_routes, remarks, unreachable
from receiver.rules.complaints import report
from receiver.rules.example_checks import check_examples
from receiver.rules.faults import Fault, RulesError, suggest
from receiver.rules.relations import check_relations
from receiver.rules.schedules import read_calendar_files
from receiver.rules.schema import DestinationsFile, PeopleFile, RoutesFile
from receiver.rules.schema_escalation import EscalationFile
from receiver.rules.schema_examples import ExamplesFile
from receiver.rules.schema_later import MaintenanceFile
from receiver.rules.schema_notices import NoticesFile
from receiver.rules.schema_schedules import SchedulesFile
from receiver.rules.schema_services import ServicesFile
from receiver.rules.schema_sources import SourcesFile
from receiver.rules.texts import check_texts
from receiver.rules.times import check_times, uncovered
from receiver.rules.yaml import MAX_BYTES, Document, read_yaml

__all__ = ["FILES", "Fault", "Reading", "RulesError", "load_rules", "read_rules"]

FILES: dict[str, type[BaseModel]] = {
    "services.yaml": ServicesFile,
    "sources.yaml": SourcesFile,
    "people.yaml": PeopleFile,
    "destinations.yaml": DestinationsFile,
    "schedules.yaml": SchedulesFile,
    "escalation.yaml": EscalationFile,
    "routes.yaml": RoutesFile,
    "notices.yaml": NoticesFile,
    "maintenance.yaml": MaintenanceFile,
}
REQUIRED = ("routes.yaml", "destinations.yaml", "people.yaml")
_MOST_FILES = 1_000
_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A rule book with the files it was made of: `models` validated, `documents` with the place of every value."""

    book: RuleBook
    documents: Mapping[str, Document]
    models: Mapping[str, BaseModel]


def load_rules(directory: Path) -> RuleBook:
    """Read and check every file; raises `RulesError` with all the faults, by file and line."""
    return read_rules(directory).book


def read_rules(directory: Path) -> Reading:
    """The same, with the files; raises `RulesError`."""
    faults: list[Fault] = []
    documents: dict[str, Document] = {}
    digest = hashlib.sha256()
    for name, raw in _read_all(directory, faults):
        digest.update(b"%d:%b%d:" % (len(name.encode()), name.encode(), len(raw)) + raw)
        documents[name] = read_yaml(name, raw)
    models = {name: model for name, document in documents.items() if (model := _validate(document)) is not None}
    calendars = _calendars(directory, models, documents)
    for name, raw in sorted(calendars.items()):
        digest.update(b"%d:%b%d:" % (len(name.encode()), name.encode(), len(raw)) + raw)
    check_names(documents)
    check_collections(documents)
    check_examples(documents)
    for name, check in (("routes.yaml", check_routes), ("people.yaml", check_accounts)):
        if name in documents and documents[name].is_whole:
            check(documents[name])
    for check_all in (check_relations, check_times, check_texts):
        check_all(documents)
    faults += [fault for document in documents.values() for fault in document.faults]
    if faults:
        raise RulesError(tuple(sorted(dict.fromkeys(faults), key=lambda fault: (fault.file, fault.line, fault.column))))
    book = build(digest.hexdigest()[:12], _files(models, calendars), documents, tuple(remarks(documents)))
    warnings = (*unreachable(documents["routes.yaml"]), *uncovered(documents))
    return Reading(book=replace(book, notes=(*book.notes, *warnings), warnings=warnings), documents=documents, models=models)


def _read_all(directory: Path, faults: list[Fault]) -> list[tuple[str, bytes]]:
    """Read what there is, in the order of names; a stranger among the files is a fault, for it would be silently ignored."""
    try:
        paths = [path for path in directory.iterdir() if _is_rules(path)]
        paths += [path for path in directory.glob("[!.]*/*") if _is_rules(path)]
    except OSError as error:
        hint = "give the directory that holds routes.yaml"
        faults.append(Fault(file=str(directory), line=1, column=1, message=f"cannot be read ({error.strerror})", hint=hint))
        return []
    names = {path.relative_to(directory).as_posix() for path in paths}
    hint = "add it; the shipped routing_rules/ holds a sample"
    faults += [Fault(file=name, line=1, column=1, message="the file is missing", hint=hint) for name in sorted(set(REQUIRED) - names)]
    if len(paths) > _MOST_FILES:
        faults.append(Fault(file="examples", line=1, column=1, message="there are too many files", hint=f"keep {_MOST_FILES}"))
        return []
    found = ((name, _read(directory, name, faults)) for name in sorted(names))
    return [(name, raw) for name, raw in found if raw is not None]


def _is_rules(path: Path) -> bool:
    return path.suffix.lower() in (".yaml", ".yml") and not path.name.startswith(".")


def _read(directory: Path, name: str, faults: list[Fault]) -> bytes | None:
    path = directory / name
    try:
        complaint = _misplaced(directory, name)
        if complaint is None:
            with path.open("rb") as stream:
                return stream.read(MAX_BYTES + 1)
    except OSError as error:
        complaint = (f"cannot be read ({error.strerror})", "remove the link" if path.is_symlink() else "check its permissions")
    faults.append(Fault(file=name, line=1, column=1, message=complaint[0], hint=complaint[1]))
    return None


def _misplaced(directory: Path, name: str) -> tuple[str, str] | None:
    """Say why this is not a file of rules: its name, its place or what it is. Links that stay inside are how mounted configuration comes."""
    path = directory / name
    if not _is_expected(name):
        return "no file of this name is read", _right_name(name)
    if not path.resolve(strict=True).is_relative_to(directory.resolve()):
        return "this link leads out of the rules directory", "put the file itself here"
    if not stat.S_ISREG(path.stat().st_mode):
        return "this is not a file", "put a file here, or remove it"
    return None


def _right_name(name: str) -> str:
    stem, _, _ = name.rpartition(".")
    if name.startswith("examples/"):
        return f'name it "{stem}.yaml"'
    folder, _, inner = name.rpartition("/")
    if folder:
        return (
            f'move it to "{inner}", or to examples/ if it is an example'
            if inner in FILES
            else "examples stand in examples/, everything else beside routes.yaml"
        )
    return suggest(name.lower(), FILES)


def _is_expected(name: str) -> bool:
    return name in FILES or (name.startswith("examples/") and name.endswith(".yaml"))


def _validate(document: Document) -> BaseModel | None:
    if not document.is_whole:
        return None
    model = FILES.get(document.file, ExamplesFile)
    if document.tree is None:
        document.fault((1, 1), "the file is empty", "begin it with version: 1, or remove it")
        return None
    try:
        return model.model_validate(document.tree)
    except ValidationError as error:
        report(document, model, error)
        return None


def _calendars(directory: Path, models: dict[str, BaseModel], documents: dict[str, Document]) -> dict[str, bytes]:
    file = _take(models, "schedules.yaml", SchedulesFile)
    return {} if file is None else read_calendar_files(directory, file, documents["schedules.yaml"])


def _files(models: dict[str, BaseModel], calendars: dict[str, bytes]) -> Files:
    return Files(
        routes=_need(models, "routes.yaml", RoutesFile),
        destinations=_need(models, "destinations.yaml", DestinationsFile),
        people=_need(models, "people.yaml", PeopleFile),
        services=_take(models, "services.yaml", ServicesFile),
        sources=_take(models, "sources.yaml", SourcesFile),
        maintenance=_take(models, "maintenance.yaml", MaintenanceFile),
        notices=_take(models, "notices.yaml", NoticesFile),
        schedules=_take(models, "schedules.yaml", SchedulesFile),
        escalation=_take(models, "escalation.yaml", EscalationFile),
        calendars=calendars,
    )


def _take(models: dict[str, BaseModel], name: str, kind: type[_Model]) -> _Model | None:
    model = models.get(name)
    return model if isinstance(model, kind) else None


def _need(models: dict[str, BaseModel], name: str, kind: type[_Model]) -> _Model:
    model = _take(models, name, kind)
    if model is None:
        raise RulesError((Fault(file=name, line=1, column=1, message="the file is missing", hint="add it"),))
    return model
