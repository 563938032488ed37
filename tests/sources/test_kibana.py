"""The body that docs/sources.md gives to Kibana, in its three forms, as the connector fills it in."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from receiver.sources import kibana
from receiver.sources.alertmanager import UndecodableError
from tests.builders import NOW

DOCS = (Path(__file__).parents[2] / "docs/sources.md").read_text("utf-8")
VALUES: dict[str, Any] = {
    "rule.id": "5d1b-7", "rule.name": "Errors of Shop API", "rule.url": "https://kibana.example/app/r/5d1b-7", "alert.id": "shop-api-1", "alert.uuid": "e3b0",
    "alert.actionGroup": "query matched", "alert.flapping": False, "date": "2026-11-23T03:02:00.123Z", "context.reason": '42 errors with "500"',
    "context.alertDetailsUrl": "https://kibana.example/app/observability/alerts/e3b0",
}  # fmt: skip


def pasted(heading: str, **changed: Any) -> bytes:
    """The block under this heading of the docs, with its variables filled in as Kibana does: JSON-escaped, or raw in triple braces."""
    block = re.search(rf"### {heading}\n.*?```json\n(.*?)```", DOCS, re.S)
    assert block, heading
    values = {**VALUES, **{name.replace("__", "."): value for name, value in changed.items()}}
    raw = re.sub(r"\{\{\{([\w.]+)\.asJSON\}\}\}", lambda m: json.dumps(values.get(m[1], [])), block[1])
    filled = re.sub(r"\{\{([\w.]+)\}\}", lambda m: json.dumps(values.get(m[1], "") if isinstance(values.get(m[1], ""), str) else str(values[m[1]]))[1:-1], raw)
    assert "{{" not in filled
    return filled.encode()


def test_an_alert_fires_by_its_rule_and_its_id():
    webhook = kibana.read(pasted("An alert that fires"), NOW)
    (one,) = webhook.alerts
    labels, notes = one.labels, one.annotations
    assert (one.status, one.startsAt) == ("firing", "2026-11-23T03:02:00.123Z")
    assert (labels["rule_id"], labels["alert_id"], labels["alertname"]) == ("5d1b-7", "shop-api-1", "Errors of Shop API")
    assert labels["service"]
    assert notes["summary"] == '42 errors with "500"'
    assert notes["dashboard_url"] == "https://kibana.example/app/observability/alerts/e3b0"
    assert webhook.identity == ("rule_id", "alert_id")


def test_a_recovered_alert_is_over_at_the_date_of_its_action():
    (one,) = kibana.read(pasted("An alert that recovered", date="2026-11-23T03:20:00Z"), NOW).alerts
    assert (one.status, one.endsAt) == ("resolved", "2026-11-23T03:20:00Z")


def summary(alert_id: str, *, nested: bool = False, **fields: str) -> dict[str, Any]:
    if nested:
        return {"kibana": {"alert": {"instance": {"id": alert_id}, **fields}}}
    return {"kibana.alert.instance.id": alert_id, **{f"kibana.alert.{k}": v for k, v in fields.items()}}


def test_a_summary_brings_new_ongoing_and_recovered_ones():
    new = [summary("a", reason="a is slow", start="2026-11-23T03:00:00Z")]
    gone = [summary("c", nested=True, start="2026-11-23T02:00:00Z", end="2026-11-23T03:01:00Z")]
    webhook = kibana.read(pasted("A summary", alerts__new__data=new, alerts__ongoing__data=[summary("b")], alerts__recovered__data=gone), NOW)
    assert [(a.labels["alert_id"], a.status) for a in webhook.alerts] == [("a", "firing"), ("b", "firing"), ("c", "resolved")]
    assert [a.startsAt for a in webhook.alerts] == ["2026-11-23T03:00:00Z", "2026-11-23T03:02:00.123Z", "2026-11-23T02:00:00Z"]
    assert webhook.alerts[2].endsAt == "2026-11-23T03:01:00Z"
    assert webhook.alerts[0].annotations["summary"] == "a is slow"


def test_a_variable_that_stayed_empty_is_said_and_kept():
    webhook = kibana.read(pasted("An alert that fires", alert__id=""), NOW)
    assert webhook.alerts == []
    assert (webhook.bad[0].reason, webhook.bad[0].is_firing) == ("alert.id is empty: paste the body from docs/sources.md", True)
    assert not kibana.read(pasted("An alert that recovered", rule__id=""), NOW).bad[0].is_firing


@pytest.mark.parametrize("content", [b"", b"{}", b'{"rule":{}}', b'{"rule":{"id":"x"},"alerts":7}', b'{"rule":"x","alert":{}}', b'{"text":"fired"}'])
def test_what_is_not_our_body_is_refused(content: bytes):
    with pytest.raises(UndecodableError):
        kibana.read(content, NOW)
