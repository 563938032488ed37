"""What a message template may see of an incident: prepared facts, cleaned for display, and nothing that acts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote

from receiver.channels.visible import visible
from receiver.channels.words import clock, span
from receiver.core.alert import Alert
from receiver.core.incident import Incident, State

SHOWN = 10
LINKS = ("dashboard", "logs", "traces", "runbook")
PICTOGRAMS = {State.ACKNOWLEDGED: "🟡", State.SNOOZED: "⚪", State.RESOLVED: "🟢"}
SEVERITY = {
    "en": {"critical": "critical", "warning": "warning", "info": "info"},
    "ru": {"critical": "критично", "warning": "предупреждение", "info": "сведения"},
}
LINK_NAMES = {
    "en": {"dashboard": "Dashboard", "logs": "Logs", "traces": "Traces", "runbook": "Runbook"},
    "ru": {"dashboard": "Дашборд", "logs": "Логи", "traces": "Трейсы", "runbook": "Что делать"},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceView:
    """A system's names by language and its link templates."""

    names: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)


def build(incident: Incident, services: Mapping[str, ServiceView], language: str, zone: str, now: datetime) -> dict[str, object]:
    """The template's whole context."""
    firing = incident.firing
    shown = firing or tuple(incident.alerts.values())
    lead = shown[0] if shown else None
    ended = incident.resolved_at
    route = incident.route
    systems = {a.service for a in shown if a.service}
    return {
        "id": incident.id,
        "mark": _mark(incident),
        "severity": SEVERITY[language][incident.severity.value],
        "system": _system(incident, lead, services, language),
        "title": _title(lead, language),
        "since": clock(incident.opened_at, zone, now),
        "lasted": span((ended or now) - incident.opened_at, language),
        "state": incident.state.value,
        "is_over": incident.state is State.RESOLVED,
        "taken_by": visible(incident.acknowledged_by, 60),
        "taken_at": clock(incident.acknowledged_at, zone, now) if incident.acknowledged_at else "",
        "taken_after": span(incident.acknowledged_at - incident.opened_at, language) if incident.acknowledged_at else "",
        "ended_at": clock(ended, zone, now) if ended else "",
        "ended_by": visible(incident.resolved_by, 60),
        "active": len(firing),
        "total": len(incident.alerts),
        "systems": len(systems),
        "alerts": [_line(a) for a in firing[:SHOWN]],
        "more": max(0, len(firing) - SHOWN),
        "truncated": incident.truncated,
        "reopened": incident.reopened,
        "repeats": incident.repeats,
        "value": _value(lead),
        "links": _links(lead, services, language, incident.opened_at, ended or now),
        "route": visible(route.where, 120) if route else "",
        "route_id": visible(route.route_id, 80) if route else "",
        "path": [visible(p) for p in route.path] if route else [],
        "group_by": [visible(g, 60) for g in route.group_by] if route else [],
        "rules": route.rules_version if route else "",
    }


def _mark(incident: Incident) -> str:
    return PICTOGRAMS.get(incident.state) or ("🔴" if incident.severity.rank == 2 else "🟠")


def _system(incident: Incident, lead: Alert | None, services: Mapping[str, ServiceView], language: str) -> str:
    name = lead.service if lead else (incident.route.group_labels.get("service", "") if incident.route else "")
    known = services.get(name)
    text = (known.names.get(language) or known.names.get("en", name)) if known else name
    return visible(text or {"ru": "неизвестная система", "en": "unknown service"}[language], 80)


def _title(lead: Alert | None, language: str) -> str:
    if lead is None:
        return ""
    notes = lead.annotations
    return visible((notes.get("summary_ru") if language == "ru" else None) or notes.get("summary") or lead.name)


def _line(alert: Alert) -> dict[str, str]:
    where = alert.labels.get("instance") or alert.labels.get("pod") or alert.service
    return {"name": visible(alert.name, 80), "where": visible(where, 80)}


def _value(lead: Alert | None) -> str:
    if lead is None or "value" not in lead.annotations:
        return ""
    parts = [lead.annotations["value"], lead.annotations.get("unit", "")]
    limit = lead.annotations.get("threshold", "")
    return visible(" ".join(p for p in parts if p) + (f" / {limit}" if limit else ""), 80)


def _links(lead: Alert | None, services: Mapping[str, ServiceView], language: str, start: datetime, end: datetime) -> list[dict[str, str]]:
    if lead is None:
        return []
    known = services.get(lead.service)
    found = dict(known.links) if known else {}
    found.update({name: lead.annotations[f"{name}_url"] for name in LINKS if lead.annotations.get(f"{name}_url")})
    values = _variables(lead, start - timedelta(minutes=15), end + timedelta(minutes=5))
    made = [(name, _fill(found[name], values)) for name in LINKS if name in found]
    return [{"name": LINK_NAMES[language][n], "url": u} for n, u in made if u.startswith(("https://", "http://")) and len(u) < 2000]


def _variables(lead: Alert, start: datetime, end: datetime) -> dict[str, str]:
    a, b = start.timestamp(), end.timestamp()
    return {
        "service": quote(lead.service, safe=""),
        "alertname": quote(lead.name, safe=""),
        "trace_id": quote(lead.annotations.get("trace_id", ""), safe=""),
        "from_ms": str(int(a * 1e3)),
        "to_ms": str(int(b * 1e3)),
        "from_us": str(int(a * 1e6)),
        "to_us": str(int(b * 1e6)),
        "from_iso": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "to_iso": f"{end:%Y-%m-%dT%H:%M:%SZ}",
    }


def _fill(template: str, values: Mapping[str, str]) -> str:
    """Plain replacement: a link is data, and a label in it must never be run."""
    for name, value in values.items():
        template = template.replace("{{ " + name + " }}", value)
    return template
