"""A body as a source of each kind would send it, for `receiver sources test`. Pure; called by `web.sources`."""

from datetime import datetime
from typing import Any

import msgspec

from receiver.core.bodypath import place
from receiver.core.source import BodyMapping, Source, kind_of

TEST_ALERT = "ReceiverTest"
SUMMARY = "A test alert from `receiver sources test`: nothing is wrong"
SUMMARY_RU = "Проверочный алерт команды `receiver sources test`: ничего не случилось"


def sample(source: str, known: Source | None, since: datetime, ended: datetime | None = None) -> bytes:
    """One alert of severity info that fires since then, or is over (both in UTC), in the form of the source's kind."""
    label = known.severity_label if known else "severity"
    match kind_of(source, known):
        case "grafana":
            body = _grafana(label, since, ended)
        case "kibana":
            body = _kibana(label, since, ended)
        case "generic" if known and known.mapping:
            body = _generic(known.mapping, label, since, ended)
        case _:
            body = _alertmanager(label, since, ended)
    return msgspec.json.encode(body)


def _alert(label: str, since: datetime, ended: datetime | None) -> dict[str, Any]:
    return {
        "status": "resolved" if ended else "firing",
        "labels": {"alertname": TEST_ALERT, "service": "incident-receiver", label: "info"},
        "annotations": {"summary": SUMMARY, "summary_ru": SUMMARY_RU},
        "startsAt": since.isoformat(),
        "endsAt": ended.isoformat() if ended else "0001-01-01T00:00:00Z",
    }


def _alertmanager(label: str, since: datetime, ended: datetime | None) -> dict[str, Any]:
    alert = _alert(label, since, ended)
    return {"version": "4", "groupKey": "{}:{}", "receiver": "test", "status": alert["status"], "alerts": [alert], "truncatedAlerts": 0}


def _grafana(label: str, since: datetime, ended: datetime | None) -> dict[str, Any]:
    alert = {**_alert(label, since, ended), "ruleUID": "receiver-test", "values": {"A": 1}, "valueString": ""}
    return {"receiver": "test", "status": alert["status"], "version": "1", "orgId": 1, "state": "ok" if ended else "alerting", "alerts": [alert]}


def _kibana(label: str, since: datetime, ended: datetime | None) -> dict[str, Any]:
    return {
        "rule": {"id": "receiver-test", "name": TEST_ALERT},
        "alert": {"id": "receiver-test", "actionGroup": "recovered" if ended else "threshold met"},
        "date": (ended or since).isoformat(),
        "labels": {"service": "incident-receiver", label: "info"},
        "annotations": {"summary": SUMMARY, "summary_ru": SUMMARY_RU},
    }


def _generic(mapping: BodyMapping, label: str, since: datetime, ended: datetime | None) -> Any:
    known = {"alertname": TEST_ALERT, "service": "incident-receiver", label: "info", "summary": SUMMARY, "summary_ru": SUMMARY_RU}
    alert: Any = None
    for name, path in (*mapping.labels.items(), *mapping.annotations.items()):
        alert = place(path, known.get(name, "test"), alert)
    alert = place(mapping.status, min(mapping.resolved if ended else mapping.firing), alert)
    if mapping.starts_at:
        alert = place(mapping.starts_at, since.isoformat(), alert)
    if mapping.ends_at and ended:
        alert = place(mapping.ends_at, ended.isoformat(), alert)
    return place(mapping.alerts, alert)
