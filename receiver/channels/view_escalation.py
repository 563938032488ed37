"""What a message says of who is paged, who comes next and who could not be reached. A part of `view`."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from receiver.channels.visible import visible
from receiver.channels.words import SEVERITY, clock, span
from receiver.core.incident import Incident, State
from receiver.core.policy import LEASE


def escalation_facts(incident: Incident, language: str, zone: str, now: datetime, args: Mapping[str, str], person: str) -> dict[str, object]:
    """The facts of the escalation; names and counts are empty where there is none."""
    taken, snoozed = incident.acknowledged_at, incident.snoozed_until
    return {
        "is_personal": bool(person),
        "is_owner": bool(person) and person == incident.owner,
        **_turn(incident, language, zone, now),
        **_because(args, language),
        **_why(incident),
        "taken_ago": span(now - taken, language) if taken else "",
        "lease": lease(incident, language),
        "snoozed_until": clock(snoozed, zone, now, language) if snoozed else "",
        "snoozed_by": visible(incident.snoozed_by, 60),
        "nobody_why": args.get("why", ""),
        "reasons": [f"{_label(incident, name)}: {visible(why, 80)}" for name, why in incident.failed.items()],
    }


def lease(incident: Incident, language: str) -> str:
    """How long an acknowledgement of this incident holds."""
    return span(incident.escalation.policy.lease if incident.escalation else LEASE, language)


def paging(incident: Incident, language: str) -> str:
    """Who is paged now, in a sentence."""
    turn = incident.escalation
    names = dict.fromkeys(visible(way.who, 60) for way in turn.ways if way.destination.name not in turn.failed) if turn else {}
    return ", ".join(names) or ("тех, кто читает чат" if language == "ru" else "whoever reads the chat")


def failed(incident: Incident) -> list[str]:
    """Who could not be reached, as people call them."""
    return list(dict.fromkeys(_label(incident, name) for name in incident.failed))


def _turn(incident: Incident, language: str, zone: str, now: datetime) -> dict[str, object]:
    turn = incident.escalation
    if turn is None or incident.state is not State.TRIGGERED or incident.is_quiet:
        return {"paging": [], "step": 0, "steps": 0, "next_at": "", "next_who": [], "holes": [], "policy": "", "rounds": 0}
    paging = dict.fromkeys(visible(way.who, 60) for way in turn.ways if way.destination.name not in turn.failed)
    return {
        "paging": list(paging),
        "step": turn.step + 1,
        "steps": len(turn.policy.steps),
        "next_at": clock(turn.expected_at, zone, now, language) if turn.upcoming and turn.expected_at > now and not incident.flaps.waits else "",
        "next_who": [visible(who, 60) for who in turn.upcoming],
        "holes": [visible(name, 60) for name in turn.holes],
        "policy": visible(turn.policy.name, 80),
        "rounds": turn.policy.repeat + 1,
    }


def _why(incident: Incident) -> dict[str, object]:
    """The policy and the step it stands at, with the lines that say so."""
    turn = incident.escalation
    if turn is None:
        return {"why_policy": "", "why_where": "", "why_step": 0, "why_targets": [], "why_who": []}
    targets = [f"{visible(target.name, 60)}{f' ({target.where})' if target.where else ''}" for target in turn.current.targets]
    who = dict.fromkeys(visible(way.who, 60) for way in turn.ways)
    policy = turn.policy
    return {"why_policy": visible(policy.name, 80), "why_where": policy.where, "why_step": turn.step + 1, "why_targets": targets, "why_who": list(who)}


def _because(args: Mapping[str, str], language: str) -> dict[str, object]:
    """Why somebody is rung now; `about` is the alert or the severity that voided an acknowledgement."""
    what, _, about = args.get("about", "").partition(":")
    waited = args.get("waited", "")
    return {
        "because": args.get("because", ""),
        "by": visible(args.get("by", ""), 60),
        "waited": span(timedelta(seconds=int(waited)), language) if waited.isdigit() else "",
        "new_alert": visible(about, 80) if what == "alert" else "",
        "new_severity": SEVERITY[language].get(about, "") if what == "severity" else "",
    }


def _label(incident: Incident, name: str) -> str:
    place = next((place for place in incident.places if place.name == name), None)
    return visible(place.label or name if place else name, 60)
