"""What a message template may see of an incident: prepared facts, cleaned for display, and nothing that acts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from receiver.channels.evidence_facts import facts_of
from receiver.channels.links import links_about
from receiver.channels.view_correlation import correlation_facts
from receiver.channels.view_escalation import escalation_facts, failed
from receiver.channels.view_flap import flap_facts
from receiver.channels.view_occurrence import occurrence_facts
from receiver.channels.view_overflow import overflow_facts
from receiver.channels.view_storm import storm_facts
from receiver.channels.visible import visible
from receiver.channels.words import COUNTED, SEVERITY, clock, measured, span
from receiver.core.alert import Alert
from receiver.core.condition import SUPPRESSED, strongest
from receiver.core.incident import Incident, State
from receiver.core.rulebook import RuleBook

SHOWN = 10
PLACES = 4
PLACE = ("instance", "pod", "queue", "http_route")
LONGEST_DESCRIPTION = 400
PICTOGRAMS = {State.ACKNOWLEDGED: "🟡", State.SNOOZED: "⚪", State.RESOLVED: "🟢"}


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceView:
    """A system's names by language and its link templates."""

    names: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)


def views(book: RuleBook) -> Mapping[str, ServiceView]:
    """What messages may see of the catalogue."""
    return {name: ServiceView(names=service.names, links=book.links_of(name)) for name, service in book.services.items()}


def build(
    incident: Incident, services: Mapping[str, ServiceView], language: str, zone: str, now: datetime, args: Mapping[str, str] | None = None, person: str = ""
) -> dict[str, object]:
    """The template's whole context; `args` are what the decision said of this one notification, `person` is who alone reads it."""
    firing = incident.firing  # sorted at every look, and an incident may have ten thousand
    shown = firing or tuple(incident.alerts.values())
    lead = shown[0] if shown else None
    is_suppressed = bool(firing) and incident.is_suppressed
    systems = [_name(s, services, language) for s in dict.fromkeys(a.service for a in shown if a.service)]
    joined = (args or {}).get("systems", "")
    return {
        "id": incident.id,
        "mark": _mark(incident, is_suppressed=is_suppressed, fires=bool(firing)),
        "severity": SEVERITY[language][incident.severity.value],
        "system": _system(incident, lead, services, language),
        "title": _title(lead, language),
        "description": _description(lead, language),
        "state": incident.state.value,
        "is_over": incident.state is State.RESOLVED,
        "systems": systems,
        "value": _value(lead, language),
        "evidence": facts_of(incident.evidence if firing else None, lambda service: _name(service, services, language), language, now),
        "links": _links(incident, lead, services, language, now),
        "failed": failed(incident),
        "truncated": incident.truncated,
        "reopened": incident.reopened,
        "repeats": incident.repeats,
        "worse_severity": bool((args or {}).get("severity")),
        "worse_systems": [_name(s, services, language) for s in joined.split(", ") if s],
        **_times(incident, language, zone, now),
        **_conditions(incident, firing, language, zone, now),
        "all_held_back": is_suppressed,
        "quiet_hours": visible((args or {}).get("quiet_hours", ""), 60),
        **_alerts(firing),
        "total": len(incident.alerts),
        **_route(incident),
        **correlation_facts(incident, lambda service: _name(service, services, language), language),
        **escalation_facts(incident, language, zone, now, args or {}, person),
        **flap_facts(incident, language, zone, now),
        **occurrence_facts(incident, language, zone, now),
        **storm_facts(incident, lambda service: _name(service, services, language), language, zone, now),
        **overflow_facts(incident, language),
    }


def title_of(incident: Incident, language: str) -> str:
    """What its worst alert says of itself, for documents; empty when it has none."""
    shown = incident.firing or tuple(incident.alerts.values())
    return _title(shown[0] if shown else None, language)


def links_of(incident: Incident, services: Mapping[str, ServiceView], language: str, now: datetime) -> list[dict[str, str]]:
    """Dashboards, logs and traces for its system and time."""
    shown = incident.firing or tuple(incident.alerts.values())
    return _links(incident, shown[0] if shown else None, services, language, now)


def _links(incident: Incident, lead: Alert | None, services: Mapping[str, ServiceView], language: str, now: datetime) -> list[dict[str, str]]:
    known = services[lead.service].links if lead and lead.service in services else {}
    return links_about(lead, known, language, incident.opened_at, incident.resolved_at or now)


def name_of(service: str, services: Mapping[str, ServiceView], language: str) -> str:
    """A system as people call it, or its id when the catalogue lacks it."""
    return _name(service, services, language)


def _times(incident: Incident, language: str, zone: str, now: datetime) -> dict[str, object]:
    """Instants in the reader's zone. A span under a minute is left out: it is over before it is read."""
    opened, taken, ended = incident.opened_at, incident.acknowledged_at, incident.resolved_at
    length = (ended or now) - opened
    return {
        "since": clock(opened, zone, now, language),
        "lasted": span(length, language) if ended or length >= timedelta(minutes=1) else "",
        "taken_by": visible(incident.acknowledged_by, 60),
        "taken_at": clock(taken, zone, now, language) if taken else "",
        "taken_after": span(taken - opened, language) if taken else "",
        "ended_at": clock(ended, zone, now, language) if ended else "",
        "ended_by": visible(incident.resolved_by, 60),
    }


def _conditions(incident: Incident, firing: tuple[Alert, ...], language: str, zone: str, now: datetime) -> dict[str, object]:
    """What Alertmanager or a missing Watchdog says of the alerts: held back altogether or in part, over without its word, not to be trusted."""
    found = (incident.conditions.get(a.id) for a in firing) if incident.conditions else ()
    held = [one for one in found if one is not None and one.kind in SUPPRESSED]
    shown = strongest(held or ([] if firing else incident.conditions.values()))
    lost_at = incident.signal_lost_at
    return {
        "held_back": len(held),
        "condition": shown.kind.value if shown else "",
        "condition_by": visible(shown.by, 60) if shown else "",
        "condition_until": clock(shown.until, zone, now, language) if shown and shown.until else "",
        "signal_source": visible(incident.signal_source, 60) if incident.is_open else "",
        "signal_lost_at": clock(lost_at, zone, now, language) if lost_at and incident.is_open else "",
    }


def _alerts(firing: tuple[Alert, ...]) -> dict[str, object]:
    """Alerts of one name are one line with their places; `more` counts the alerts whose names found no room."""
    by_name: dict[str, list[str]] = {}
    for alert in firing:
        where = next((alert.labels[name] for name in PLACE if alert.labels.get(name)), alert.service)
        by_name.setdefault(alert.name, []).append(where)
    lines = []
    for name, places in list(by_name.items())[:SHOWN]:
        known = list(dict.fromkeys(p for p in places if p))
        lines.append({"name": visible(name, 80), "where": ", ".join(visible(p, 60) for p in known[:PLACES]), "more": max(0, len(known) - PLACES)})
    return {"active": len(firing), "alerts": lines, "more": sum(len(p) for p in list(by_name.values())[SHOWN:])}


def _route(incident: Incident) -> dict[str, object]:
    route = incident.route
    if route is None:
        return {"route": "", "route_id": "", "group": [], "rules": ""}
    group = [f"{visible(n, 40)}={visible(v, 40)}" for n, v in route.group_labels.items() if v]
    return {"route": visible(route.where, 120), "route_id": visible(route.route_id, 80), "group": group, "rules": route.rules_version}


def _mark(incident: Incident, *, is_suppressed: bool, fires: bool) -> str:
    is_unsure = is_suppressed or (incident.signal_lost_at is not None and not fires)
    if incident.is_open and (is_unsure or incident.is_part or incident.flaps.waits):
        return "⚪"
    return PICTOGRAMS.get(incident.state) or ("🔴" if incident.severity.rank == 2 else "🟠")


def _system(incident: Incident, lead: Alert | None, services: Mapping[str, ServiceView], language: str) -> str:
    name = lead.service if lead else (incident.route.group_labels.get("service", "") if incident.route else "")
    return _name(name, services, language) or {"ru": "Неизвестная система", "en": "Unknown service"}[language]


def _name(service: str, services: Mapping[str, ServiceView], language: str) -> str:
    """A system as people call it, or its id when the catalogue lacks it."""
    known = services.get(service)
    return visible((known.names.get(language) or known.names.get("en", service)) if known else service, 80)


def _title(lead: Alert | None, language: str) -> str:
    return visible(_note(lead, "summary", language) or lead.name) if lead else ""


def _description(lead: Alert | None, language: str) -> str:
    """What the rule's author wrote beside the summary; nothing when it repeats it."""
    text = visible(_note(lead, "description", language), LONGEST_DESCRIPTION) if lead else ""
    return "" if text == _title(lead, language) else text


def _note(alert: Alert, name: str, language: str) -> str:
    notes = alert.annotations
    return (notes.get(f"{name}_ru") if language == "ru" else None) or notes.get(name, "")


def _value(lead: Alert | None, language: str) -> dict[str, str]:
    """The measured value with its unit and the threshold, each possibly empty, in the reader's language."""
    notes = lead.annotations if lead else {}
    unit, value, threshold = visible(notes.get("unit", ""), 20), notes.get("value", ""), notes.get("threshold", "")
    of_threshold = "" if unit in COUNTED and value else unit  # a noun is said once
    return {"value": visible(measured(value, unit, language), 80), "threshold": visible(measured(threshold, of_threshold, language), 80)}
