"""Says everything that is wrong with a directory of templates: read, compiled, looked through, and tried on the worst samples in a child."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import TemplateSyntaxError, nodes

from receiver.channels.notice_texts import find_faults
from receiver.channels.render import FILES, LANGUAGES, make_environment, template_name
from receiver.channels.template_policy import refusals
from receiver.channels.template_render import BUDGET
from receiver.channels.template_samples import facts

_PATIENCE = 120  # seconds by the wall for one child; its own limits are far lower
_LARGEST_FILE = 64 << 10


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateFinding:
    """One fault of a template; line and column count from 1, the file is relative to the directory."""

    file: str
    line: int
    column: int
    message: str
    hint: str = ""
    source_line: str = ""


def check_templates(directory: Path) -> list[TemplateFinding]:
    """Every fault, by file and line; empty when all templates may be used."""
    sources, found = _read(directory)
    trees: dict[str, nodes.Template] = {}
    environment = make_environment(sources)
    for name, text in sources.items():
        try:
            trees[name] = environment.parse(text, name)
        except TemplateSyntaxError as error:
            line = min(error.lineno, text.count("\n") + 1)
            found.append(_finding(sources, name, line, f"this is not a template ({(error.message or '').rstrip('.')})", "see the tags on this line"))
    found += _strangers(trees, sources)
    for name, tree in trees.items():
        refused = refusals(tree, facts(name), frozenset(sources))
        found += [_finding(sources, name, one.line, one.message, one.hint, one.word) for one in refused]
    bad = {one.file for one in found}
    names = [name for name in _wanted() if name in trees and not ({name, *_included(name, trees)} & bad)]
    found += _tried(sources, names)
    found += [TemplateFinding(file=f"notices/{name}", line=line, column=1, message=what) for name, line, what in find_faults(directory)]
    return sorted(dict.fromkeys(found), key=lambda one: (one.file, one.line, one.column, one.message))


def _read(directory: Path) -> tuple[dict[str, str], list[TemplateFinding]]:
    sources: dict[str, str] = {}
    found: list[TemplateFinding] = []
    for name in sorted({*_wanted(), *(path.name for path in directory.glob("*.j2"))}):
        try:
            raw = (directory / name).read_bytes()
            if len(raw) > _LARGEST_FILE:
                found.append(_finding({}, name, 1, f"the file has {len(raw)} bytes", f"keep each template within {_LARGEST_FILE}"))
            else:
                sources[name] = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            line = raw[: error.start].count(b"\n") + 1
            found.append(_finding({}, name, line, "this byte is not UTF-8", "save the file as UTF-8"))
        except FileNotFoundError:
            found.append(_finding({}, name, 1, "the template is missing", "add it; every kind of message has one per language"))
        except OSError as error:
            found.append(_finding({}, name, 1, f"cannot be read ({error.strerror})", "put a file here that may be read"))
    return sources, found


def _wanted() -> list[str]:
    return [template_name(kind, language) for kind in FILES for language in LANGUAGES]


def _strangers(trees: Mapping[str, nodes.Template], sources: Mapping[str, str]) -> Iterator[TemplateFinding]:
    used = {*_wanted(), *(name for wanted in _wanted() if wanted in trees for name in _included(wanted, trees))}
    for name in trees:
        if name not in used:
            yield _finding(sources, name, 1, "no message uses this template", "name it like incident.en.html.j2, or include it in one that is used")


def _included(name: str, trees: Mapping[str, nodes.Template]) -> set[str]:
    """Files reached from a template by include, however deep."""
    found: set[str] = set()
    todo = [name]
    while todo:
        tree = trees.get(todo.pop())
        for node in tree.find_all(nodes.Include) if tree else ():
            inner = node.template.value if isinstance(node.template, nodes.Const) else None
            if isinstance(inner, str) and inner not in found:
                found.add(inner)
                todo.append(inner)
    return found


def _tried(sources: Mapping[str, str], names: list[str]) -> Iterator[TemplateFinding]:
    """Run the child; when it is killed over a template, say so and go on with the rest."""
    while names:
        words = [sys.executable, "-m", "receiver.channels.template_render", *names]
        try:
            done = subprocess.run(
                words, input=json.dumps(sources), capture_output=True, text=True, timeout=_PATIENCE, check=False, env={"PYTHONPATH": _package_root()}
            )
            output, code, errors = done.stdout, done.returncode, done.stderr
        except subprocess.TimeoutExpired as error:
            output, code, errors = (error.stdout or b"").decode() if isinstance(error.stdout, bytes) else "", -1, ""
        said = [json.loads(line) for line in output.splitlines()]
        for fault in (line["fault"] for line in said if "fault" in line):
            line = _line_of(sources[fault["file"]], fault["word"]) if fault["word"] else fault["line"]
            yield _finding(sources, fault["file"], line, fault["message"], fault["hint"], fault["word"])
        if code == 0:
            return
        name, sample = next((line["at"] for line in reversed(said) if "at" in line), (names[0], "before the first sample"))
        why = f"the template takes too long ({sample})" if code < 0 else f"it cannot be tried ({(errors.splitlines() or ['?'])[-1]})"
        yield _finding(sources, name, 1, why, f"one text has {int(BUDGET * 1000)} ms; remove loops inside loops")
        names = names[names.index(name) + 1 :]


def _line_of(text: str, word: str) -> int:
    """The first line on which a word stands, as far as it stands there as it is shown."""
    return next((number for number, line in enumerate(text.splitlines(), 1) if word in line), 1)


def _package_root() -> str:
    return str(Path(__file__).parents[2])


def _finding(sources: Mapping[str, str], file: str, line: int, message: str, hint: str, word: str = "") -> TemplateFinding:
    lines = sources.get(file, "").splitlines()
    text = lines[line - 1] if 0 < line <= len(lines) else ""
    at = re.search(rf"(?<!\w){re.escape(word)}(?!\w)|{re.escape(word)}", text) if word else None
    column = at.start() + 1 if at else len(text) - len(text.lstrip()) + 1
    return TemplateFinding(file=file, line=line, column=column, message=message, hint=hint, source_line=text)
