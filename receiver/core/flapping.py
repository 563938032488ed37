"""An incident that comes and goes is told once as flapping; then its ends and returns are held until it has been quiet. Called by `life`.

A held incident stays open, whatever its alerts do: its owner, its lease and its escalation stay, and nothing is due while it is all clear.
A worse severity or an alert it never had ends the hold at once.
"""

from dataclasses import replace
from datetime import datetime

from receiver.core.flap import Flaps, changed
from receiver.core.incident import Incident, State
from receiver.core.mute import Mutes, first_end, is_all_muted
from receiver.core.paging import again
from receiver.core.plan import Kind, Notification, Plan, Reason
from receiver.core.rulebook import Noise, RuleBook
from receiver.core.telling import concerned, living, merge, to_all, worse

_ORDINARY = (Reason.ALERTS_CHANGED, Reason.NOTHING_NEW)


def begun(incident: Incident) -> Incident:
    """An incident that people are told of for the first time: that it began to fire is its first change."""
    return replace(incident, flaps=Flaps(changes=(incident.opened_at,)))


def watch(incident: Incident, noise: Noise, now: datetime, *, is_clear: bool) -> Incident:
    """The incident with the change that this look finds, held from now on when it was one too many.

    What a storm or a cause speaks for is not held: it is not loud anyhow.
    """
    was = incident.flaps
    if incident.is_storm:
        return incident
    flaps = changed(was, is_clear=is_clear, within=noise.flap_within, now=now)
    if incident.is_paused or incident.is_part:
        flaps = replace(flaps, told_at=None, quiet_at=None)
    elif flaps is not was and (flaps.is_held or len(flaps.changes) >= noise.flap_changes):
        told = replace(flaps, quiet_at=now + noise.flap_hold)
        flaps = told if told.is_held else replace(told, told_at=now, alerts=len(incident.alerts))
    return incident if flaps == was else replace(incident, flaps=flaps)


def back(incident: Incident, before: Incident, noise: Noise, now: datetime) -> Incident:
    """One that came back after its end; where a person ended it, the changes before that are no longer counted."""
    old = Flaps() if before.resolved_by else replace(before.flaps, told_at=None, quiet_at=None)
    return watch(replace(incident, flaps=old), noise, now, is_clear=False)


def kind_of_return(incident: Incident) -> Kind:
    """How a return is told: as one, or as one too many."""
    return Kind.FLAPPING if incident.flaps.is_held else Kind.REOPENED


def held(before: Incident, watched: Incident, looked: Incident, rules: RuleBook, mutes: Mutes, now: datetime) -> Plan | None:
    """What flapping makes of a wake-up; none where the incident goes its ordinary way. `before` is as the change was not yet seen."""
    flaps = watched.flaps
    if not flaps.is_held:
        return None
    is_new = looked.severity.rank > watched.severity.rank or len(watched.alerts) > flaps.alerts
    if is_new and not flaps.is_clear:
        return _break(before, looked, rules, now) if before.flaps.waits and watched.state is not State.SNOOZED else None
    if flaps.quiet_at is not None and now >= flaps.quiet_at:
        return None if flaps.is_clear else _settle(watched, looked, rules, mutes, now)
    if not flaps.is_clear:
        return None
    shown = replace(looked, wake_at=None)
    if flaps.told_at != before.flaps.told_at:
        loud = to_all(shown, concerned(shown), Kind.FLAPPING)
        return Plan(before=before, next=shown, reason=Reason.FLAPPING, text=describe(flaps), notifications=merge(loud, living(shown)))
    is_news = looked.told != watched.told or flaps != before.flaps
    reason = Reason.FLAPPING if is_news else Reason.NOTHING_NEW
    return Plan(before=before, next=shown, reason=reason, text=describe(flaps) if is_news else "", notifications=living(shown) if is_news else ())


def freed(incident: Incident, looked: Incident) -> Incident:
    """For the ordinary way: what is new to a flapping incident that fires is no flapping any more."""
    flaps = incident.flaps
    is_new = looked.severity.rank > incident.severity.rank or len(incident.alerts) > flaps.alerts
    return replace(incident, flaps=Flaps()) if flaps.is_held and is_new and not flaps.is_clear else incident


def named(plan: Plan, before: Incident) -> Plan:
    """An edit that says no more than that it fired again is called by that."""
    flaps = plan.next.flaps
    if plan.reason not in _ORDINARY or flaps == before.flaps or not flaps.is_held:
        return plan
    return replace(plan, reason=Reason.FLAPPING, text=describe(flaps), notifications=living(plan.next))


def describe(flaps: Flaps) -> str:
    """For the timeline."""
    return f"{len(flaps.changes)} changes in {int(flaps.span.total_seconds() // 60)} min"


def _break(before: Incident, looked: Incident, rules: RuleBook, now: datetime) -> Plan:
    """Something new fires where all was clear: nobody may take that for more of the same, and the policy begins anew."""
    is_worse = looked.severity.rank > before.severity.rank
    anew = replace(looked, flaps=Flaps(changes=(now,)), reopened=before.reopened + 1, reopened_at=now, answered_at=None)
    loud: tuple[Notification, ...] = to_all(anew, anew.destinations, Kind.REOPENED, {"count": str(anew.reopened + 1)})
    if is_worse:
        loud = worse(anew, {"severity": looked.severity.value, "systems": ""})
    after, notifications = again(anew, rules, now, "reopened", loud)
    return Plan(before=before, next=after, reason=Reason.GOT_WORSE if is_worse else Reason.REOPENED, notifications=notifications)


def _settle(watched: Incident, looked: Incident, rules: RuleBook, mutes: Mutes, now: datetime) -> Plan:
    """It fired all the while: said aloud to whoever has it or is called; where nobody was left to call the policy begins anew."""
    if is_all_muted(watched, mutes):
        later = replace(looked, flaps=replace(watched.flaps, quiet_at=first_end(mutes)))
        return Plan(before=watched, next=later, reason=Reason.MAINTENANCE)
    steady = replace(looked, flaps=Flaps())
    if watched.state is State.SNOOZED or watched.is_suppressed:
        return Plan(before=watched, next=steady, reason=Reason.STEADY, notifications=living(steady))
    loud = to_all(steady, concerned(steady), Kind.FLAPPING)
    turn = steady.escalation
    if watched.state is State.TRIGGERED and turn is not None and turn.is_exhausted:
        after, notifications = again(steady, rules, now, "reopened", loud)
        return Plan(before=watched, next=after, reason=Reason.STEADY, notifications=notifications)
    return Plan(before=watched, next=steady, reason=Reason.STEADY, notifications=merge(loud, living(steady)))
