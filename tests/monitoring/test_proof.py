"""Every row of the tables in docs/monitoring.md names tests that exist and are about that row; the rows are the plan's, none is missing.

What is read here is the page itself, not what wrote it. `UPDATE_GOLDEN=1` writes the second table anew, `test_plan` the first.
"""

import ast
import os
import re
from functools import cache
from pathlib import Path

import pytest

from receiver.simulation.fault import Fault
from tests.harness import ROOT
from tests.monitoring.pack import PLAN, RULE_TESTS, alerts, read
from tests.monitoring.test_plan import END, PAGE, START, metrics
from tests.monitoring.test_simulation import CAUSES, EXPECTED

AROUND = "<!-- table: written by tests/monitoring/test_proof.py -->"
BY = re.compile(r"`([a-z-]+\.yml)`: (.+?)((?:<br>fault `[a-z-]+`)*)")
AROUND_ROWS = read(PLAN)["around"]
SPEC = {  # the plan's rows and its "what must happen"; each has a row of its own
    "each system is watched by its own method, and it is known who sees it break", "errors above the norm, or a saturation indicator above its limit",
    "support tells customers, and tells them again when it is back, with nothing internal", "critical utilisation, a decision on scaling", "who does what",
    "a unified logging standard for every service", "logs collected by ELK", "Prometheus", "OpenTelemetry and Jaeger", "dashboards and alerts in Kibana",
    "dashboards in Grafana",
}  # fmt: skip


def cells(start: str) -> list[list[str]]:
    """The rows of a table of the page without its head."""
    lines = PAGE.read_text("utf-8").split(start)[1].split(END)[0].strip().splitlines()[2:]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]


def rows() -> list[tuple[str, str, str, str, str]]:
    """System, metric, alert, severity and proof of every row, with what stands in the row above filled in."""
    found, head = [], ("", "")
    for system, metric, _, alert, severity, *_, proof in cells(START):
        head = (system, metric) if system else head
        found.append((*head, alert.strip("`"), severity, proof))
    return found


def test_every_metric_and_each_of_its_alerts_has_a_row_with_its_proof():
    severities = {name: [one["labels"]["severity"] for one in alerts() if one["alert"] == name] for name in {one["alert"] for one in alerts()}}
    wanted = [(system, metric, name, severity) for system, metric, watch in metrics() for name in watch["alerts"] for severity in severities[name]]
    assert [row[:4] for row in rows()] == wanted


@pytest.mark.parametrize(("alert", "severity", "proof"), sorted({row[2:] for row in rows()}), ids=lambda v: v if v[0] != "`" else "")
def test_the_test_a_row_names_fires_that_alert_and_sees_it_quiet_too(alert, severity, proof):
    found = BY.fullmatch(proof)
    assert found, proof
    file, name, shown = found.groups()
    path = RULE_TESTS / file
    assert path.is_file(), "promtool runs every file of the directory"
    (named,) = [test for test in read(path)["tests"] if test["name"] == name]
    fired = [one for case in named["alert_rule_test"] if case["alertname"] == alert for one in case["exp_alerts"]]
    assert severity in {one["exp_labels"]["severity"] for one in fired}
    assert any(case["alertname"] == alert and not case["exp_alerts"] for test in read(path)["tests"] for case in test["alert_rule_test"])
    for fault in re.findall(r"fault `([a-z-]+)`", shown):
        assert any(alert in names for names in EXPECTED[Fault(fault)].values())
        assert (ROOT / "tests" / "golden" / "faults" / f"{fault}.en.txt").is_file()


def test_every_alert_of_a_fault_names_the_fault_in_its_row():
    shown = {(alert, fault) for _, _, alert, _, proof in rows() for fault in re.findall(r"fault `([a-z-]+)`", proof)}
    planned = {alert for _, _, alert, _, _ in rows()}
    wanted = {(name, fault.value) for fault, found in EXPECTED.items() for names in found.values() for name in names}
    assert {pair for pair in wanted if pair[0] in planned} == shown
    unplanned = {"QueueDown", "AlexandriteDown"}
    assert {name for name, _ in wanted} - planned == unplanned, "whether the broker answers at all, or anything, is no metric of the plan"


def test_the_plan_around_the_metrics_has_a_row_for_each_of_its_steps():
    assert {row["step"] for row in AROUND_ROWS} == SPEC
    lines = ["| step of the plan | the product's part | where | proved by |", "| --- | --- | --- | --- |"]
    for row in AROUND_ROWS:
        where, by = ("<br>".join(f"`{one}`" for one in row[key]) for key in ("files", "tests"))
        lines.append(f"| {row['step']} | {row['part']} | {where} | {by} |")
    before, rest = PAGE.read_text("utf-8").split(AROUND)
    found, after = rest.split(END, 1)
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(f"{before}{AROUND}\n" + "\n".join(lines) + f"\n{END}{after}", "utf-8")
        return
    assert found.strip().splitlines() == lines, "UPDATE_GOLDEN=1 writes it anew"


@cache
def functions(path: Path) -> dict[str, str]:
    """The source of every function of a test module."""
    text = path.read_text("utf-8")
    return {node.name: ast.get_source_segment(text, node) or "" for node in ast.parse(text).body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("row", AROUND_ROWS, ids=lambda row: row["step"].replace(" ", "-"))
def test_the_tests_a_step_names_exist_and_are_about_it(row):
    for name in row["files"]:
        assert (ROOT / name).is_file(), name
    for test in row["tests"]:
        path, _, name = test.partition("::")
        source = functions(ROOT / path).get(name, "")
        assert any(word in source for word in row["about"]), test


def test_the_catalogue_is_the_plans_table_of_systems():
    """The last column of the plan's table is the graph: who sees a system break is who depends on it."""
    written, systems = read(ROOT / "routing_rules" / "services.yaml")["services"], read(PLAN)["systems"]
    assert set(systems) == set(read(PLAN)["services"])
    assert {one["id"] for one in systems.values()} | {"incident-receiver", "alexandrite"} == set(written)
    for name, one in systems.items():
        found = written[one["id"]]
        assert (found["name"]["en"], found["kind"], found["method"]) == (name, one["kind"], one["method"])
        assert {service for service, said in written.items() if one["id"] in said.get("depends_on", ())} == set(one["seen_by"]), name
    ground = {one["id"] for one in systems.values() if not any(one["id"] in other["seen_by"] for other in systems.values())}
    assert {service for service, said in written.items() if "alexandrite" in said.get("depends_on", ())} == ground, (
        "what all share is below what stands on nothing"
    )
    assert "component" not in written["alexandrite"], "it is nothing that customers see"


def is_said(name: str, text: str) -> bool:
    """The alert stands in a message by its name, or by its summary where it is a part of another incident."""
    summaries = [rule["annotations"]["summary"] for rule in alerts() if rule["alert"] == name]
    fixed = [[words.strip() for words in re.split(r"\{\{.*?\}\}", summary) if len(words.strip()) > 3] for summary in summaries]
    return name in text or any(words and all(one in text for one in words) for words in fixed)


def test_every_alert_of_a_cause_stands_in_the_message_of_its_fault():
    """The last link of the chain, from a metric to words."""
    for fault, causes in CAUSES.items():
        text = (ROOT / "tests" / "golden" / "faults" / f"{fault.value}.en.txt").read_text("utf-8")
        assert [name for cause in causes for name in EXPECTED[fault][cause] if not is_said(name, text)] == [], fault
