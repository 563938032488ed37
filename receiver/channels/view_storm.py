"""What a message says of a storm, and of an incident that one speaks for. A part of `view`."""

from collections.abc import Callable
from datetime import datetime, timedelta

from receiver.channels.visible import visible
from receiver.channels.words import clock, number, plural, span
from receiver.core.incident import Incident
from receiver.core.storm import TAKEN_APART, summarize

TITLE = {"en": ("probably one cause", "no cause in common yet"), "ru": ("похоже, одна причина", "общей причины пока не видно")}
NOTHING: dict[str, object] = {"storm": 0, "storm_over": "", "storm_span": "", "storm_shared": "", "storm_sharing": "", "storm_first": "", "storm_first_at": ""}


def storm_facts(incident: Incident, name: Callable[[str], str], language: str, zone: str, now: datetime) -> dict[str, object]:
    """The storm's own headline and numbers; of any other incident the storm that it is part of."""
    shared = {"digest": visible(incident.digest, 40) if incident.is_paused else "", "is_split": incident.end_reason == TAKEN_APART}
    if not incident.is_storm:
        return {**NOTHING, **shared, "storm_critical": "", "storm_warning": "", "storm_taken": ""}
    storm = summarize(incident)
    first, over = storm.first, storm.total - storm.firing
    label, value = storm.shared
    return {
        **shared,
        "system": plural(storm.total, "incident", language),
        "title": TITLE[language][0 if storm.sharing else 1],
        "storm": storm.total,
        "storm_over": number(over, language) if over else "",
        "storm_span": span(max(storm.span, timedelta(minutes=1)), language),
        "storm_shared": f'{visible(label, 60)}="{visible(value, 80)}"' if storm.sharing else "",
        "storm_sharing": number(storm.sharing, language),
        "storm_first": name(first.service) or visible(first.name, 80) if first else "",
        "storm_first_at": clock(first.starts_at, zone, now, language) if first else "",
        "storm_critical": number(storm.critical, language),
        "storm_warning": number(storm.warning, language),
        "storm_taken": number(storm.acknowledged, language),
    }
