"""One webhook's alerts, split by the incident they belong to and packed for admission. Called by `engine.admit` only.

This is the hot path. Labels stay raw bytes: what they mean (identity, group, severity) is worked out once per label set, rule book
and phase of its windows, and remembered under a digest. A known alert travels as its signature alone; the store says when it wants more.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from receiver.clock import Clock
from receiver.core.alert import Severity, identify, matched_labels
from receiver.core.incident import Incident, IncidentId, RouteSnapshot
from receiver.core.instant import parse_instant
from receiver.core.rulebook import RuleBook
from receiver.sources.alertmanager import BadAlert, Webhook, WireAlert, bound, check, decode_annotations, decode_labels
from receiver.store.admission import Item
from receiver.store.incidents import encode_document, payload
from receiver.telemetry import metrics

REMEMBERED = 300_000
CHUNK = 200
_NO_VARIANT = "000000"


class Group:
    """One of our groups: its key, its route, and whether we believe that the store has an incident for it."""

    __slots__ = ("is_open", "key", "route")

    def __init__(self, key: str, route: RouteSnapshot) -> None:
        self.key = key
        self.route = route
        self.is_open = False


class Known:
    """What one label set means, and the last signature that the store confirmed for it."""

    __slots__ = ("annotations", "ends", "group", "is_confirmed", "member", "severity", "signature", "starts", "status")

    def __init__(self, member: str, group: Group, severity: Severity) -> None:
        self.member = member
        self.group = group
        self.severity = severity
        self.status = self.starts = self.ends = self.signature = ""
        self.annotations = 0
        self.is_confirmed = False


@dataclass(slots=True)
class Entry:
    """One alert on its way: what we know of it and what was said now."""

    known: Known
    alert: WireAlert
    signature: str
    drift: int


class Piece:
    """The alerts of one webhook that share a group."""

    def __init__(self, group: Group, source: str, truncated: int, rules: RuleBook, clock: Clock) -> None:
        self.group = group
        self.entries: list[Entry] = []
        self._source = source
        self._truncated = truncated
        self._rules = rules
        self._clock = clock

    def item(self, *, in_full: bool = False) -> Item:
        """Pack for the store; `in_full` says everything, after the store did not know what we took for known."""
        blob: list[str] = []
        flags: list[str] = []
        payloads: list[bytes] = []
        is_firing = False
        for entry in self.entries:
            known = entry.known
            blob += (known.member, entry.signature)
            flag = self._flag(entry, in_full=in_full)
            flags.append(flag)
            is_firing = is_firing or entry.signature[0] == "F"
            if flag != "0":
                payloads.append(payload(known.severity, self._source, _labels(entry.alert), _annotations(entry.alert)))
        opens = is_firing and (in_full or not self.group.is_open)
        return Item(
            group_key=self.group.key,
            truncated=self._truncated,
            blob="".join(blob),
            flags="".join(flags),
            payloads=payloads,
            document=self._document() if opens else b"",
            group_wait=self.group.route.group_wait,
        )

    @staticmethod
    def _flag(entry: Entry, *, in_full: bool) -> str:
        if entry.signature[0] != "F":
            return "0"
        if in_full or not entry.known.is_confirmed:
            return "1"
        return "0" if entry.known.annotations == entry.drift else "2"

    def confirm(self) -> None:
        """Remember what the store has confirmed."""
        for entry in self.entries:
            known, alert = entry.known, entry.alert
            if entry.signature[0] == "F":
                known.is_confirmed = self.group.is_open = True
                known.annotations = entry.drift
            known.status, known.starts, known.ends, known.signature = alert.status, alert.startsAt, alert.endsAt, entry.signature

    def _document(self) -> bytes:
        route = self.group.route
        return encode_document(
            Incident(
                id=IncidentId(""),
                version=0,
                group_key=self.group.key,
                source=self._source,
                opened_at=self._clock.now(),
                severity=Severity.INFO,
                route=route,
                destinations=self._rules.destinations_of(route),
            )
        )


class Grouping:
    """The memory of label sets under one rule book, dropped when one of its windows opens or closes: routes may differ then."""

    def __init__(self, rules: RuleBook, clock: Clock) -> None:
        self.rules = rules
        self._clock = clock
        self._known: dict[bytes, Known] = {}
        self._groups: dict[str, Group] = {}
        self._phase = rules.phase(clock.now())
        self._phase_ends_at = rules.next_phase_at(clock.now())

    def split(self, source: str, webhook: Webhook) -> tuple[list[Piece], list[BadAlert]]:
        """The webhook's good alerts by group, and those that carry no usable labels, status or start."""
        self._keep_in_phase()
        pieces: list[Piece] = []
        filling: dict[str, Piece] = {}
        bad: list[BadAlert] = []
        salt = source.encode()[:16]
        for index, alert in enumerate(webhook.alerts):
            raw = bytes(alert.labels)
            # 128 bits of a keyed hash: a label set can't be made to meet another's memory.
            digest = hashlib.blake2b(raw, digest_size=16, key=salt).digest()
            known = self._known.get(digest)
            if known is None:
                try:
                    known = self._learn(source, digest, alert)
                except ValueError as fault:
                    bad.append(BadAlert(index=index, reason=str(fault), raw=raw[:65536], is_firing=alert.status != "resolved"))
                    continue
            signature = self._signature(known, alert)
            if not signature:
                bad.append(BadAlert(index=index, reason=check(alert) or "bad", raw=raw[:65536], is_firing=alert.status != "resolved"))
                continue
            piece = filling.get(known.group.key)
            if piece is None or len(piece.entries) >= CHUNK:
                piece = filling[known.group.key] = Piece(known.group, source, webhook.truncated, self.rules, self._clock)
                pieces.append(piece)
            piece.entries.append(Entry(known, alert, signature, hash(bytes(alert.annotations))))
        return pieces, bad

    def _keep_in_phase(self) -> None:
        if self._phase_ends_at is None or (now := self._clock.now()) < self._phase_ends_at:
            return
        phase, self._phase_ends_at = self.rules.phase(now), self.rules.next_phase_at(now)
        if phase != self._phase:
            self._phase = phase
            self._known.clear()
            self._groups.clear()

    @staticmethod
    def _signature(known: Known, alert: WireAlert) -> str:
        if alert.startsAt == known.starts and alert.status == known.status and alert.endsAt == known.ends:
            return known.signature
        if check(alert):
            return ""
        if alert.status == "firing":
            return f"F{parse_instant(alert.startsAt):018d}{0:018d}"
        return f"R{parse_instant(alert.startsAt):018d}{parse_instant(alert.endsAt) if alert.endsAt else 0:018d}"

    def _learn(self, source: str, digest: bytes, alert: WireAlert) -> Known:
        labels = decode_labels(alert.labels)
        ignored = self.rules.ignore_labels(source)
        identity = identify(source, labels, ignored)
        severity, is_mapped = self.rules.severity(source, labels)
        matched = matched_labels(labels, severity)
        route = self.rules.route(matched, self._clock.now(), ignored)
        if not is_mapped:
            metrics.unknown_severity.labels(source=source).inc()
        if not matched["service"]:
            metrics.unknown_service.labels(source=source).inc()
        key = self.rules.group_key(route)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(key, route)
        known = Known(identity + _variant(labels, ignored), group, severity)
        if len(self._known) >= REMEMBERED:
            self._known.clear()
            self._groups.clear()
            self._groups[key] = group
        self._known[digest] = known
        return known


def _variant(labels: Mapping[str, str], ignored: frozenset[str]) -> str:
    """Tells the fingerprints of one identity apart: a short hash of the ignored labels."""
    held = [f"{name}\xff{labels[name]}" for name in sorted(ignored) if labels.get(name)]
    if not held:
        return _NO_VARIANT
    return base64.urlsafe_b64encode(hashlib.sha256("\xfe".join(held).encode("utf-8", "surrogatepass")).digest()[:4])[:6].decode()


def _annotations(alert: WireAlert) -> bytes:
    return msgspec.json.encode(bound(decode_annotations(alert.annotations)))


def _labels(alert: WireAlert) -> bytes:
    raw = bytes(alert.labels)
    if len(raw) < 4096:
        return raw
    return msgspec.json.encode(bound(decode_labels(alert.labels)))
