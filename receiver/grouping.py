"""One webhook's alerts, split by the incident they belong to and packed for admission. Called by `engine.admit` only.

This is the hot path. What labels mean (identity, group, severity) is worked out once per label set, rule book and phase of its
windows, and remembered under the digest of how they are spelt. A known alert travels as its signature alone; the store says when it wants
more. A body that came before, byte for byte, and whose groups have not changed since, is not even parsed.
"""

import base64
from collections.abc import Mapping
from hashlib import sha256

import msgspec

from receiver.clock import Clock
from receiver.core.alert import identify, matched_labels, name_by, spell
from receiver.core.incident import RouteSnapshot
from receiver.core.instant import spell_instant
from receiver.core.overflow import GATHER, overflow_key, overflow_route
from receiver.core.route import ALL_LABELS, labels_read
from receiver.core.rulebook import RuleBook
from receiver.sources.alertmanager import BadAlert, Webhook, WireAlert, bound
from receiver.store.admission import Item
from receiver.store.incidents import MEMBER, NO_VARIANT, first_document, payload, payload_head
from receiver.telemetry import metrics

REMEMBERED = 300_000
REPEATS_BYTES = 8 * 1024 * 1024
CHUNK = 200
KEPT = 16  # bytes of a digest
_SHORT = 4096
_NO_END = "0" * 18
_encode = msgspec.json.Encoder().encode
_NOTHING: tuple[bytes, ...] = ()  # a tuple, which the collector does not look at


class Group(msgspec.Struct, gc=False, eq=False):
    """One of our groups: its key, its route, whether we believe that the store has an incident for it, a count of what changed in it, and
    whether alerts of it live in another partition (on a cluster).
    """

    key: str
    route: RouteSnapshot
    is_open: bool = False
    changes: int = 0
    is_scattered: bool = False


class Course(msgspec.Struct, gc=False, eq=False):
    """What the rules make of all label sets that agree in what the rules read. `head` begins the payloads of such alerts."""

    group: Group
    head: bytes
    is_mapped: bool
    has_service: bool


class Known(msgspec.Struct, gc=False, eq=False):
    """What one label set means, and the last row the store confirmed for it. A struct: there is one for every label set.

    A row is what travels for every alert: the member that names it, and its signature (status, start and end). Before anything was
    confirmed it is the member alone. `annotations` is the hash of those the store holds; None until it holds the alert.
    """

    row: str
    course: Course
    annotations: int | None = None


_Entry = tuple[Known, WireAlert, str, bytes, bytes]


class Piece:
    """The alerts of one webhook that share a group. An entry is what is known of one, what came, its row, and its labels and notes as spelt.

    `elsewhere` is a key in the partition where they live when that is not their group's; there they are merged and never open anything.
    """

    __slots__ = ("_blob", "_clock", "_rules", "_source", "_truncated", "elsewhere", "entries", "group")

    def __init__(self, group: Group, source: str, truncated: int, rules: RuleBook, clock: Clock) -> None:
        self.group = group
        self.elsewhere = ""
        self.entries: list[_Entry] = []
        self._blob = ""
        self._source = source
        self._truncated = truncated
        self._rules = rules
        self._clock = clock

    def item(self, *, in_full: bool = False) -> Item:
        """Pack for the store; `in_full` says everything, after the store did not know what we took for known."""
        flags: list[str] = []
        payloads: list[bytes] = []
        is_firing = False
        for known, alert, row, spelt, notes in self.entries:
            if row[MEMBER] != "F":
                flags.append("0")
                continue
            is_firing = True
            if known.annotations is None or in_full:
                flags.append("1")
            elif known.annotations == hash(notes):
                flags.append("0")
                continue
            else:
                flags.append("2")
            payloads.append(_payload(known.course.head, self._source, alert, spelt, notes))
        self._blob = "".join([row for _, _, row, _, _ in self.entries])
        return Item(
            group_key=self.elsewhere or self.group.key,
            truncated=self._truncated,
            blob=self._blob,
            flags="".join(flags),
            payloads=payloads,
            document=self._document() if is_firing and not self.elsewhere and (in_full or not self.group.is_open) else b"",
            wait=int(self.group.route.group_wait.total_seconds() * 1000),
            source=self._source,
            limit=self._rules.noise.overflow_incidents,
            within=int(self._rules.noise.overflow_within.total_seconds() * 1000),
        )

    @property
    def is_uncertain(self) -> bool:
        """True when this process has not seen where all of these live."""
        return self.group.is_scattered or any(known.row == row[:MEMBER] for known, _, row, _, _ in self.entries)

    def part(self, entries: list[_Entry], elsewhere: str = "") -> "Piece":
        """Some of these, for the partition where they live."""
        part = Piece(self.group, self._source, self._truncated, self._rules, self._clock)
        part.entries, part.elsewhere = entries, elsewhere
        self.group.is_scattered |= bool(elsewhere)
        return part

    @property
    def overflow(self) -> str:
        """The group that takes these alerts when their source may open no more incidents."""
        return overflow_key(self._source)

    def overflown(self, key: str) -> Item:
        """Everything once more, for the overflow incident whose group this is."""
        said, route = self.item(in_full=True), overflow_route(self.group.route, self._rules)
        document = first_document(key, self._source, self._clock.now(), route, self._rules.destinations_of(route))
        wait = int(GATHER.total_seconds() * 1000)
        return Item(group_key=key, truncated=0, blob=said.blob, flags=said.flags, payloads=said.payloads, document=document, wait=wait)

    def confirm(self, *, is_overflown: bool = False) -> None:
        """Remember what the store has confirmed; what went to the overflow opened no incident of its group."""
        has_changed = False
        for known, _, row, _, notes in self.entries:
            if row[MEMBER] == "F":
                self.group.is_open = self.group.is_open if self.elsewhere else not is_overflown
                if known.annotations != (held := hash(notes)):
                    has_changed = True
                    known.annotations = held
            if known.row != row:
                has_changed = True
                known.row = row
        if has_changed:
            self.group.changes += 1

    def repeated(self) -> Item:
        """What to say when the same comes again: signatures alone."""
        return Item(group_key=self.elsewhere or self.group.key, truncated=self._truncated, blob=self._blob, flags="0" * len(self.entries), payloads=_NOTHING)

    def _document(self) -> bytes:
        route = self.group.route
        return first_document(self.group.key, self._source, self._clock.now(), route, self._rules.destinations_of(route))


class Repeats:
    """Bodies whose alerts the store has confirmed, by digest, with what to say when one comes again. Bounded: two generations."""

    def __init__(self) -> None:
        self._young: dict[bytes, list[tuple[Group, int, Item]]] = {}
        self._old: dict[bytes, list[tuple[Group, int, Item]]] = {}
        self._size = 0

    def remember(self, digest: bytes, pieces: list[Piece]) -> None:
        """Keep what was confirmed just now."""
        held = [(piece.group, piece.group.changes, piece.repeated()) for piece in pieces]
        self._size += sum(400 + len(item.blob) for _, _, item in held)
        if self._size > REPEATS_BYTES:
            self._old, self._young, self._size = self._young, {}, 0
        self._young[digest] = held

    def recall(self, digest: bytes) -> list[Item] | None:
        """The items to send, or None when the body is unknown or one of its groups has changed since."""
        held = self._young.get(digest) or self._old.get(digest)
        if held is None:
            return None
        if any(group.changes != changes for group, changes, _ in held):
            return None
        return [item for _, _, item in held]


class Memory:
    """What is known of one source: its label sets by digest, and the course of those that agree in `names`, the labels that rules read."""

    __slots__ = ("courses", "ignored", "known", "names")

    def __init__(self, source: str, rules: RuleBook) -> None:
        self.known: dict[bytes, Known] = {}
        self.courses: dict[tuple[str | None, ...], Course] = {}
        self.ignored = rules.ignore_labels(source)
        read = labels_read(rules.root)
        # By all labels everyone is on a course of its own, and remembering it would be of no use.
        self.names = () if ALL_LABELS in read else tuple(sorted(read | {"service", "job", "severity", rules.source(source).severity_label}))


class Grouping:
    """The memory of label sets under one rule book, dropped when one of its windows opens or closes: routes may differ then."""

    def __init__(self, rules: RuleBook, clock: Clock) -> None:
        self.rules = rules
        self.repeats = Repeats()
        self._clock = clock
        self._memories: dict[str, Memory] = {}
        self._remembered = 0
        self._groups: dict[str, Group] = {}
        self._phase = rules.phase(clock.now())
        self._phase_ends_at = rules.next_phase_at(clock.now())

    def split(self, source: str, webhook: Webhook) -> tuple[list[Piece], list[BadAlert]]:
        """The webhook's good alerts by group, and those that carry no usable labels, status or start."""
        self._keep_in_phase()
        memory = self._memories.get(source) or self._memories.setdefault(source, Memory(source, self.rules))
        pieces: list[Piece] = []
        filling: dict[Group, Piece] = {}
        bad: list[BadAlert] = []
        recall = memory.known.get
        for index, alert in enumerate(webhook.alerts):
            spelt = spell(source, alert.labels)
            digest = sha256(spelt).digest()[:KEPT]
            try:
                known = recall(digest) or self._learn(source, memory, spelt, digest, alert.labels, webhook.identity)
                row = known.row[:MEMBER] + _signature(alert)
            except ValueError as fault:
                bad.append(BadAlert(index=index, reason=str(fault), raw=spelt[:65536], is_firing=alert.status != "resolved"))
                continue
            group = known.course.group
            piece = filling.get(group)
            if piece is None or len(piece.entries) >= CHUNK:
                piece = filling[group] = Piece(group, source, webhook.truncated, self.rules, self._clock)
                pieces.append(piece)
            piece.entries.append((known, alert, row, spelt, _encode(alert.annotations)))
        return pieces, bad

    def recall(self, digest: bytes) -> list[Item] | None:
        """What to say of a body that came before, byte for byte; None when it must be parsed."""
        self._keep_in_phase()
        return self.repeats.recall(digest)

    def _keep_in_phase(self) -> None:
        if self._phase_ends_at is None or (now := self._clock.now()) < self._phase_ends_at:
            return
        phase, self._phase_ends_at = self.rules.phase(now), self.rules.next_phase_at(now)
        if phase != self._phase:
            self._phase = phase
            self._forget()

    def _learn(self, source: str, memory: Memory, spelt: bytes, digest: bytes, labels: dict[str, str], told_by: tuple[str, ...]) -> Known:
        if self._remembered >= REMEMBERED:
            self._forget()
        seen = tuple(map(labels.get, memory.names))
        course = memory.courses.get(seen) if seen else None
        if course is None:
            course = self._course(source, labels, memory.ignored)
            if seen:
                memory.courses[seen] = course
        if not course.is_mapped:
            metrics.unknown_severity.labels(source=source).inc()
        if not course.has_service:
            metrics.unknown_service.labels(source=source).inc()
        self._remembered += 1
        if told_by:
            name = identify(source, {name: labels.get(name, "") for name in told_by}, memory.ignored)
        elif memory.ignored or "" in labels.values():
            name = identify(source, labels, memory.ignored)
        else:
            name = name_by(digest)  # one digest is enough
        variant = _variant(labels, memory.ignored) if memory.ignored and not told_by else NO_VARIANT
        known = memory.known[digest] = Known(name + variant, course)
        return known

    def _course(self, source: str, labels: Mapping[str, str], ignored: frozenset[str]) -> Course:
        severity, is_mapped = self.rules.severity(source, labels)
        matched = matched_labels(labels, severity)
        route = self.rules.route(matched, self._clock.now(), ignored)
        key = self.rules.group_key(route)
        group = self._groups.setdefault(key, Group(key, route))
        return Course(group, payload_head(severity), is_mapped, bool(matched["service"]))

    def _forget(self) -> None:
        """Start again: what is sent in full once more is all that it costs."""
        for memory in self._memories.values():
            memory.known.clear()
            memory.courses.clear()
        self._remembered = 0
        self._groups.clear()
        self.repeats = Repeats()


def _signature(alert: WireAlert) -> str:
    starts = spell_instant(alert.startsAt)
    if alert.status == "firing":
        return "F" + starts + _NO_END  # thrice as fast as a format
    if alert.status != "resolved":
        raise ValueError(f"status {alert.status[:20]!r} is neither firing nor resolved")
    return "R" + starts + (spell_instant(alert.endsAt) if alert.endsAt else _NO_END)


def _variant(labels: Mapping[str, str], ignored: frozenset[str]) -> str:
    """Tells the fingerprints of one identity apart: a short hash of the ignored labels."""
    held = [f"{name}\xff{labels[name]}" for name in sorted(ignored) if labels.get(name)]
    if not held:
        return NO_VARIANT
    return base64.urlsafe_b64encode(sha256("\xfe".join(held).encode("utf-8", "surrogatepass")).digest()[:4])[:6].decode()


def _payload(head: bytes, source: str, alert: WireAlert, spelt: bytes, notes: bytes) -> bytes:
    if len(spelt) + len(notes) < _SHORT:
        return payload(head, spelt, notes)
    return payload(head, spell(source, bound(alert.labels)), _encode(bound(alert.annotations)))
