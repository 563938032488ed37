"""Label matchers as Alertmanager writes them: `name="v"`, `!=`, `=~`, `!~`; expressions are RE2 and fully anchored."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import re2

from receiver.core.errors import ReceiverError

MAX_PATTERN_BYTES = 1_000
_MAX_COMPILED_BYTES = 1 << 20
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_BARE = r"[^\s{}!=~,\\\"'`]"
_MATCHER = re.compile(rf"\s*(?P<name>{_QUOTED}|{_BARE}+)\s*(?P<op>=~|!~|!=|=)\s*(?P<value>{_QUOTED}|{_BARE}*)\s*", re.DOTALL)
_ESCAPES = {"n": "\n", '"': '"', "\\": "\\"}


class MatcherError(ReceiverError):
    """A matcher nobody could mean; the text says what to write instead."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Matcher:
    """One condition on one label; an absent label counts as empty."""

    name: str
    op: str
    value: str
    text: str = field(default="", compare=False)
    pattern: Any = field(default=None, compare=False, repr=False)

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Say whether these labels meet the condition."""
        actual = labels.get(self.name, "")
        if self.pattern is None:
            return (actual == self.value) is (self.op == "=")
        if not actual.isascii():  # a lone surrogate must not stop a page
            actual = actual.encode("utf-8", "replace").decode()
        return (self.pattern.fullmatch(actual) is not None) is (self.op == "=~")


def parse_matcher(text: str) -> Matcher:
    """Read one matcher; raises `MatcherError` with what to do."""
    found = _MATCHER.fullmatch(text)
    if found is None:
        raise MatcherError(_complaint(text))
    name, op, value = _unquote(found["name"]), found["op"], _unquote(found["value"])
    if not name:
        raise MatcherError(f'{text} names no label, write name="value"')
    pattern = _compile(value) if op in ("=~", "!~") else None
    return Matcher(name=name, op=op, value=value, text=text.strip(), pattern=pattern)


def parse_matchers(text: str) -> tuple[Matcher, ...]:
    """Read several, parted by spaces or commas, as somebody types them; raises `MatcherError` for the first that is none."""
    found: list[Matcher] = []
    rest = text.strip().removeprefix("{").removesuffix("}").strip(" ,")
    while rest:
        one = _MATCHER.match(rest)
        if one is None:
            raise MatcherError(_complaint(rest))
        found.append(parse_matcher(one[0]))
        rest = rest[one.end() :].lstrip(" ,")
    return tuple(found)


def _complaint(text: str) -> str:
    want = 'write name="value" with =, !=, =~ or !~'
    bare = text.strip()
    if not bare:
        return f"a matcher is empty, {want}"
    if bare.startswith("{"):
        return f'{bare} has braces, write one matcher per list item without them: severity="critical"'
    if "==" in bare:
        return f"{bare} has a doubled =, {want}"
    if re.search(rf"{_QUOTED}\s*,", bare):
        return f"{bare} holds several matchers, write each as an item of the list"
    if "~=" in bare:
        return f"{bare} has ~=, write =~"
    if bare.count('"') % 2:
        return f'{bare} has an unclosed ", {want}'
    return f"{bare} is not a matcher, {want}"


def _unquote(text: str) -> str:
    if not text.startswith('"'):
        return text
    return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[0]), text[1:-1], flags=re.DOTALL)


def _compile(pattern: str) -> Any:
    try:
        size = len(pattern.encode())
    except UnicodeEncodeError:
        raise MatcherError("the expression holds half a surrogate pair, write the character itself") from None
    if size > MAX_PATTERN_BYTES:
        raise MatcherError(f"the expression is {size} bytes long, keep it within {MAX_PATTERN_BYTES} or split the route")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MAX_COMPILED_BYTES
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0].decode("utf-8", "replace") if error.args and isinstance(error.args[0], bytes) else str(error)
        raise MatcherError(f"{pattern} is not an RE2 expression ({reason}), {_advice(reason)}") from None


def _advice(reason: str) -> str:
    if "perl operator" in reason or re.search(r"escape sequence: \\\d", reason):
        return "RE2 has no look-around and no back-references"
    if "repetition size" in reason:
        return "it repeats at most 1000 times"
    if "no argument for repetition" in reason:
        return "write .* for any text"
    return "close every bracket, and write \\ before a character that stands for itself"
