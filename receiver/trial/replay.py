"""Recorded webhooks through two rule sets in lockstep, in virtual time: what would have been different. Called by `cli.trial`."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from receiver.core.plan import Priority
from receiver.rules.load import Reading
from receiver.sources.alertmanager import UndecodableError
from receiver.sources.reading import read
from receiver.store.recorder import Recording
from receiver.trial.world import Effects, World, longest_group_wait

# What is counted, in the order of the table.
COUNTS = ("incidents", "pages", "messages", "edits", "notices", "unrouted")
_AFTERMATH = timedelta(minutes=5)


@dataclass(slots=True)
class Tally:
    """What one rule set would have done; each count is by name (route, destination, component, service), pages by person."""

    version: str
    incidents: Counter[str] = field(default_factory=Counter)
    pages: Counter[str] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)
    edits: Counter[str] = field(default_factory=Counter)
    notices: Counter[str] = field(default_factory=Counter)
    unrouted: Counter[str] = field(default_factory=Counter)

    def count(self, effects: Effects) -> None:
        """Add what came of one webhook and of the time before it."""
        for _, _, route in effects.opened:
            self.incidents[route.route_id] += 1
            if route.customers is not None:
                self.notices[f"{route.customers.component or 'no component'}: {route.customers.impact}"] += 1
        for told in effects.told:
            if told.is_edit:
                self.edits[told.destination.name] += 1
                continue
            self.messages[told.destination.name] += 1
            self.pages[told.destination.person or told.destination.name] += told.priority is Priority.PAGE
        for stranger in effects.strangers:
            service = stranger.labels.get("service") or stranger.labels.get("job") or "no service"
            self.unrouted[f"{stranger.labels.get('alertname', 'alert')} of {service}"] += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One line of the table."""

    what: str
    name: str
    before: int
    after: int


@dataclass(slots=True)
class Result:
    """Both tallies and what they were made of."""

    before: Tally
    after: Tally
    webhooks: int = 0
    unreadable: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None

    def differences(self) -> Iterator[Difference]:
        """Every count that is not the same, totals first."""
        for what in COUNTS:
            before: Counter[str] = getattr(self.before, what)
            after: Counter[str] = getattr(self.after, what)
            rows = [Difference(what=what, name="", before=before.total(), after=after.total())]
            rows += [Difference(what=what, name=name, before=before[name], after=after[name]) for name in sorted({*before, *after})]
            yield from (row for row in rows if row.before != row.after)

    def as_json(self) -> dict[str, Any]:
        """Plain values; instants as RFC 3339."""
        return {
            "webhooks": self.webhooks,
            "unreadable": self.unreadable,
            "from": self.first_at.isoformat() if self.first_at else None,
            "to": self.last_at.isoformat() if self.last_at else None,
            "before": _plain(self.before),
            "after": _plain(self.after),
            "differences": [{"what": d.what, "name": d.name, "before": d.before, "after": d.after} for d in self.differences()],
        }


class _Side:
    """One rule set, its world and its tally."""

    def __init__(self, loaded: Reading, start: datetime) -> None:
        self.rules = loaded.book
        self.world = World(loaded.book, start)
        self.tally = Tally(version=loaded.book.version)

    def take(self, recording: Recording) -> None:
        """Let time pass until the recording, then admit it, read by the mapping of these rules. Raises UndecodableError."""
        self.world.advance_to(recording.at)
        known = self.rules.sources.get(recording.source)
        self.world.admit(recording.source, read(recording.source, known, recording.body, recording.at))
        self.tally.count(self.world.drain())

    def end(self) -> None:
        """Let the last group wait end; what would come later is not part of the recording."""
        self.world.advance_to(self.world.now + longest_group_wait(self.rules.root) + _AFTERMATH)
        self.tally.count(self.world.drain())


def replay(before: Reading, after: Reading, recordings: Iterable[Recording]) -> Result:
    """Take every webhook at its own instant; one that nobody can read is counted. Memory grows with open incidents only."""
    sides: tuple[_Side, ...] = ()
    result = Result(before=Tally(version=before.book.version), after=Tally(version=after.book.version))
    for recording in recordings:
        if not sides:
            sides = (_Side(before, recording.at), _Side(after, recording.at))
            result.before, result.after = sides[0].tally, sides[1].tally
            result.first_at = recording.at
        result.webhooks += 1
        result.last_at = max(recording.at, result.last_at or recording.at)
        try:
            for side in sides:
                side.take(recording)
        except UndecodableError:
            result.unreadable += 1
    for side in sides:
        side.end()
    return result


def table(result: Result) -> str:
    """The differences as a table; a sentence when there are none."""
    rows = [(d.what if not d.name else f"  {d.name}", str(d.before), str(d.after), f"{d.after - d.before:+d}") for d in result.differences()]
    if not rows:
        return "no difference\n"
    lines = [("", f"now ({result.before.version})", f"then ({result.after.version})", "change"), *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    return "".join(_row(line, widths) for line in lines)


def _row(line: tuple[str, ...], widths: list[int]) -> str:
    cells = [line[0].ljust(widths[0]), *(text.rjust(width) for text, width in zip(line[1:], widths[1:], strict=True))]
    return "  ".join(cells).rstrip() + "\n"


def _plain(tally: Tally) -> Mapping[str, Any]:
    return {"version": tally.version, **{what: dict(sorted(getattr(tally, what).items())) for what in COUNTS}}
