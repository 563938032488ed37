"""Checks of time: stretches that end before they begin, two people at once, hours that nobody covers."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from receiver.rules.checks import find
from receiver.rules.week import Stretch, describe, holes, stretches
from receiver.rules.yaml import Document, Path

Documents = Mapping[str, Document]


def check_times(documents: Documents) -> None:
    """Note every stretch of time that is none, and every schedule that cannot say who is on call."""
    whole = {name: document for name, document in documents.items() if document.is_whole}
    if "maintenance.yaml" in whole:
        _check_maintenance(whole["maintenance.yaml"])
    if "schedules.yaml" in whole:
        for path, schedule in find(whole["schedules.yaml"].tree, "schedules/*"):
            if isinstance(schedule, dict):
                _check_schedule(whole["schedules.yaml"], path, schedule)


def _check_maintenance(document: Document) -> None:
    for path, window in find(document.tree, "windows/*"):
        if not isinstance(window, dict):
            continue
        for key in ("from", "to"):
            instant = _instant(window.get(key))
            if instant is not None and instant.tzinfo is None:
                document.fault_at((*path, key), "this instant has no offset", f'write it with one: "{window[key]}+03:00", or "{window[key]}Z" for UTC')
        _check_order(document, path, window)


def _check_schedule(document: Document, path: Path, schedule: Mapping[str, Any]) -> None:
    if not schedule.get("layers") and not schedule.get("ical"):
        document.fault_at(path, f'schedule "{path[1]}" has neither layers nor ical', "add layers: [{people: [NAME]}], or ical: {secret: NAME}")
    _check_overlaps(document, (*path, "overrides"), _members(schedule, "overrides"))


def _check_overlaps(document: Document, path: Path, overrides: list[Mapping[str, Any]]) -> None:
    """One pass in the order of time: each is compared with the one before it that ends last."""
    found = ((_check_order(document, (*path, index), override), index) for index, override in enumerate(overrides))
    known = [(begins, ends, index) for stretch, index in found if stretch is not None for begins, ends in (stretch,)]
    for is_aware in (False, True):
        last: tuple[datetime, int] | None = None
        for begins, ends, index in sorted(one for one in known if (one[0].tzinfo is not None) is is_aware):
            if last is not None and begins < last[0]:
                line = document.marks[(*path, last[1])][0]
                document.fault_at((*path, index, "from"), f"this override overlaps the one on line {line}", "end one of the two where the other begins")
            if last is None or ends > last[0]:
                last = (ends, index)


def _check_order(document: Document, path: Path, entry: Mapping[str, Any]) -> tuple[datetime, datetime] | None:
    begins, ends = _instant(entry.get("from")), _instant(entry.get("to"))
    if begins is None or ends is None:
        return None
    if not _is_same_kind(begins, ends):
        document.fault_at((*path, "to"), "one of from and to has an offset, the other has none", "write both with it, or both without")
        return None
    if begins >= ends:
        document.fault_at((*path, "to"), "this ends before it begins", "exchange from and to, or correct the year")
        return None
    return begins, ends


def _is_same_kind(one: datetime, other: datetime) -> bool:
    return (one.tzinfo is None) == (other.tzinfo is None)


def _instant(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _members(entry: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = entry.get(key)
    return [item if isinstance(item, dict) else {} for item in value] if isinstance(value, list) else []


def uncovered(documents: Documents) -> Iterator[str]:
    """Remarks about hours nobody has: schedules with nobody on call, and routes that share matchers but not the whole week. For files without faults."""
    if "schedules.yaml" in documents:
        yield from _empty_hours(documents["schedules.yaml"])
    if "routes.yaml" in documents:
        yield from _open_hours(documents["routes.yaml"])


def _empty_hours(document: Document) -> Iterator[str]:
    for path, schedule in find(document.tree, "schedules/*"):
        layers = _members(schedule, "layers")
        if schedule.get("ical") or any(not layer.get("hours") for layer in layers):
            continue
        left = holes(stretch for layer in layers for span in layer["hours"] for stretch in stretches(span))
        if left:
            yield f'schedules.yaml:{document.keys[path][0]}: schedule "{path[1]}" has nobody on call {describe(left)}, add a layer without hours below the others'


def _open_hours(document: Document) -> Iterator[str]:
    windows = document.tree.get("windows") or {}
    for parent, siblings in find(document.tree, "route/**/routes"):
        groups: dict[tuple[str, ...], list[int]] = {}
        for index, node in enumerate(siblings):
            groups.setdefault(tuple(sorted(node.get("matchers", ()))), []).append(index)
        for members in groups.values():
            active = [name for index in members for name in siblings[index].get("active", ())]
            is_shared = len(members) > 1 and all(siblings[index].get("active") for index in members)
            left = _left_of(windows, active) if is_shared else []
            if left:
                names = ", ".join(f'"{siblings[index]["id"]}"' for index in members)
                line = document.marks[(*parent, members[0])][0]
                yield f"routes.yaml:{line}: routes {names} share their matchers but leave {describe(left)} to the route above, widen a window or drop active from the last"


def _left_of(windows: Mapping[str, Any], names: list[str]) -> list[Stretch]:
    """What these windows leave of the week; nothing is said of windows in different zones."""
    used = [windows[name] for name in names]
    if len({window["timezone"] for window in used}) != 1:
        return []
    return holes(stretch for window in used for span in window["times"] for stretch in stretches(span))
