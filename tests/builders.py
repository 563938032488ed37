"""Values for tests: alerts, incidents, webhooks, all with sensible defaults."""

import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from receiver.core.alert import Alert, AlertId, AlertStatus, Severity
from receiver.core.incident import Destination, Incident, IncidentId, RouteSnapshot
from receiver.core.route import RouteNode
from receiver.core.rulebook import RuleBook

NOW = datetime(2026, 11, 23, 3, 2, tzinfo=UTC)
ZERO = "0001-01-01T00:00:00Z"
CHAT = Destination(name="admin-chat", channel="telegram", address={"chat": -1001}, language="en")
ONE_SCHEDULE = """# Nobody before ten on the day it starts.
version: 1
schedules:
  devops-primary:
    timezone: Europe/Moscow
    layers:
      - {people: [anna, boris], rotate: weekly, handoff: {day: monday, time: "10:00"}, starts: "2026-11-23"}
"""
PAGED = Destination(name="devops", channel="telegram", address={"chat": -1002}, language="en")


def alert(name: str = "a", *, firing: bool = True, severity: Severity = Severity.WARNING, since: datetime = NOW, **labels: str) -> Alert:
    """One alert of shop-api."""
    held = {"alertname": "HighErrorRate", "service": "shop-api", "instance": name, "severity": severity.value, **labels}
    return Alert(
        id=AlertId(name),
        status=AlertStatus.FIRING if firing else AlertStatus.RESOLVED,
        severity=severity,
        starts_at=since,
        ends_at=None if firing else since + timedelta(minutes=5),
        labels=held,
        annotations={"summary": "7.8 % of responses are HTTP 500"},
    )


def incident(*alerts: Alert, **fields: Any) -> Incident:
    """An incident in its first moment unless told otherwise."""
    route = RouteSnapshot(
        route_id="root",
        where="routes.yaml:3",
        path=("routes.yaml:3 root",),
        group_by=("service",),
        group_labels={"service": "shop-api"},
        group_wait=timedelta(seconds=10),
        reopen_within=timedelta(minutes=30),
        destinations=("admin-chat",),
        rules_version="abc",
    )
    base: dict[str, Any] = {
        "id": IncidentId("INC-1"),
        "version": 1,
        "group_key": "g",
        "source": "alertmanager",
        "opened_at": NOW,
        "route": route,
        "destinations": (CHAT,),
        "severity": Severity.INFO,
        "alerts": {a.id: a for a in alerts},
    }
    return Incident(**{**base, **fields})


def rulebook(*fallback: Destination, **fields: Any) -> RuleBook:
    """A rule book of one route that tells the admin chat."""
    root = RouteNode(
        id="root",
        where="routes.yaml:3",
        matchers=(),
        group_by=("service",),
        group_wait=timedelta(seconds=10),
        reopen_within=timedelta(minutes=30),
        destinations=("admin-chat",),
        continues=False,
        step="routes.yaml:3 root",
    )
    places = {d.name: d for d in (CHAT, PAGED, *fallback)}
    return RuleBook(**{"version": "abc", "root": root, "destinations": places, "fallback": tuple(d.name for d in fallback), **fields})


def wire(instance: str = "a", status: str = "firing", *, since: datetime = NOW, ended: datetime | None = None, **labels: str) -> dict[str, Any]:
    """One alert as Alertmanager writes it."""
    held = {"alertname": "HighErrorRate", "service": "shop-api", "instance": instance, "severity": "critical", "environment": "prod", **labels}
    return {
        "status": status,
        "labels": held,
        "annotations": {"summary": "7.8 % of responses are HTTP 500"},
        "startsAt": since.isoformat().replace("+00:00", "Z"),
        "endsAt": ended.isoformat().replace("+00:00", "Z") if ended else ZERO,
        "generatorURL": "http://prometheus.example/graph",
        "fingerprint": "",
    }


def body(*alerts: dict[str, Any], truncated: int = 0) -> bytes:
    """A version 4 body of these alerts."""
    status = "firing" if any(a["status"] == "firing" for a in alerts) else "resolved"
    return json.dumps(
        {
            "version": "4",
            "groupKey": '{}:{service="shop-api"}',
            "receiver": "ops\\.pager",
            "status": status,
            "alerts": list(alerts),
            "groupLabels": {},
            "commonLabels": {},
            "commonAnnotations": {},
            "externalURL": "http://alertmanager.example",
            "truncatedAlerts": truncated,
        }
    ).encode()


def rules_of_chats(directory: Path) -> Path:
    """The shipped rules, but `devops` is a chat and nobody is paged by name: for stories of messages, not of paging. Without examples."""
    shipped = Path(__file__).parent.parent / "routing_rules"
    shutil.copytree(shipped, directory, ignore=shutil.ignore_patterns("examples", ".schema", "escalation.yaml"), dirs_exist_ok=True)
    for name, pattern, instead in (("destinations", r"  devops: .*\n  devops-chat:", "  devops:"), ("routes", "devops-chat", "devops")):
        path = directory / f"{name}.yaml"
        text, found = re.subn(pattern, instead, path.read_text("utf-8"))
        assert found, f"{name}.yaml has changed"
        path.write_text(text, "utf-8")
    path = directory / "routes.yaml"
    path.write_text(path.read_text("utf-8").replace("storm: {incidents: 10,", "storm: {incidents: 100000,"), "utf-8")
    (directory / "schedules.yaml").write_text(ONE_SCHEDULE, "utf-8")
    return directory


def rules_files(directory: Path, **changed: str) -> Path:
    """Small rules in a directory: a critical alert pages `devops`, the rest tells `admin-chat`, and `spare` is the fallback."""
    files = {
        "routes": """version: 1
route:
  id: root
  group_by: [service, environment]
  group_wait: 10s
  reopen_within: 30m
  destinations: [admin-chat]
  routes:
    - {id: critical, matchers: ['severity="critical"'], destinations: [devops]}
noise: {storm: {incidents: 1000000}}
""",
        "destinations": """version: 1
destinations:
  admin-chat: {channel: telegram, chat: -1001000000001, language: en}
  devops: {channel: telegram, chat: -1001000000002, language: en}
  spare: {channel: telegram, chat: -1001000000003, language: en}
fallback: [spare]
""",
        "people": """version: 1
people:
  anna: {name: Anna, roles: [responder, admin], telegram: 111111111, language: en}
  boris: {name: Борис, roles: [responder], telegram: 111111112, language: ru, timezone: Europe/Moscow}
  sveta: {name: Sveta, roles: [support], telegram: 111111113, language: en}
""",
        "services": """version: 1
services:
  shop-api: {name: {ru: Shop API, en: Shop API}, kind: service}
  shop-db: {name: {ru: База магазина, en: Shop DB}, kind: database}
""",
    }
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in (files | changed).items():
        (directory / f"{name}.yaml").write_text(text, "utf-8")
    return directory
