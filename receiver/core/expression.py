"""What an alerting rule compares: `rate(...) > 0.01` is a value, a comparison and a threshold. Pure; called by `workers.measure`.

Only as much of PromQL is read as that takes: depth of brackets, strings, and operators outside of them
(https://prometheus.io/docs/prometheus/latest/querying/operators/). What is not understood has no threshold; the value is drawn all the same.
"""

import re
from dataclasses import dataclass

_SET = re.compile(r"\b(and|unless|or)\b", re.IGNORECASE)
_COMPARISON = re.compile(r"(==|!=|>=|<=|>|<)")
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?", re.IGNORECASE)
_OPEN, _CLOSED = "([{", ")]}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """`value` is PromQL for the measured side; `threshold` is none where the other side is no plain number."""

    value: str
    comparison: str = ""
    threshold: float | None = None

    @property
    def is_floor(self) -> bool:
        """True when the alert fires below its threshold."""
        return self.comparison.startswith("<")


def read_condition(expression: str) -> Condition:
    """The measured side and the threshold of a rule's expression; of several joined by `and` or `unless` the first speaks."""
    expression = _bare(expression)
    outside = _outside(expression)
    joined = _SET.search(outside)
    if joined and joined.group(1).lower() != "or":
        return read_condition(expression[: joined.start()])
    compared = None if joined else next(iter(_COMPARISON.finditer(outside)), None)
    if compared is None:
        return Condition(value=expression)
    left, right = expression[: compared.start()].strip(), re.sub(r"^\s*bool\b", "", expression[compared.end() :]).strip()
    if _is_number(left):  # `0.9 < ratio` reads from the right
        return Condition(value=right, comparison=_MIRRORED[compared.group()], threshold=float(left))
    return Condition(value=left, comparison=compared.group(), threshold=float(right) if _is_number(right) else None)


_MIRRORED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "==", "!=": "!="}


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def _bare(expression: str) -> str:
    """Without brackets around the whole of it."""
    expression = expression.strip()
    while expression.startswith("(") and expression.endswith(")") and not _outside(expression)[1:-1].strip():
        expression = expression[1:-1].strip()
    return expression


def _outside(expression: str) -> str:
    """The same length, with everything inside of brackets and strings blanked out."""
    kept, depth, quote, is_escaped = [], 0, "", False
    for char in expression:
        if quote:
            quote = "" if char == quote and not is_escaped else quote
            is_escaped = char == "\\" and not is_escaped
            kept.append(" ")
        elif char in "\"'`":
            quote = char
            kept.append(" ")
        else:
            depth -= char in _CLOSED
            kept.append(char if depth == 0 else " ")
            depth += char in _OPEN
    return "".join(kept)
