"""What a message says of an incident that is not the first of its kind today: how often it fired within a day. A part of `view`."""

from datetime import datetime

from receiver.channels.words import clock, nth, plural
from receiver.core.incident import Incident
from receiver.core.occurrence import MOST

SHOWN = 5
_AGAIN = {
    "en": ("{nth} time", "{nth} time in 24 hours", "at least the {nth} time in 24 hours"),
    "ru": ("{nth} раз", "{nth} раз за сутки", "по меньшей мере {nth} раз за сутки"),
}
_AT_LEAST = {"en": "at least {times}", "ru": "не меньше {times}"}


def occurrence_facts(incident: Incident, language: str, zone: str, now: datetime) -> dict[str, object]:
    """`again` from the second time on: within a day, else in its life. `occurrences` and `occurred` (the last of the instants) only within a day."""
    count, times = len(incident.begins), incident.begins[-SHOWN:]
    alone, often, endless = _AGAIN[language]
    if count < 2:
        again = alone.format(nth=nth(incident.reopened + 1, language)) if incident.reopened else ""
        return {"again": again, "occurrences": "", "occurred": []}
    return {
        "again": (endless if count >= MOST else often).format(nth=nth(count, language)),
        "occurrences": times_said(count, language),
        "occurred": [*(["…"] if count > len(times) else []), *(clock(at, zone, now, language) for at in times)],
    }


def times_said(count: int, language: str) -> str:
    """`3 times`; the highest number that is kept is `at least 100 times`."""
    said = plural(count, "time", language)
    return _AT_LEAST[language].format(times=said) if count >= MOST else said
