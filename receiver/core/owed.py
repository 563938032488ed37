"""Which look at an incident is owed, and when: what the auditor holds against the store. Pure; called by `workers.auditor`."""

from datetime import datetime

from receiver.core.incident import Incident, State
from receiver.core.mute import find_mutes, first_end, is_held
from receiver.core.rulebook import RuleBook
from receiver.core.timers import deadline


def owed_at(incident: Incident, rules: RuleBook, now: datetime) -> datetime | None:
    """The latest instant (UTC) at which the incident must be woken; none when only people or alerts can change it."""
    mutes = find_mutes(incident, rules, now)
    route = incident.route
    if incident.state is State.RESOLVED:
        return None if incident.hushed or incident.resolved_at is None or route is None else incident.resolved_at + route.reopen_within
    if incident.announced_at is None and not incident.is_part:
        return first_end(mutes) if is_held(incident, mutes) else incident.opened_at + (route.group_wait if route else now - now)
    return now if incident.spread is not None else deadline(incident, mutes)
