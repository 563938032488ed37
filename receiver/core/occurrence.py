"""How often an incident, and those of its group before it, began to fire within a day. Pure; asked by `decide`, read by the view and the API.

It counts what people were told of, or would have been but for flapping: that it began, that it came back after its end, and every return
while its ends are held back. A storm and an overflow have no group that could come again: they count nothing.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from receiver.core.incident import Incident
from receiver.core.plan import Plan

WITHIN = timedelta(hours=24)
MOST = 100  # kept of the instants; from here on it is "that often, or more"


def is_untold(incident: Incident) -> bool:
    """True when its next wake-up may be its beginning: then it must know when its group began before (`Woke.began`)."""
    return incident.announced_at is None and not incident.is_crowd


def counted(plan: Plan, earlier: Iterable[datetime], now: datetime) -> Plan:
    """The plan with this beginning among the incident's, when it is one; `earlier` are those of its group before it (UTC)."""
    before, after = plan.before, plan.next
    if after.is_crowd or after.announced_at is None:
        return plan
    if before.announced_at is None:
        at = after.began_at
    elif _is_back(before, after):
        at = now
    else:
        return plan
    recent = sorted({at, *(one for one in (*earlier, *before.begins) if at - WITHIN < one <= at)})
    return replace(plan, next=replace(after, begins=tuple(recent[-MOST:])))


def _is_back(before: Incident, after: Incident) -> bool:
    """It fires again: after its end, or while that is held back because it flaps."""
    return after.reopened != before.reopened or (before.is_open and before.flaps.is_clear and not after.flaps.is_clear and after.is_firing)
