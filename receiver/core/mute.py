"""Which of an incident's alerts planned work mutes now, and what that means for being told. Called by the modules `decide` is made of."""

from collections.abc import Mapping
from datetime import datetime

from receiver.core.alert import AlertId, matched_labels
from receiver.core.incident import Incident
from receiver.core.maintenance import Mute, find_mute
from receiver.core.rulebook import RuleBook

# The firing alerts that maintenance mutes now.
Mutes = Mapping[AlertId, Mute]


def find_mutes(incident: Incident, rules: RuleBook, now: datetime) -> Mutes:
    """The mutes of this instant, by alert."""
    under_way = rules.mutes(now)
    if not under_way:
        return {}
    found = ((a.id, find_mute(under_way, matched_labels(a.labels, a.severity))) for a in incident.firing)
    return {alert_id: mute for alert_id, mute in found if mute is not None}


def is_all_muted(incident: Incident, mutes: Mutes) -> bool:
    """Every firing alert is muted: planned work explains it all."""
    return 0 < len(mutes) == len(incident.firing)


def is_held(incident: Incident, mutes: Mutes) -> bool:
    """Nobody was told and every firing alert is muted: nobody is."""
    return incident.announced_at is None and is_all_muted(incident, mutes)


def first_end(mutes: Mutes) -> datetime | None:
    """When (UTC) the first of these alerts is no longer muted."""
    return min((mute.until for mute in mutes.values()), default=None)
