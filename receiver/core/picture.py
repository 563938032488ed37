"""When an incident's picture is drawn anew, and where it goes. Pure; called by `decide` and, to spare trips, by `workers.illustrator`.

The picture is a silent reply to the living message that is replaced in place, so it is asked for often while things move and rarely
later: at first, every five minutes, then whenever a tenth of the incident's age has passed, and once when it is over.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from receiver.core.incident import Incident
from receiver.core.plan import Kind, Plan, Priority, Reason
from receiver.core.telling import to_all

SOONEST = timedelta(minutes=5)


def is_due(incident: Incident, now: datetime) -> bool:
    """True when the picture that people have, or have not, is not what they should see now (UTC)."""
    last = incident.pictured_at
    if incident.announced_at is None or incident.is_part or incident.is_storm:
        return False
    if incident.resolved_at is not None and not incident.is_open:
        return last is not None and last < incident.resolved_at and not is_closed(incident, now)
    return last is None or now - last >= max(SOONEST, (now - incident.opened_at) / 10)


def is_closed(incident: Incident, now: datetime) -> bool:
    """True when it is over and can't be reopened any more."""
    if incident.is_open or incident.resolved_at is None:
        return False
    return now >= incident.resolved_at + (incident.route.reopen_within if incident.route else timedelta(0))


def pictured(incident: Incident, now: datetime) -> Plan:
    """The picture to every place that can show it; of two replicas that both find it due, the second changes nothing."""
    places = [place for place in incident.places if place.shows_pictures]
    if not places or not is_due(incident, now):
        return Plan(before=incident, next=incident, reason=Reason.NOTHING_NEW)
    notifications = to_all(incident, places, Kind.PICTURE, priority=Priority.PICTURE)
    return Plan(before=incident, next=replace(incident, pictured_at=now), reason=Reason.PICTURED, notifications=notifications)
