"""Grafana's webhook contact point: the body of unified alerting, older and newer, and that of the dashboard alerts before it. Pure.

Called by `sources.reading`. Fields by `receivers/webhook/v1/webhook.go` and `templates/template_data.go` of grafana/alerting. The rule's uid is part of the identity: two rules may give their
alerts the same labels. Newer bodies name it, older ones hold it in the rule's address.
"""

import re
from datetime import datetime
from typing import Any

from receiver.sources import loose
from receiver.sources.alertmanager import BadAlert, UndecodableError, Webhook, WireAlert

_RULE_ADDRESS = re.compile(r"/alerting/(?:grafana/)?([\w-]{1,40})/(?:view|edit)")
_OVER = {"ok"}
_FIRES = {"alerting", "no_data"}
_SILENT = {"paused", "pending", "unknown"}


def read(body: bytes, now: datetime) -> Webhook:
    """Everything usable in the body; raises UndecodableError when there is nothing. `now` (UTC) is when it came: old bodies carry no time."""
    said = loose.decode(body)
    if isinstance(said, dict) and isinstance(said.get("alerts"), list):
        return _unified(said)
    if isinstance(said, dict) and "ruleName" in said and "state" in said:
        return _dashboard(said, now)
    raise UndecodableError("not_grafana")


def _unified(said: dict[str, Any]) -> Webhook:
    alerts: list[WireAlert] = []
    bad: list[BadAlert] = []
    for index, one in enumerate(said["alerts"]):
        try:
            alerts.append(_alert(one))
        except loose.BadAlertError as fault:
            bad.append(loose.bad(index, fault, one, is_firing=not (isinstance(one, dict) and one.get("status") == "resolved")))
    cut = said.get("truncatedAlerts")
    return Webhook(
        receiver=loose.text_of(said.get("receiver")),
        group_key=loose.text_of(said.get("groupKey")),
        truncated=max(0, cut) if type(cut) is int else 0,
        alerts=alerts,
        bad=bad,
    )


def _alert(one: Any) -> WireAlert:
    if not isinstance(one, dict) or not isinstance(one.get("labels"), dict):
        raise loose.BadAlertError("labels are missing")
    labels = loose.texts(one["labels"])
    uid = loose.text_of(one.get("ruleUID")) or _uid_of(loose.text_of(one.get("generatorURL")))
    if uid:
        labels["rule_uid"] = uid
    annotations = _annotations(one)
    since = loose.text_of(one.get("startsAt"))
    if not since:
        raise loose.BadAlertError("startsAt is missing")
    match one.get("status"):
        case "firing":
            return loose.firing(labels, annotations, since=since)
        case "resolved":
            return loose.resolved(labels, annotations, since=since, ended=loose.text_of(one.get("endsAt")))
        case other:
            raise loose.BadAlertError(f"status {loose.text_of(other)[:20]!r} is neither firing nor resolved")


def _uid_of(address: str) -> str:
    found = _RULE_ADDRESS.search(address)
    return found[1] if found else ""


def _annotations(one: dict[str, Any]) -> dict[str, str]:
    """The author's own, and Grafana's panel as the dashboard to open."""
    notes = loose.texts(one.get("annotations"))
    panel = loose.text_of(one.get("panelURL")) or loose.text_of(one.get("dashboardURL"))
    return {"dashboard_url": panel, **notes} if panel else notes


def _dashboard(said: dict[str, Any], now: datetime) -> Webhook:
    """An alert of a dashboard's panel, as Grafana up to 8 sends them: one rule, one state, no times."""
    state = loose.text_of(said["state"])
    tags = loose.texts(said.get("tags"))
    labels = {**tags, "alertname": loose.text_of(said["ruleName"]), "rule_uid": loose.text_of(said.get("ruleId"))}
    notes = {
        "summary": loose.text_of(said.get("title")),
        "description": loose.text_of(said.get("message")),
        "dashboard_url": loose.text_of(said.get("ruleUrl")),
    }
    at = now.isoformat()
    if state in _FIRES:
        alerts = [loose.firing(labels, notes, since=at)]
    elif state in _OVER:
        alerts = [loose.resolved(labels, notes, since=at, ended=at)]
    elif state in _SILENT:
        alerts = []
    else:
        raise UndecodableError("not_grafana")
    return Webhook(receiver="", group_key="", truncated=0, alerts=alerts, identity=("alertname", "rule_uid"))
