"""Runs `examples/*.yaml` of a rules directory: what the rules must do, written down by those who own them. Called by `cli.trial`."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from receiver.channels.base import Message
from receiver.channels.render import ServiceView, Templates
from receiver.core.plan import Kind
from receiver.core.rulebook import RuleBook
from receiver.rules.load import Reading
from receiver.rules.schema_examples import Example, ExamplesFile, ExpectedText
from receiver.trial.cases import Case, instant
from receiver.trial.world import Told

DEFAULT_AT = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)  # any fixed instant: an example without `at` does not care


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """How messages are rendered: the templates, and the language and zone of destinations that name none."""

    templates: Templates
    language: str
    timezone: str

    def message(self, told: Told, rules: RuleBook, language: str = "") -> Message:
        """One message as it would leave, without its buttons."""
        services = {name: ServiceView(names=one.names, links=rules.links_of(name)) for name, one in rules.services.items()}
        return self.templates.current.render(
            told.kind.value,
            told.incident,
            language=language or told.destination.language or self.language,
            timezone=told.destination.timezone or self.timezone,
            now=told.at,
            services=services,
            args=told.args,
            person=told.destination.person,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How one example went; `diff` is empty when all is as expected."""

    file: str
    line: int
    name: str
    diff: str


def run_examples(loaded: Reading, directory: Path, page: Page, *, update: bool = False) -> Iterator[Outcome]:
    """Every example of every file, in order; `update` writes expected texts instead of comparing them."""
    for file, model in loaded.models.items():
        if not isinstance(model, ExamplesFile):
            continue
        for index, example in enumerate(model.examples):
            line = loaded.documents[file].marks[("examples", index)][0]
            yield _run(loaded.book, example, instant_of(example, model, page.timezone), f"{file}:{line}", directory / "examples", page, update=update)


def instant_of(example: Example, file: ExamplesFile, zone: str) -> datetime:
    """When the example begins: its own `at`, else the file's, else a fixed noon; UTC."""
    text = example.at or file.at
    return instant(text, zone).astimezone(UTC) if text else DEFAULT_AT


def _run(rules: RuleBook, example: Example, at: datetime, where: str, texts: Path, page: Page, *, update: bool) -> Outcome:
    case = Case(rules, example, at)
    case.play()
    diff = _differ(_yaml(case.expected()), _yaml(case.actual()), f"{where} {example.name}: expected", "actual")
    for wanted in _texts(example):
        told = case.message(wanted.destination, Kind(wanted.kind))
        actual = page.message(told, rules, wanted.language).plain + "\n" if told else ""
        path = texts / wanted.file
        if update and actual:
            path.write_text(actual, "utf-8")
        expected = path.read_text("utf-8") if path.is_file() else ""
        diff += _differ(expected, actual, f"examples/{wanted.file} ({where} {example.name})", f"{wanted.kind} of {wanted.destination}")
        if not actual and not expected:
            diff += f"{where}: {wanted.destination} got no message of kind {wanted.kind}, and examples/{wanted.file} is missing or empty\n"
    file, _, line = where.rpartition(":")
    return Outcome(file=file, line=int(line), name=example.name, diff=diff)


def _texts(example: Example) -> list[ExpectedText]:
    return [*([example.expect.text] if example.expect.text else []), *example.expect.texts]


def _yaml(content: dict[str, Any]) -> str:
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=160) if content else ""


def _differ(expected: str, actual: str, before: str, after: str) -> str:
    lines = difflib.unified_diff(expected.splitlines(), actual.splitlines(), before, after, lineterm="", n=100)
    return "".join(f"{line}\n" for line in lines)


def prove(page: Page, directory: Path, reading: Reading) -> tuple[str, ...]:
    """The examples that do not hold, a line each: rules that break their own are not taken live."""
    failed = (one for one in run_examples(reading, directory, page) if one.diff)
    return tuple(f'{one.file}:{one.line}:1: the example "{one.name}" does not hold, `receiver rules test` shows the difference' for one in failed)
