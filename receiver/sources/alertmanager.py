"""Alertmanager's webhook, version 4, of every release: bytes to alerts, pure. Called by `web.ingest`.

The good case is one msgspec pass over a body in which everything is known. Whatever is not so goes through the slow path, which finds
out what is wrong and keeps the good alerts. Group-level `status` and `common*` are never read: they describe a truncated list.
"""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

import msgspec

MOST_DEPTH = 32
MOST_VALUE = 4096
MOST_RAW = 65_536
_ESCAPED = re.compile(r"\\(.)")
_OPENING, _CLOSING = frozenset(b"[{"), frozenset(b"]}")
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)  # possessive, and content without an end to a string: linear on any input
_NO_BRACKETS = bytes(set(range(256)) - _OPENING - _CLOSING)


class UndecodableError(Exception):
    """Nothing of the body can be used; `at` is the byte where it went wrong, if known."""

    def __init__(self, reason: str, at: int | None = None) -> None:
        super().__init__(reason)
        self.reason, self.at = reason, at


class WireAlert(msgspec.Struct, gc=False):
    """One alert as it came."""

    status: str
    labels: dict[str, str]
    startsAt: str
    annotations: dict[str, str] = {}
    endsAt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadAlert:
    """One alert that can't be used, and why; `is_firing` is True unless it surely says resolved."""

    index: int
    reason: str
    raw: bytes
    is_firing: bool


@dataclass(slots=True, kw_only=True)
class Webhook:
    """A body's alerts, good and bad; `truncated` alerts were cut by Alertmanager.

    `identity` names the labels that alone make an alert's identity; empty when all of them do.
    """

    receiver: str
    group_key: str
    truncated: int
    alerts: list[WireAlert]
    bad: list[BadAlert] = field(default_factory=list)
    identity: tuple[str, ...] = ()


class _PlainAlert(WireAlert, gc=False, forbid_unknown_fields=True):
    generatorURL: str = ""
    fingerprint: str = ""


class _PlainBody(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """All that Alertmanager sends, and nothing else: what was read by this cannot be nested deeper."""

    version: str
    groupKey: str
    alerts: list[_PlainAlert]
    receiver: str = ""
    status: str = ""
    truncatedAlerts: int = 0
    groupLabels: dict[str, str] = {}
    commonLabels: dict[str, str] = {}
    commonAnnotations: dict[str, str] = {}
    externalURL: str = ""


class _LooseAlert(msgspec.Struct, gc=False):
    status: str
    labels: msgspec.Raw
    startsAt: str
    annotations: msgspec.Raw = msgspec.Raw(b"{}")
    endsAt: str = ""


_plain = msgspec.json.Decoder(_PlainBody)
_loose = msgspec.json.Decoder(_LooseAlert)
_top = msgspec.json.Decoder(dict[str, msgspec.Raw])
_list = msgspec.json.Decoder(list[msgspec.Raw])
_strings = msgspec.json.Decoder(dict[str, str])


def parse(body: bytes) -> Webhook:
    """Everything usable in the body; raises UndecodableError when there is nothing."""
    try:
        found = _plain.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        require_utf8(body)
        refuse_depth(body)  # before anything walks into it
        return _salvage(body)
    return Webhook(receiver=_unescape(found.receiver), group_key=found.groupKey, truncated=max(0, found.truncatedAlerts), alerts=[*found.alerts])


def require_utf8(body: bytes) -> None:
    """Raise UndecodableError for any other encoding."""
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise UndecodableError("utf16", 0)
    try:
        body.decode()
    except UnicodeDecodeError as fault:
        raise UndecodableError(f"utf8@{fault.start}", fault.start) from None


def _salvage(body: bytes) -> Webhook:
    top = decode_object(body)
    if "alerts" not in top:
        raise UndecodableError("not_alertmanager")
    try:
        raws = _list.decode(top["alerts"])
    except msgspec.DecodeError:
        raise UndecodableError("alerts_not_a_list") from None
    webhook = Webhook(receiver=_unescape(_string(top.get("receiver"))), group_key=_string(top.get("groupKey")), truncated=_count(top), alerts=[])
    for index, raw in enumerate(raws):
        try:
            webhook.alerts.append(_read(_loose.decode(raw)))
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as fault:
            content = bytes(raw)
            webhook.bad.append(BadAlert(index=index, reason=str(fault)[:200], raw=content[:MOST_RAW], is_firing=_looks_firing(content)))
    return webhook


def _read(one: _LooseAlert) -> WireAlert:
    """Raises ValueError for labels that are no strings; an alert is worth more than its notes."""
    return WireAlert(one.status, _labels(one.labels), one.startsAt, _annotations(one.annotations), one.endsAt)


def decode_object(body: bytes) -> dict[str, msgspec.Raw]:
    """The members of the body, left raw; raises UndecodableError."""
    if not body.strip():
        raise UndecodableError("empty", 0)
    if body[:3] == b"\xef\xbb\xbf":
        raise UndecodableError("bom", 0)
    try:
        return _top.decode(body)
    except msgspec.ValidationError:
        raise UndecodableError("not_an_object", 0) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        at = re.search(r"byte (\d+)", str(fault))
        raise UndecodableError("json", int(at[1]) if at else None) from None


def refuse_depth(body: bytes) -> None:
    """Linear, strings skipped; a parser's recursion is never asked how deep it can go."""
    depth = 0
    for byte in _STRING.sub(b"", body).translate(None, _NO_BRACKETS):
        if byte in _OPENING:
            depth += 1
            if depth > MOST_DEPTH:
                raise UndecodableError("too_deep")
        else:
            depth -= 1


def _labels(raw: msgspec.Raw) -> dict[str, str]:
    try:
        return _strings.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise ValueError(f"labels: {fault}"[:200]) from None


def _annotations(raw: msgspec.Raw) -> dict[str, str]:
    """What is no string is written as one, what is no object is dropped."""
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return {k: str(v) for k, v in found.items() if v is not None} if isinstance(found, dict) else {}


def bound(labels: dict[str, str]) -> dict[str, str]:
    """Cut values over 4 kB for keeping; the hash keeps different values different. Identity is taken before this."""
    return {name: value if len(value) <= MOST_VALUE else _cut(value) for name, value in labels.items()}


def _cut(value: str) -> str:
    digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{value[: MOST_VALUE - 80]}… sha256:{digest}"


def _looks_firing(raw: bytes) -> bool:
    try:
        said: Any = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return True
    return not (isinstance(said, dict) and said.get("status") == "resolved")


def _string(raw: msgspec.Raw | None) -> str:
    try:
        value = msgspec.json.decode(raw) if raw is not None else ""
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return str(value) if isinstance(value, str | int) else ""


def _count(top: dict[str, msgspec.Raw]) -> int:
    try:
        return max(0, msgspec.json.decode(top.get("truncatedAlerts", msgspec.Raw(b"0")), type=int))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return 0


def _unescape(receiver: str) -> str:
    """Alertmanager sends the receiver's name quoted for a regular expression: `ops\\.pager`."""
    return _ESCAPED.sub(r"\1", receiver) if "\\" in receiver else receiver
