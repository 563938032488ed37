"""Faults of the rules, each with its place and with what to do."""

from dataclasses import dataclass

from receiver.core.errors import ReceiverError
from receiver.core.suggest import suggest

__all__ = ["Fault", "RulesError", "suggest"]

_WIDEST = 160


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One fault; line and column count from 1, the file is relative to the rules directory."""

    file: str
    line: int
    column: int
    message: str
    hint: str = ""
    source_line: str = ""

    def __str__(self) -> str:
        """`file:line:column: what is wrong, what to do`."""
        text = f"{self.message}, {self.hint}" if self.hint else self.message
        return f"{self.file}:{self.line}:{self.column}: {text}"

    def render(self) -> str:
        """Return the sentence, and below it the source line with a caret under the column."""
        if not self.source_line.strip():
            return str(self)
        start = max(0, self.column - _WIDEST // 2) if len(self.source_line) > _WIDEST else 0
        shown = self.source_line[start : start + _WIDEST].rstrip()
        lead = "".join("\t" if char == "\t" else " " for char in self.source_line[start : self.column - 1])
        return f"{self}\n    {shown}\n    {lead}^"


class RulesError(ReceiverError):
    """The rules cannot be used; `faults` holds everything that is wrong with them, by file and line."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        """Keep the faults; the text lists them one per line."""
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults
