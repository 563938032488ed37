"""Builds time windows and maintenance windows from entries that were found right. Called by `rules.build`."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from receiver.core.collect import Collect
from receiver.core.local import parse_clock
from receiver.core.maintenance import MaintenanceWindow, OneOff, Recurring
from receiver.core.matcher import parse_matcher
from receiver.core.recurrence import parse_recurrence
from receiver.core.window import Span, Window
from receiver.rules.fields import read_instant
from receiver.rules.schema import CollectEntry, DestinationsFile
from receiver.rules.schema import Span as SpanEntry
from receiver.rules.schema import Window as WindowEntry
from receiver.rules.schema_later import MaintenanceFile
from receiver.rules.schema_later import MaintenanceWindow as MaintenanceEntry
from receiver.rules.yaml import Document

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def build_windows(entries: Mapping[str, WindowEntry]) -> dict[str, Window]:
    """The windows of routes.yaml by name."""
    return {name: Window(name=name, zone=ZoneInfo(entry.timezone), spans=tuple(build_span(span) for span in entry.times)) for name, entry in entries.items()}


def build_quiet_hours(file: DestinationsFile, windows: Mapping[str, Window]) -> dict[str, Window]:
    """The window of each destination that has one, by the clocks of those who read there."""
    asked = {name: (windows[place.quiet_hours], place.timezone) for name, place in file.destinations.items() if place.quiet_hours}
    return {name: replace(window, zone=ZoneInfo(zone)) if zone else window for name, (window, zone) in asked.items()}


def build_collect(entry: CollectEntry) -> Collect:
    """When a route tells what it collects."""
    days = tuple(number for number, day in enumerate(WEEKDAYS) if day in (entry.days or WEEKDAYS))
    return Collect(minute=parse_clock(entry.at), days=days, zone=entry.timezone)


def build_span(entry: SpanEntry) -> Span:
    """One span of a window or of a layer's hours."""
    days = frozenset(WEEKDAYS.index(day) for day in entry.days or WEEKDAYS)
    return Span(days=days, start=parse_clock(entry.start), end=parse_clock(entry.end))


def build_maintenance(file: MaintenanceFile, document: Document) -> tuple[MaintenanceWindow, ...]:
    """The windows of maintenance.yaml; `document` gives the lines."""
    return tuple(
        MaintenanceWindow(
            name=name,
            where=f"maintenance.yaml:{document.keys[('windows', name)][0]}",
            matchers=tuple(parse_matcher(text) for text in entry.matchers),
            time=_time(entry),
            component=entry.notice.component if entry.notice else "",
        )
        for name, entry in file.windows.items()
    )


def _time(entry: MaintenanceEntry) -> OneOff | Recurring:
    again = entry.recurring
    if again is None:
        return OneOff(start=read_instant(entry.start or ""), end=read_instant(entry.end or ""))
    return Recurring(
        rule=parse_recurrence(again.rrule, date.fromisoformat(again.starts) if again.starts else None),
        start=parse_clock(again.start),
        end=parse_clock(again.end),
        zone=ZoneInfo(again.timezone),
    )
