"""What a message says of an incident that comes and goes. A part of `view`."""

from datetime import datetime, timedelta

from receiver.channels.words import clock, plural, span
from receiver.core.incident import Incident


def flap_facts(incident: Incident, language: str, zone: str, now: datetime) -> dict[str, object]:
    """`flapping` while it is held; the changes that are remembered, and over which time: to the last of them, or to now while it is not held."""
    flaps = incident.flaps
    is_held = flaps.is_held and incident.is_open
    last = flaps.changes[-1] if flaps.changes else now
    length = flaps.span if is_held else now - (flaps.changes[0] if flaps.changes else now)
    return {
        "flapping": is_held,
        "flap_changes": plural(len(flaps.changes), "change", language) if flaps.changes and not incident.is_storm else "",
        "flap_span": span(max(length, timedelta(minutes=1)), language),
        "flap_hold": span(flaps.quiet_at - last, language) if flaps.quiet_at else "",
        "quiet_at": clock(flaps.quiet_at, zone, now, language) if flaps.quiet_at else "",
    }
