"""Grafana's bodies, as its webhook contact point and its older dashboard alerts send them."""

import json
from typing import Any

import pytest

from receiver.sources import grafana
from receiver.sources.alertmanager import UndecodableError, Webhook
from tests.builders import NOW


def alert(status: str = "firing", **changed: Any) -> dict[str, Any]:
    return {
        "status": status,
        "labels": {"alertname": "High memory usage", "team": "blue", "zone": "us-1"},
        "annotations": {"description": "The system has high memory usage", "runbook_url": "https://wiki.example/runbook/1", "summary": "Memory is high"},
        "startsAt": "2026-11-23T06:00:44.000000+03:00",
        "endsAt": "0001-01-01T00:00:00Z" if status == "firing" else "2026-11-23T06:10:00+03:00",
        "generatorURL": "https://grafana.example/alerting/1afz29v7z/edit",
        "fingerprint": "c6eadffa33fcdf37",
        "silenceURL": "https://grafana.example/alerting/silence/new?alertmanager=grafana&matchers=alertname%3DT2",
        "dashboardURL": "",
        "panelURL": "",
        "values": {"B": 44.23943737541908, "C": 1},
        "valueString": "[ var='B' labels={} value=44.2 ]",
        **changed,
    }


def body(*alerts: Any, **changed: Any) -> bytes:
    top = {
        "receiver": "My Super Webhook",
        "status": "firing",
        "orgId": 1,
        "alerts": list(alerts),
        "groupLabels": {},
        "commonLabels": {"team": "blue"},
        "commonAnnotations": {},
        "externalURL": "https://grafana.example/",
        "version": "1",
        "groupKey": "{}:{}",
        "truncatedAlerts": 0,
        "title": "[FIRING:2]  (blue)",
        "state": "alerting",
        "message": "**Firing**",
        **changed,
    }
    return json.dumps(top).encode()


def labels(webhook: Webhook, index: int = 0) -> dict[str, str]:
    return webhook.alerts[index].labels


def test_the_rule_is_part_of_the_identity_by_its_address_or_by_its_uid():
    older = grafana.read(body(alert()), NOW)
    newer = grafana.read(body(alert(ruleUID="1afz29v7z", generatorURL="https://grafana.example/alerting/grafana/other/view?orgId=1", orgId=1)), NOW)
    assert labels(older) == labels(newer) == {"alertname": "High memory usage", "team": "blue", "zone": "us-1", "rule_uid": "1afz29v7z"}
    viewed = grafana.read(body(alert(generatorURL="https://grafana.example/alerting/grafana/OCSFIkq4z/view?orgId=1")), NOW)
    assert labels(viewed)["rule_uid"] == "OCSFIkq4z"
    assert "rule_uid" not in labels(grafana.read(body(alert(generatorURL="?orgId=1")), NOW))


def test_a_resolved_alert_ends_and_the_state_of_the_group_is_not_believed():
    webhook = grafana.read(body(alert("resolved"), alert(), state="ok", status="resolved"), NOW)
    assert [(a.status, a.endsAt) for a in webhook.alerts] == [("resolved", "2026-11-23T06:10:00+03:00"), ("firing", "")]


def test_missing_data_and_errors_are_alerts_like_any_other():
    held = {"alertname": "DatasourceNoData", "rulename": "High memory usage", "datasource_uid": "x"}
    assert labels(grafana.read(body(alert(labels=held)), NOW))["alertname"] == "DatasourceNoData"


def test_the_panel_is_the_dashboard_to_open_unless_the_author_named_one():
    one = alert(panelURL="https://grafana.example/d/a?viewPanel=2", dashboardURL="https://grafana.example/d/a")
    assert grafana.read(body(one), NOW).alerts[0].annotations["dashboard_url"] == "https://grafana.example/d/a?viewPanel=2"
    one["annotations"]["dashboard_url"] = "https://grafana.example/d/mine"
    assert grafana.read(body(one), NOW).alerts[0].annotations["dashboard_url"] == "https://grafana.example/d/mine"


def test_the_good_part_of_a_partly_bad_body_is_used():
    webhook = grafana.read(body(alert(), {"status": "firing"}, alert("gone"), alert("resolved", startsAt=None), "x", truncatedAlerts=3), NOW)
    assert len(webhook.alerts) == 1
    assert [(b.index, b.is_firing) for b in webhook.bad] == [(1, True), (2, True), (3, False), (4, True)]
    assert webhook.truncated == 3


DASHBOARD = {
    "dashboardId": 1, "evalMatches": [{"value": 100, "metric": "High value", "tags": None}], "imageUrl": "", "message": "Someone is testing",
    "orgId": 0, "panelId": 1, "ruleId": 7, "ruleName": "Test notification", "ruleUrl": "http://grafana.example/d/x", "state": "alerting",
    "tags": {"service": "shop-api"}, "title": "[Alerting] Test notification",
}  # fmt: skip


@pytest.mark.parametrize(("state", "status"), [("alerting", ["firing"]), ("no_data", ["firing"]), ("ok", ["resolved"]), ("paused", []), ("pending", [])])
def test_an_alert_of_a_dashboard_has_one_rule_and_one_state(state: str, status: list[str]):
    webhook = grafana.read(json.dumps({**DASHBOARD, "state": state}).encode(), NOW)
    assert [a.status for a in webhook.alerts] == status
    if status:
        assert labels(webhook) == {"service": "shop-api", "alertname": "Test notification", "rule_uid": "7"}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"alerts":{}}', b'{"ruleName":"x","state":"odd"}', b"\xff", b"[" * 50 + b"]" * 50])
def test_what_is_no_body_of_grafana_is_refused(content: bytes):
    with pytest.raises(UndecodableError):
        grafana.read(content, NOW)
