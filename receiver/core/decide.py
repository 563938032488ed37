"""`decide(incident, event, rules, now) -> Plan`: the only place where anything is decided. Called by `engine`.

Pure: `now` is an argument, the incident is a value, nothing is awaited. Every branch ends in a named `Reason`.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from receiver.core.alert import Alert, AlertId, Severity, matched_labels
from receiver.core.delivery import UNEDITABLE_CHANNELS
from receiver.core.event import Acknowledge, DeliveryTrouble, Event, Resolve, Woke
from receiver.core.incident import Destination, Incident, State
from receiver.core.maintenance import Mute, find_mute
from receiver.core.plan import Kind, Notification, Plan, Priority, Reason
from receiver.core.rulebook import RuleBook

# The firing alerts that maintenance mutes now.
Mutes = Mapping[AlertId, Mute]

# The allowed moves; a property test walks every pair that is not here.
TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.TRIGGERED: frozenset({State.ACKNOWLEDGED, State.RESOLVED}),
    State.ACKNOWLEDGED: frozenset({State.RESOLVED}),
    State.SNOOZED: frozenset({State.TRIGGERED, State.ACKNOWLEDGED, State.RESOLVED}),
    State.RESOLVED: frozenset({State.TRIGGERED}),
}


def decide(incident: Incident, event: Event, rules: RuleBook, now: datetime) -> Plan:
    """What follows from this event for this incident at this instant (UTC)."""
    match event:
        case Woke():
            return _woke(incident, _mutes(incident, rules, now), now)
        case Acknowledge(by=by, name=name):
            return _acknowledge(incident, by, name, _mutes(incident, rules, now), now)
        case Resolve(by=by, name=name):
            return _resolve_by_hand(incident, by, name, now)
        case DeliveryTrouble(destination=destination, why=why):
            return _fall_back(incident, destination, why, rules.fallback_destinations())


def _woke(incident: Incident, mutes: Mutes, now: datetime) -> Plan:
    if incident.state is State.RESOLVED:
        plan = _woke_resolved(incident, mutes, now)
    elif incident.announced_at is None:
        plan = _woke_unannounced(incident, mutes, now)
    else:
        plan = _woke_open(incident, mutes, now)
    return replace(plan, text=", ".join(sorted({mute.window.name for mute in mutes.values()})))


def _woke_unannounced(incident: Incident, mutes: Mutes, now: datetime) -> Plan:
    firing = incident.firing
    if not firing and not incident.truncated:
        ended = replace(incident, state=State.RESOLVED, resolved_at=now, end_reason="over before anybody was told", wake_at=None)
        return Plan(before=incident, next=ended, reason=Reason.OVER_BEFORE_TOLD, is_archived=True)
    wait = incident.route.group_wait if incident.route else None
    if wait and now < incident.opened_at + wait:
        return Plan(before=incident, next=replace(incident, wake_at=incident.opened_at + wait), reason=Reason.GROUP_WAIT)
    if _is_held(incident, mutes):
        return _hold(incident, mutes)
    opened = replace(_look(incident, mutes), announced_at=now)
    return Plan(before=incident, next=opened, reason=Reason.OPENED, notifications=_living(opened))


def _woke_open(incident: Incident, mutes: Mutes, now: datetime) -> Plan:
    looked = _look(incident, mutes)
    if not incident.firing:
        if incident.truncated:
            return Plan(before=incident, next=looked, reason=Reason.HELD_TRUNCATED, notifications=_if_told(incident, looked))
        return _end(incident, replace(looked, end_reason="resolved"), Reason.ALL_RESOLVED, now)
    worse = looked.severity.rank > incident.severity.rank
    joined = tuple(s for s in looked.systems if s not in incident.systems)
    if worse or joined:
        args = {"severity": looked.severity.value if worse else "", "systems": ", ".join(joined)}
        loud = tuple(_to_all(looked, Kind.WORSE, _priority(looked), args))
        return Plan(before=incident, next=looked, reason=Reason.GOT_WORSE, notifications=_living(looked) + loud)
    if looked.told == incident.told:
        return Plan(before=incident, next=replace(incident, wake_at=looked.wake_at), reason=Reason.NOTHING_NEW)
    return Plan(before=incident, next=looked, reason=Reason.ALERTS_CHANGED, notifications=_living(looked))


def _woke_resolved(incident: Incident, mutes: Mutes, now: datetime) -> Plan:
    firing = incident.firing
    fresh = [a for a in firing if a.id not in incident.hushed or a.starts_at > incident.hushed[a.id]]
    if any(a.id not in mutes for a in fresh):
        return _reopen(incident, mutes, now)
    if fresh:
        return _hold(incident, mutes)
    if firing:
        return Plan(before=incident, next=replace(incident, wake_at=None), reason=Reason.QUIET_AFTER_RESOLVE)
    close_at = (incident.resolved_at or now) + (incident.route.reopen_within if incident.route else now - now)
    if now >= close_at:
        return Plan(before=incident, next=replace(incident, wake_at=None), reason=Reason.CLOSED, is_archived=True)
    looked = replace(_look(incident, mutes), severity=incident.severity, wake_at=close_at)
    return Plan(before=incident, next=looked, reason=Reason.REOPEN_WINDOW, notifications=_if_told(incident, looked))


def _hold(incident: Incident, mutes: Mutes) -> Plan:
    """Planned work explains it all: look again when the first of its alerts is no longer muted."""
    return Plan(before=incident, next=replace(incident, wake_at=_first_end(mutes)), reason=Reason.MAINTENANCE)


def _reopen(incident: Incident, mutes: Mutes, now: datetime) -> Plan:
    cleared = replace(
        incident,
        state=State.TRIGGERED,
        severity=Severity.INFO,
        acknowledged_at=None,
        acknowledged_by="",
        resolved_at=None,
        resolved_by="",
        end_reason="",
        hushed={},
        reopened=incident.reopened + 1,
        announced_at=incident.announced_at or now,
    )
    again = _look(cleared, mutes)
    loud = tuple(_to_all(again, Kind.REOPENED, _priority(again), {"count": str(again.reopened + 1)}))
    return Plan(before=incident, next=again, reason=Reason.REOPENED, notifications=_living(again) + loud)


def _acknowledge(incident: Incident, by: str, name: str, mutes: Mutes, now: datetime) -> Plan:
    if incident.state is State.RESOLVED:
        return Plan(before=incident, next=incident, reason=Reason.ALREADY_RESOLVED, by=by)
    if incident.state is State.ACKNOWLEDGED:
        return Plan(before=incident, next=incident, reason=Reason.ALREADY_ACKNOWLEDGED, by=by)
    taken = replace(incident, state=State.ACKNOWLEDGED, acknowledged_by=name, acknowledged_at=now)
    if _is_held(incident, mutes):
        return Plan(before=incident, next=replace(taken, wake_at=_first_end(mutes)), reason=Reason.ACKNOWLEDGED, by=by)
    return Plan(before=incident, next=taken, reason=Reason.ACKNOWLEDGED, by=by, notifications=_living(taken))


def _resolve_by_hand(incident: Incident, by: str, name: str, now: datetime) -> Plan:
    if incident.state is State.RESOLVED:
        return Plan(before=incident, next=incident, reason=Reason.ALREADY_RESOLVED, by=by)
    hushed = {a.id: a.starts_at for a in incident.firing}
    ended = replace(incident, resolved_by=name, end_reason="resolved by hand", hushed=hushed)
    return replace(_end(incident, ended, Reason.RESOLVED_BY_HAND, now), by=by)


def _fall_back(incident: Incident, destination: str, why: str, fallback: tuple[Destination, ...]) -> Plan:
    failed = {**incident.failed, destination: why}
    there = {d.name for d in incident.destinations}
    added = tuple(d for d in fallback if d.name not in there)
    marked = replace(incident, failed=failed, destinations=incident.destinations + added)
    if not added:
        reason = Reason.NOTHING_NEW if incident.failed.get(destination) == why else Reason.NO_FALLBACK_LEFT
        return Plan(before=incident, next=marked, reason=reason)
    told = tuple(Notification(kind=Kind.INCIDENT, destination=d, priority=_priority(marked)) for d in added)
    return Plan(before=incident, next=marked, reason=Reason.FELL_BACK, notifications=told if incident.announced_at else ())


def _end(before: Incident, ended: Incident, reason: Reason, now: datetime) -> Plan:
    window = before.route.reopen_within if before.route else now - now
    over = replace(ended, state=State.RESOLVED, resolved_at=now, severity=before.severity, wake_at=None if ended.hushed else now + window)
    if before.announced_at is None:
        return Plan(before=before, next=over, reason=reason)
    # The living message says it where it can be edited; a new message only releases those who were paged.
    paged = _priority(before) is Priority.PAGE
    loud = tuple(n for n in _to_all(over, Kind.ENDED, Priority.RELEASE, {}) if paged or n.destination.channel in UNEDITABLE_CHANNELS)
    return Plan(before=before, next=over, reason=reason, notifications=_living(over) + loud)


def _mutes(incident: Incident, rules: RuleBook, now: datetime) -> Mutes:
    under_way = rules.mutes(now)
    if not under_way:
        return {}
    found = ((a.id, find_mute(under_way, matched_labels(a.labels, a.severity))) for a in incident.firing)
    return {alert_id: mute for alert_id, mute in found if mute is not None}


def _is_held(incident: Incident, mutes: Mutes) -> bool:
    """Nobody was told and every firing alert is muted: nobody is."""
    return incident.announced_at is None and 0 < len(mutes) == len(incident.firing)


def _first_end(mutes: Mutes) -> datetime | None:
    return min((mute.until for mute in mutes.values()), default=None)


def _look(incident: Incident, mutes: Mutes) -> Incident:
    """Take in what admission merged: severity, systems, and a digest of what people have been told.

    Muted alerts neither raise the severity nor join a system; the incident is looked at again when the first of them is not muted
    any more.
    """
    firing = incident.firing
    heard = tuple(a for a in firing if a.id not in mutes)
    weighed = firing or (() if incident.announced_at else tuple(incident.alerts.values()))
    worst = _worst(weighed, incident.severity)
    if worst.rank > incident.severity.rank and firing:
        worst = max(_worst(heard, incident.severity), incident.severity, key=lambda s: s.rank)
    known = dict.fromkeys(incident.systems)
    known.update(dict.fromkeys(a.service for a in heard if a.service))
    return replace(incident, severity=worst, systems=tuple(known), told=_digest(incident, firing), wake_at=_first_end(mutes))


def _worst(alerts: tuple[Alert, ...], default: Severity) -> Severity:
    return max((a.severity for a in alerts), key=lambda s: s.rank, default=default)


def _digest(incident: Incident, firing: tuple[Alert, ...]) -> str:
    shown = [f"{a.id}{a.severity}" for a in firing]
    text = "\n".join([*sorted(shown), str(incident.truncated), str(len(incident.alerts))])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _priority(incident: Incident) -> Priority:
    return Priority.PAGE if incident.severity is Severity.CRITICAL and not incident.is_quiet else Priority.CHAT


def _living(incident: Incident) -> tuple[Notification, ...]:
    return tuple(_to_all(incident, Kind.INCIDENT, _priority(incident), {}))


def _if_told(before: Incident, after: Incident) -> tuple[Notification, ...]:
    return _living(after) if after.told != before.told and before.announced_at else ()


def _to_all(incident: Incident, kind: Kind, priority: Priority, args: Mapping[str, str]) -> list[Notification]:
    return [Notification(kind=kind, destination=d, priority=priority, args=args) for d in incident.destinations]
