"""Every metric of the monitoring plan: series, alert, route and message, none missing. The table in docs/monitoring.md is written from here.

`UPDATE_GOLDEN=1` writes the table anew.
"""

import os
import re
from datetime import timedelta
from typing import Any

import pytest

from receiver.core.alert import matched_labels
from receiver.core.incident import Severity
from receiver.core.route import route
from receiver.rules.load import load_rules
from tests.builders import NOW as NIGHT
from tests.harness import ROOT
from tests.monitoring.pack import PLAN, alerts, read, rules, tried
from tests.monitoring.test_simulation import EXPECTED

DAY = NIGHT + timedelta(hours=4)
PAGE = ROOT / "docs" / "monitoring.md"
START, END = "<!-- table: written by tests/monitoring/test_plan.py -->", "<!-- end of table -->"
RAW = re.compile(r"\b(?:http_server|container|node|pg|rabbitmq|alexandrite)_\w+")


def metrics() -> list[tuple[str, str, dict[str, Any]]]:
    """System, metric, what watches it; the heads that stand for several systems are taken apart."""
    plan = read(PLAN)
    rows = []
    for head, found in plan["watched"].items():
        each = [name.strip() for name in head.removesuffix(", each").split(",")] if head.endswith("each") else [head]
        for system in each:
            word = plan["services"].get(system, "")
            rows += [(system, metric, {"series": w["series"], "alerts": [a.replace("{P}", word) for a in w["alerts"]]}) for metric, w in found.items()]
    return rows


def listed() -> list[tuple[str, str]]:
    return [(head, metric.strip()) for head, text in read(PLAN)["plan"].items() for metric in text.split("·")]


def test_no_metric_of_the_plan_is_missing():
    assert listed() == [(head, metric) for head, found in read(PLAN)["watched"].items() for metric in found]
    assert len(metrics()) == 8 + 3 * 9 + 2 * 7 + 2 * 3 + 3 + 5


@pytest.mark.parametrize(("system", "metric", "watch"), metrics(), ids=lambda v: v.replace(" ", "-") if isinstance(v, str) else "")
def test_a_metric_of_the_plan_is_recorded_and_alerted_on(system, metric, watch):
    recorded = {rule["record"]: rule["expr"] for _, rule in rules() if "record" in rule}
    by_name = {rule["alert"]: rule for rule in alerts()}
    assert watch["series"]
    assert watch["alerts"]
    for series in watch["series"]:
        assert series in recorded, f"{metric} of {system}: nothing records {series}"
    read_by = " ".join(by_name[name]["expr"] for name in watch["alerts"])
    assert any(series in read_by for series in watch["series"]), f"{metric} of {system}: no alert reads what is recorded of it"


def test_what_is_recorded_comes_from_exporters_or_from_what_is_recorded():
    recorded = {rule["record"] for _, rule in rules() if "record" in rule}
    for _, rule in rules():
        if "record" in rule:
            used = {name for name in recorded if name in rule["expr"]}
            assert used or RAW.search(rule["expr"]), rule["record"]


def faults(rule: dict[str, Any]) -> list[str]:
    """The faults of the simulation that bring this alert, in the worst of its severities."""
    name, service = rule["alert"], rule["labels"]["service"]
    worst = max((one["labels"]["severity"] for one in alerts() if one["alert"] == name), key=lambda severity: Severity(severity).rank)
    return [fault.value for fault, found in EXPECTED.items() if name in found.get(service, ())] if rule["labels"]["severity"] == worst else []


def table() -> str:
    """The table as it stands in the docs; the route is asked of the real route function, at ten in the morning of a working day."""
    book = load_rules(ROOT / "routing_rules")
    said, proved = {}, {}
    for file, name, case in tried():
        for found in case["exp_alerts"]:
            said.setdefault((case["alertname"], found["exp_labels"]["severity"]), found["exp_annotations"]["summary"])
            proved.setdefault((case["alertname"], found["exp_labels"]["severity"]), f"`{file}`: {name}")
    names = {service.names["en"]: id_ for id_, service in book.services.items()}
    lines = [
        "| system | metric of the plan | recorded series | alert | severity | route → destinations | message | proved by |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for system, metric, watch in metrics():
        assert system in names or system.startswith(("MES API", "Saturation"))
        head, series = (system, metric), "<br>".join(f"`{name}`" for name in watch["series"])
        for rule in (rule for name in watch["alerts"] for rule in alerts() if rule["alert"] == name):
            severity = rule["labels"]["severity"]
            took = route(book.root, matched_labels({"alertname": rule["alert"], "environment": "prod", **rule["labels"]}, Severity(severity)), DAY)
            where = f"`{took.route_id}` → {', '.join(took.destinations)}"
            by = "<br>".join((proved[rule["alert"], severity], *(f"fault `{fault}`" for fault in faults(rule))))
            lines.append(f"| {head[0]} | {head[1]} | {series} | `{rule['alert']}` | {severity} | {where} | {said[rule['alert'], severity]} | {by} |")
            head, series = ("", ""), ""
    return "\n".join(lines) + "\n"


def test_the_table_in_the_docs_tells_the_truth():
    before, rest = PAGE.read_text("utf-8").split(START)
    found, after = rest.split(END, 1)
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(f"{before}{START}\n{table()}{END}{after}", "utf-8")
        return
    assert found.strip() == table().strip(), "UPDATE_GOLDEN=1 writes it anew"


def test_errors_above_the_norm_and_saturation_reach_administrators_and_devops():
    book = load_rules(ROOT / "routing_rules")
    for rule in alerts():
        severity = rule["labels"]["severity"]
        for at in (DAY, NIGHT):
            took = route(book.root, matched_labels({"environment": "prod", **rule["labels"]}, Severity(severity)), at)
            assert "admin-chat" in took.destinations, rule["alert"]
        if severity == "critical" or (severity == "warning" and rule["labels"]["signal"] in ("errors", "saturation")):
            assert {"devops", "devops-chat"} & set(took.destinations), rule["alert"]
