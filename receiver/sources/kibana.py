"""Kibana's webhook connector. It has no body of its own: the rule's author pastes ours from docs/sources.md. Pure; called by `sources.reading`.

Three forms of it: one alert that fires, one that recovered (its own action group), and a summary of new, ongoing and recovered ones.
An alert is its rule and its id within the rule, whatever else is said: authors forget labels in the recovery action.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from receiver.sources import loose
from receiver.sources.alertmanager import BadAlert, UndecodableError, Webhook, WireAlert

IDENTITY = ("rule_id", "alert_id")
_GROUPS = (("new", False), ("ongoing", False), ("recovered", True))
_PREFIX = "kibana.alert."


def read(body: bytes, now: datetime) -> Webhook:
    """Everything usable in the body; raises UndecodableError when there is nothing. `now` (UTC) stands in for a missing date."""
    said = loose.decode(body)
    if not isinstance(said, dict) or not isinstance(said.get("rule"), dict):
        raise UndecodableError("not_kibana")
    alerts: list[WireAlert] = []
    bad: list[BadAlert] = []
    for index, (one, is_over) in enumerate(_members(said)):
        try:
            alerts.append(_alert(said, one, is_over=is_over, now=now))
        except loose.BadAlertError as fault:
            bad.append(loose.bad(index, fault, {**said, "alerts": None, "alert": one}, is_firing=not is_over))
    return Webhook(receiver="", group_key="", truncated=0, alerts=alerts, bad=bad, identity=IDENTITY)


def _members(said: dict[str, Any]) -> Iterator[tuple[Any, bool]]:
    """Each alert and whether it is over."""
    if "alert" in said:
        one = said["alert"]
        yield one, isinstance(one, dict) and loose.text_of(one.get("actionGroup")) == "recovered"
        return
    groups = said.get("alerts")
    if not isinstance(groups, dict):
        raise UndecodableError("not_kibana")
    for name, is_over in _GROUPS:
        found = groups.get(name, [])
        data = found.get("data", []) if isinstance(found, dict) else found
        for one in data if isinstance(data, list) else [data]:
            yield one, is_over


def _alert(said: dict[str, Any], one: Any, *, is_over: bool, now: datetime) -> WireAlert:
    rule = said["rule"]
    rule_id, alert_id = loose.text_of(rule.get("id")), loose.text_of(_field(one, "id", "instance.id"))
    for name, value in (("rule.id", rule_id), ("alert.id", alert_id)):
        if not value:
            raise loose.BadAlertError(f"{name} is empty: paste the body from docs/sources.md")
    labels = {**loose.texts(said.get("labels")), "alertname": loose.text_of(rule.get("name")) or rule_id, "rule_id": rule_id, "alert_id": alert_id}
    reason = loose.text_of(_field(one, "reason", "reason")) or loose.text_of(said.get("reason"))
    notes = {
        "summary": reason or labels["alertname"],
        "dashboard_url": loose.text_of(said.get("link")) or loose.text_of(rule.get("url")),
        "flapping": loose.text_of(_field(one, "flapping", "flapping")),
        **loose.texts(said.get("annotations")),
    }
    at = loose.instant_of(said.get("date")) or now.isoformat()
    since = loose.instant_of(_field(one, "start", "start")) or at
    kept = {name: text for name, text in notes.items() if text}
    if is_over:
        return loose.resolved(labels, kept, since=since, ended=loose.instant_of(_field(one, "end", "end")) or at)
    return loose.firing(labels, kept, since=since)


def _field(one: Any, name: str, full: str) -> Any:
    """A member by its short name (one alert), or by Kibana's full one, flat or nested (a summary)."""
    if not isinstance(one, dict):
        return None
    if name in one:
        return one[name]
    if _PREFIX + full in one:
        return one[_PREFIX + full]
    here: Any = one
    for step in (_PREFIX + full).split("."):
        here = here.get(step) if isinstance(here, dict) else None
    return here
