"""A strict reader of YAML: plain values and where each stood. No anchors, aliases, tags or repeated keys.

Scalars follow YAML 1.2; a bare word that YAML 1.1 reads differently (`no`, `22:30`, `010`) is a fault, not a guess.
"""

import math
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from receiver.rules.faults import Fault

MAX_BYTES = 1 << 20
MAX_DEPTH = 50
MAX_FAULTS = 200
Path = tuple[str | int, ...]
Mark = tuple[int, int]  # line and column, both from 1

_AMBIGUOUS = re.compile(
    r"(?i:y|n|yes|no|on|off)|True|TRUE|False|FALSE"  # booleans to some readers
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"  # base sixty: 22:30
    r"|[-+]?0[0-9_]+|[-+]?0[xob][0-9a-fA-F_]+|[-+]?[0-9]+_[0-9_]*|[-+]?\.(?i:inf)|\.(?i:nan)"
)
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_LINE_BREAK = re.compile(r"\r\n|\r|\n|\x85|\u2028|\u2029")
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_LONGEST_NUMBER = 18
_CORE_TAGS = "tag:yaml.org,2002:"


@dataclass(kw_only=True)
class Document:
    """One file: its values, the place of every value and key, and bare scalars as they were written."""

    file: str
    lines: list[str]
    tree: Any = None
    marks: dict[Path, Mark] = field(default_factory=dict)
    keys: dict[Path, Mark] = field(default_factory=dict)
    bare: dict[Path, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    is_whole: bool = True

    @property
    def is_full(self) -> bool:
        """No further fault would be kept."""
        return len(self.faults) >= MAX_FAULTS

    def fault(self, mark: Mark, message: str, hint: str = "") -> None:
        """Note a fault at a place of this file; beyond the first 200 a list helps nobody."""
        if self.is_full:
            return
        line, column = mark
        if self.lines:  # the reader names the end of a file without a last line break as the line after it
            line, column = (line, column) if line <= len(self.lines) else (len(self.lines), len(self.lines[-1]) + 1)
        source_line = self.lines[line - 1] if self.lines else ""
        self.faults.append(Fault(file=self.file, line=line, column=column, message=message, hint=hint, source_line=source_line))

    def fault_at(self, path: Path, message: str, hint: str = "", *, key: bool = False) -> None:
        """Note a fault at a value, or at its key; a value that is not there is reported at what should hold it."""
        if self.is_full:
            return
        while path and path not in self.marks:
            path = path[:-1]
        mark = self.marks.get(path, (1, 1))
        place = self.keys.get(path, mark) if key else mark
        if all((known.line, known.column) != place for known in self.faults):  # the first complaint about a place explains the rest
            self.fault(place, message, hint)


class _Stop(Exception):  # noqa: N818 - never leaves this module
    """The rest of the file cannot be read."""


@dataclass(slots=True)
class _Open:
    """A collection whose end was not seen yet."""

    path: Path
    value: Any
    key: str | None = None
    skip: bool = False


def read_yaml(file: str, raw: bytes) -> Document:
    """Read one file; whatever is wrong with it is in `faults`, and `is_whole` is false when reading had to stop."""
    document = Document(file=file, lines=[])
    text = _decode(document, raw)
    if text is None:
        document.is_whole = False
        return document
    document.lines = re.split(_LINE_BREAK, text)  # what YAML calls a line, so that numbers agree
    try:
        _Builder(document).run(text)
    except _Stop:
        document.is_whole = False
    except yaml.MarkedYAMLError as error:
        document.is_whole = False
        _syntax_fault(document, error)
    except yaml.YAMLError:
        document.is_whole = False
        _character_fault(document, text)
    return document


def _character_fault(document: Document, text: str) -> None:
    found = yaml.reader.Reader.NON_PRINTABLE.search(text)
    before = re.split(_LINE_BREAK, text[: found.start()] if found else "")
    shown = f"U+{ord(found[0]):04X}" if found else "a character"
    document.fault((len(before), len(before[-1]) + 1), f"{shown} cannot stand in a file of YAML", "remove this invisible character")


def _decode(document: Document, raw: bytes) -> str | None:
    if len(raw) > MAX_BYTES:
        document.fault((1, 1), f"the file has {len(raw)} bytes", f"keep each file within {MAX_BYTES} bytes")
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = re.split(_LINE_BREAK, raw[: error.start].decode("utf-8-sig", "replace"))
        document.fault((len(before), len(before[-1]) + 1), "this byte is not UTF-8", "save the file as UTF-8")
        return None


def _mark(mark: Any) -> Mark:
    return (1, 1) if mark is None else (mark.line + 1, mark.column + 1)


def _syntax_fault(document: Document, error: yaml.MarkedYAMLError) -> None:
    mark = error.problem_mark or error.context_mark
    place = _mark(mark)
    problem = error.problem or "it cannot be read"
    hint = "check the indentation, the brackets and the quotes here and on the line above"
    if "tab" in problem or "cannot start any token" in problem:
        hint = "indent with spaces, and quote text that starts with a special character"
    document.fault(place, f"this is not YAML ({problem})", hint)


class _Builder:
    """Builds the tree from events, so that depth and anchors are refused before anything is built from them."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.stack: list[_Open] = []
        self.documents = 0

    def run(self, text: str) -> None:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            mark = _mark(event.start_mark)
            if isinstance(event, yaml.DocumentStartEvent):
                self._start_document(mark)
            elif isinstance(event, yaml.AliasEvent):
                self._refuse_alias(event, mark)
            elif isinstance(event, yaml.ScalarEvent):
                self._check_node(event, mark)
                self._scalar(event, mark)
            elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                self._check_node(event, mark)
                self._open(event, mark)
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                self.stack.pop()

    def _start_document(self, mark: Mark) -> None:
        self.documents += 1
        if self.documents > 1:
            self.document.fault(mark, "a second document starts here", "keep one document per file")
            raise _Stop

    def _refuse_alias(self, event: yaml.AliasEvent, mark: Mark) -> None:
        self.document.fault(mark, f"aliases (*{event.anchor}) are not allowed", "write the value out")
        if self._wants_key():
            self.stack[-1].key = _REPEATED
        else:
            self._place(None, mark)

    def _check_node(self, event: Any, mark: Mark) -> None:
        if event.anchor:
            self.document.fault(mark, f"anchors (&{event.anchor}) are not allowed", "write the value out where it is needed")
        if event.tag:
            self.document.fault(mark, f"tags ({event.tag.replace(_CORE_TAGS, '!!')}) are not allowed", "remove the tag")

    def _open(self, event: Any, mark: Mark) -> None:
        if len(self.stack) >= MAX_DEPTH:
            self.document.fault(mark, f"nesting is deeper than {MAX_DEPTH}", "flatten the file")
            raise _Stop
        value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        if self._wants_key():
            self.document.fault(mark, "a key is a list or a mapping", "keys are plain words")
            raise _Stop
        path, skip = self._place(value, mark)
        self.stack.append(_Open(path, value, skip=skip))

    def _wants_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1].value, dict) and self.stack[-1].key is None

    def _scalar(self, event: yaml.ScalarEvent, mark: Mark) -> None:
        if self._wants_key():
            self._key(event.value, mark)
            return
        is_bare = bool(event.implicit[0])
        value = self._resolve(event.value, mark) if is_bare else event.value
        path, skip = self._place(value, mark)
        if is_bare and not skip:
            self.document.bare[path] = event.value

    def _key(self, name: str, mark: Mark) -> None:
        top = self.stack[-1]
        top.key = name
        path = (*top.path, name)
        if name in top.value:
            first = self.document.keys.get(path, mark)
            self.document.fault(mark, f'key "{name}" is already on line {first[0]}', "keep one of the two")
            top.key = _REPEATED
        elif name == "<<":
            self.document.fault(mark, "merge keys (<<) are not allowed", "write the values out")
            top.key = _REPEATED
        elif not top.skip:
            self.document.keys[path] = mark

    def _place(self, value: Any, mark: Mark) -> tuple[Path, bool]:
        if not self.stack:
            self.document.tree = value
            self.document.marks[()] = mark
            return (), False
        top = self.stack[-1]
        if isinstance(top.value, list):
            path: Path = (*top.path, len(top.value))
            top.value.append(value)
        else:
            key, top.key = top.key or "", None
            if key == _REPEATED:
                return top.path, True
            path = (*top.path, key)
            top.value[key] = value
        if not top.skip:
            self.document.marks[path] = mark
        return path, top.skip

    def _resolve(self, text: str, mark: Mark) -> Any:
        if text in _NULLS:
            return None
        if text in ("true", "false"):
            return text == "true"
        if _AMBIGUOUS.fullmatch(text):
            self.document.fault(mark, f"{text} without quotes means different things to different readers", _quote_hint(text))
            return text
        return self._number(text, mark)

    def _number(self, text: str, mark: Mark) -> Any:
        is_whole = _INT.fullmatch(text) is not None
        if not is_whole and _FLOAT.fullmatch(text) is None:
            return text
        if len(text) > _LONGEST_NUMBER or not math.isfinite(float(text)):
            self.document.fault(mark, "the number is too long", _quote_hint("it"))
            return text
        return int(text) if is_whole else float(text)


_REPEATED = "\x00repeated"


def _quote_hint(text: str) -> str:
    if text == "it":
        return "put it in quotes if it is text"
    if text.lower() in ("y", "yes", "on", "true"):
        return f'write true, or "{text}" in quotes if it is text'
    if text.lower() in ("n", "no", "off", "false"):
        return f'write false, or "{text}" in quotes if it is text'
    if ":" not in text:
        return f'write "{text}" in quotes if it is text, plain digits if it is a number'
    return f'write "{text}" in quotes'
