"""What an incident makes of a wake-up: its alerts changed, or time passed. Called by `decide`."""

import hashlib
from dataclasses import replace
from datetime import datetime

from receiver.core.alert import Alert, Severity
from receiver.core.collection import collected
from receiver.core.condition import SUPPRESSED, Conditions, describe_end, strongest
from receiver.core.event import Woke
from receiver.core.evidence import Evidence, is_news
from receiver.core.flap import Flaps
from receiver.core.flapping import back, begun, freed, held, kind_of_return, named, watch
from receiver.core.incident import Incident, State
from receiver.core.mute import Mutes, first_end, is_held
from receiver.core.paging import again, start, told, untaken, with_places
from receiver.core.plan import Notification, Plan, Reason
from receiver.core.policy import VoidOn
from receiver.core.rulebook import RuleBook
from receiver.core.signal import LOOK_AGAIN, mark
from receiver.core.storm import TAKEN_APART, joins, widen
from receiver.core.telling import ended, living, merge, to_all, worse
from receiver.core.timers import due


def woke(incident: Incident, rules: RuleBook, mutes: Mutes, event: Woke, now: datetime) -> Plan:
    """What follows from the incident's wake-up; the event's signals say whose ends may be believed."""
    seen = widen(incident, rules) if incident.is_storm else incident
    if incident.state is State.RESOLVED:
        plan = replace(_woke_resolved(seen, rules, mutes, event, now), before=incident)
    elif incident.announced_at is None:
        plan = replace(_woke_unannounced(seen, rules, mutes, event, now), before=incident)
    else:
        plan = _name_signal(replace(_woke_told(mark(seen, event.signals), rules, mutes, now), before=incident))
    return replace(plan, text=", ".join(sorted({mute.window.name for mute in mutes.values()}))) if mutes else plan


def reported(incident: Incident, said: Conditions) -> Plan:
    """Take in what Alertmanager holds of the alerts; one that is over keeps its last word."""
    kept = {i: one for i, one in incident.conditions.items() if i in incident.alerts and not incident.alerts[i].is_firing}
    conditions = kept | {i: one for i, one in said.items() if i in incident.alerts}
    if incident.state is State.RESOLVED or conditions == incident.conditions:
        return Plan(before=incident, next=incident, reason=Reason.NOTHING_NEW)
    seen = replace(incident, conditions=conditions)
    shown = replace(seen, told=_digest(seen, seen.firing))
    found = strongest(said.values())
    text = f"{found.kind.value} {found.by}".strip() if found else "told again"
    return Plan(before=incident, next=shown, reason=Reason.CONDITION_CHANGED, text=text, notifications=_if_told(incident, shown))


def _name_signal(plan: Plan) -> Plan:
    """An edit that says that a signal was lost, or is back, is called by that."""
    if plan.reason is not Reason.ALERTS_CHANGED or plan.before.signal_lost_at == plan.next.signal_lost_at:
        return plan
    return replace(plan, reason=Reason.SIGNAL_LOST if plan.next.signal_lost_at else Reason.SIGNAL_BACK)


def hold_end(incident: Incident, looked: Incident, now: datetime) -> Plan:
    """No alert fires, but the source that says so may be dead: nothing ends until its Watchdog has been heard."""
    reason = Reason.SIGNAL_LOST if incident.signal_lost_at else Reason.HELD_UNCONFIRMED
    held = replace(looked, wake_at=now + LOOK_AGAIN)
    return Plan(before=incident, next=held, reason=reason, text=incident.signal_source, notifications=_if_told(incident, held))


def _woke_unannounced(incident: Incident, rules: RuleBook, mutes: Mutes, event: Woke, now: datetime) -> Plan:
    if not incident.is_firing and not incident.truncated:
        over = replace(incident, state=State.RESOLVED, resolved_at=now, end_reason="over before anybody was told", wake_at=None)
        return Plan(before=incident, next=over, reason=Reason.OVER_BEFORE_TOLD, is_archived=True)
    wait = incident.route.group_wait if incident.route else None
    if wait and now < incident.opened_at + wait:
        return Plan(before=incident, next=replace(incident, wake_at=incident.opened_at + wait), reason=Reason.GROUP_WAIT)
    if is_held(incident, mutes):
        return _hold(incident, mutes)
    opened = collected(begun(replace(look(incident, mutes), announced_at=now)))
    if not opened.is_collected and joins(incident, event, rules.noise):
        return Plan(before=incident, next=replace(opened, is_silent=True, is_paused=True), reason=Reason.STORM, joins=True)
    if opened.state is not State.TRIGGERED:  # somebody was faster than the group wait
        return Plan(before=incident, next=opened, reason=Reason.OPENED, notifications=living(opened))
    paging = start(opened, rules, now)
    if paging.escalation is None and incident.route and incident.route.policies:
        paging = with_places(paging, rules.fallback_destinations())  # its policy is gone since
    after, notifications = told(replace(incident, destinations=()), paging, rules, now)
    return Plan(before=incident, next=after, reason=Reason.OVERFLOW if incident.is_overflow else Reason.OPENED, notifications=notifications)


def _woke_told(incident: Incident, rules: RuleBook, mutes: Mutes, now: datetime) -> Plan:
    is_over = not incident.is_firing and not incident.truncated
    is_unsure = is_over and bool(incident.signal_source)  # not believed, so it is no change either
    watched = incident if is_unsure else watch(incident, rules.noise, now, is_clear=is_over)
    looked = look(watched, mutes)
    if watched.flaps.is_held and looked.severity.rank < watched.severity.rank:
        looked = replace(looked, severity=watched.severity)  # what flaps between two severities does not get worse each time
    plan = None if is_unsure else held(incident, watched, looked, rules, mutes, now)
    if plan is not None:
        return plan
    free = freed(watched, looked)
    return named(_woke_open(free, replace(looked, flaps=free.flaps), rules, mutes, now), incident)


def _woke_open(incident: Incident, looked: Incident, rules: RuleBook, mutes: Mutes, now: datetime) -> Plan:
    is_over = not incident.is_firing and not incident.truncated
    if is_over and not incident.signal_source:
        return end(incident, replace(looked, end_reason=describe_end(incident.conditions.values())), Reason.ALL_RESOLVED, now)
    timed = due(incident, rules, mutes, now)
    if timed is not None:
        # One thing at a time: what the alerts changed is looked at in the wake-up that follows at once.
        return replace(timed, next=replace(timed.next, wake_at=looked.wake_at if looked.told == incident.told and not is_over else now))
    if is_over:
        return hold_end(incident, looked, now)
    if not incident.is_firing:
        return Plan(before=incident, next=looked, reason=Reason.HELD_TRUNCATED, notifications=_if_told(incident, looked))
    is_worse = looked.severity.rank > incident.severity.rank
    joined = () if incident.is_crowd else tuple(s for s in looked.systems if s not in incident.systems)
    args = {"severity": looked.severity.value if is_worse else "", "systems": ", ".join(joined)}
    loud = worse(looked, args) if is_worse or joined else ()
    void = _void(incident, mutes, is_worse=is_worse)
    if void:
        return _voided(incident, looked, void, rules, now, loud)
    if incident.is_storm and incident.state is State.TRIGGERED and incident.escalation is None and looked.route and looked.route.policies:
        after, notifications = told(incident, start(looked, rules, now), rules, now, loud)
        return Plan(before=incident, next=after, reason=Reason.GOT_WORSE, notifications=notifications)
    if loud or (is_worse and looked.is_collected):  # then nobody knows of it yet
        return Plan(before=incident, next=looked, reason=Reason.GOT_WORSE, notifications=merge(loud, living(looked)))
    if looked.told == incident.told:
        return Plan(before=incident, next=replace(incident, wake_at=looked.wake_at), reason=Reason.NOTHING_NEW)
    return Plan(before=incident, next=looked, reason=Reason.ALERTS_CHANGED, notifications=living(looked))


def _void(incident: Incident, mutes: Mutes, *, is_worse: bool) -> VoidOn | None:
    """What ends the acknowledgement or the snooze before its time. A snooze covers new alerts, but never a worse severity."""
    if incident.state is State.SNOOZED:
        return VoidOn.WORSE_SEVERITY if is_worse else None
    if incident.state is not State.ACKNOWLEDGED:
        return None
    held = incident.escalation.policy.void_on if incident.escalation else ()
    if is_worse and VoidOn.WORSE_SEVERITY in held:
        return VoidOn.WORSE_SEVERITY
    is_new = not incident.is_crowd and len(incident.alerts) > incident.lease_alerts and any(alert.id not in mutes for alert in incident.firing)
    return VoidOn.NEW_ALERT if is_new and VoidOn.NEW_ALERT in held else None


def _voided(incident: Incident, looked: Incident, void: VoidOn, rules: RuleBook, now: datetime, loud: tuple[Notification, ...]) -> Plan:
    newest = max(incident.firing, key=lambda alert: alert.starts_at)
    about = f"severity:{looked.severity.value}" if void is VoidOn.WORSE_SEVERITY else f"alert:{newest.name}"
    by = incident.acknowledged_by or incident.snoozed_by
    also = (incident.owner,) if incident.owner else ()
    free, notifications = again(looked, rules, now, "voided", loud, by=by, about=about, also=also)
    return Plan(before=incident, next=free, reason=Reason.VOIDED, text=f"{void.value}: {about.partition(':')[2]}", notifications=notifications)


def _woke_resolved(incident: Incident, rules: RuleBook, mutes: Mutes, event: Woke, now: datetime) -> Plan:
    firing = incident.firing
    close_at = (incident.resolved_at or now) + (incident.route.reopen_within if incident.route else now - now)
    if incident.is_storm and incident.end_reason == TAKEN_APART:
        is_closed = now >= close_at
        after = replace(incident, wake_at=None if is_closed else close_at)
        return Plan(before=incident, next=after, reason=Reason.CLOSED if is_closed else Reason.REOPEN_WINDOW, is_archived=is_closed)
    news = [a for a in firing if a.id not in incident.hushed or a.starts_at > incident.hushed[a.id]]
    if any(a.id not in mutes for a in news):
        return _reopen(incident, rules, mutes, event, now)
    if news:
        return _hold(incident, mutes)
    if firing:
        return Plan(before=incident, next=replace(incident, wake_at=None), reason=Reason.QUIET_AFTER_RESOLVE)
    if now >= close_at:
        return Plan(before=incident, next=replace(incident, wake_at=None), reason=Reason.CLOSED, is_archived=True)
    looked = replace(look(incident, mutes), severity=incident.severity, wake_at=close_at)
    return Plan(before=incident, next=looked, reason=Reason.REOPEN_WINDOW, notifications=_if_told(incident, looked))


def _hold(incident: Incident, mutes: Mutes) -> Plan:
    """Planned work explains it all: look again when the first of its alerts is no longer muted."""
    return Plan(before=incident, next=replace(incident, wake_at=first_end(mutes)), reason=Reason.MAINTENANCE)


def fresh(incident: Incident, now: datetime) -> Incident:
    """The incident as it begins again: what was decided the last time is over."""
    return replace(
        untaken(incident),
        severity=Severity.INFO,
        resolved_at=None,
        resolved_by="",
        end_reason="",
        hushed={},
        conditions={},
        signal_source="",
        signal_lost_at=None,
        failed={},
        part=None,
        is_alone=False,
        reopened=incident.reopened + 1,
        reopened_at=now,
        answered_at=None,
        digest="",
        is_silent=False,
        is_paused=False,
        spread=None,
    )


def _reopen(incident: Incident, rules: RuleBook, mutes: Mutes, event: Woke, now: datetime) -> Plan:
    cleared = back(fresh(replace(incident, announced_at=incident.announced_at or now), now), incident, rules.noise, now)
    looked = look(cleared, mutes) if incident.announced_at else collected(look(cleared, mutes))
    if not looked.is_collected and joins(incident, event, rules.noise):
        silent = replace(looked, is_silent=not incident.announced_at or incident.is_silent, is_paused=True)
        return Plan(before=incident, next=silent, reason=Reason.STORM, joins=True, notifications=living(silent))
    anew = start(looked, rules, now, because="reopened")
    known = () if incident.is_silent else anew.destinations  # those whom a storm told of it hear of it as of a new one
    loud = to_all(anew, known, kind_of_return(anew), {"count": str(anew.reopened + 1)})
    after, notifications = told(incident, anew, rules, now, loud)
    reason = Reason.FLAPPING if after.flaps.is_held else Reason.REOPENED
    return Plan(before=incident, next=after, reason=reason, notifications=notifications)


def end(before: Incident, over: Incident, reason: Reason, now: datetime) -> Plan:
    """The incident is over; it stays reopenable for the route's while."""
    window = before.route.reopen_within if before.route else now - now
    flaps = Flaps(is_clear=True) if over.flaps.is_held else over.flaps  # it was quiet: the count begins anew
    last = replace(over, flaps=flaps, state=State.RESOLVED, resolved_at=now, severity=before.severity, wake_at=None if over.hushed else now + window)
    if before.announced_at is None:
        return Plan(before=before, next=last, reason=reason)
    return Plan(before=before, next=last, reason=reason, notifications=merge(ended(replace(last, severity=before.severity)), living(last)))


def look(incident: Incident, mutes: Mutes) -> Incident:
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
    worst = max(worst, *(one.severity for one in incident.symptoms.values()), key=lambda s: s.rank) if incident.symptoms else worst
    worst = Severity.CRITICAL if incident.is_overflow and firing else worst
    known = dict.fromkeys(incident.systems)
    known.update(dict.fromkeys(a.service for a in heard if a.service))
    return replace(incident, severity=worst, systems=() if incident.is_overflow else tuple(known), told=_digest(incident, firing), wake_at=first_end(mutes))


def _worst(alerts: tuple[Alert, ...], default: Severity) -> Severity:
    return max((a.severity for a in alerts), key=lambda s: s.rank, default=default)


def _digest(incident: Incident, firing: tuple[Alert, ...]) -> str:
    shown = [f"{a.id}{a.severity}{a.annotations.get('state') if incident.is_storm else ''}" for a in firing]
    held = [f"{one.kind}{one.by}{one.until}" for one in incident.conditions.values() if one.kind in SUPPRESSED]
    signal = [f"{incident.signal_source}{incident.signal_lost_at}"] if incident.signal_source else []
    carried = [f"{i}{one.severity}{one.firing}{one.taken_by}{one.name}" for i, one in incident.symptoms.items()]
    text = "\n".join([*sorted(shown), *sorted(held), *signal, *sorted(carried), str(incident.truncated), str(len(incident.alerts))])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _if_told(before: Incident, after: Incident) -> tuple[Notification, ...]:
    return living(after) if after.told != before.told and before.announced_at else ()


def gathered(incident: Incident, digest: str) -> Plan:
    """It was told by itself before the storm was one: from now on the storm keeps the time for it."""
    if not incident.is_open or incident.announced_at is None or incident.digest or incident.is_storm or incident.is_collected:
        return Plan(before=incident, next=incident, reason=Reason.NOTHING_NEW)
    return Plan(before=incident, next=replace(incident, digest=digest, is_paused=True), reason=Reason.STORM, text=digest)


def observed(incident: Incident, evidence: Evidence) -> Plan:
    """Numbers behind a decision on scaling: only the living message shows them. Another replica may have been faster with the same news."""
    if not incident.is_open or incident.announced_at is None or not is_news(incident.evidence, evidence):
        return Plan(before=incident, next=incident, reason=Reason.NOTHING_NEW)
    shown = replace(incident, evidence=evidence)
    return Plan(before=incident, next=shown, reason=Reason.EVIDENCE, notifications=living(shown))
