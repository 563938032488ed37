"""The table in docs/metrics.md and /metrics of a running service say the same, and every metric is fed."""

import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from receiver.core.event import Acknowledge
from receiver.telemetry import metrics
from tests.builders import rules_files, wire
from tests.harness import DEVOPS, ROOT, story

ROW = re.compile(r"^\| `([a-z_]+)` \| (\w+) \|([^|]*)\| ([^|]+) \| ([^|]+) \|$", re.M)
DOCUMENTED = {row[0]: (row[1], tuple(re.findall(r"`(\w+)`", row[2]))) for row in ROW.findall((ROOT / "docs" / "metrics.md").read_text("utf-8"))}
COMMON = ("le", "quantile")


async def test_what_a_running_service_shows_is_what_the_docs_say_and_the_other_way_round(tmp_path):
    async with story(tmp_path, rules=rules_files(tmp_path / "rules")) as s:
        await s.fire(wire())
        await s.advance(seconds=10)
        await s.expect(DEVOPS)
        (incident,) = await s.incidents()
        await s.app.engine.apply(incident.id, Acknowledge(by="anna", name="Anna"))
        await s.settle()
        shown = (await s.http.get("/metrics")).text
    families = {f.name + ("_total" if f.type == "counter" else ""): f for f in text_string_to_metric_families(shown) if not f.name.endswith("_created")}
    assert set(families) == set(DOCUMENTED)
    assert {name: family.type for name, family in families.items()} == {name: kind for name, (kind, _) in DOCUMENTED.items()}
    for name, family in families.items():
        for sample in family.samples:
            assert {label for label in sample.labels if label not in COMMON} == set(DOCUMENTED[name][1]), sample
    fed = {name for name, family in families.items() if any(sample.value for sample in family.samples)}
    assert fed >= {"receiver_ingest_seconds", "receiver_time_to_acknowledge_seconds", "receiver_pages_total", "receiver_incidents_begun_total"}


def test_labels_of_metrics_without_samples_are_documented_too():
    for collector in metrics.registry._collector_to_names:
        if labels := getattr(collector, "_labelnames", ()):
            name = collector._name + ("_total" if collector._type == "counter" else "")
            assert DOCUMENTED[name][1] == tuple(labels)


@pytest.mark.parametrize("name", sorted(name for name, value in vars(metrics).items() if hasattr(value, "_documentation")))
def test_every_metric_is_fed_by_something(name):
    users = [path for path in (ROOT / "receiver").rglob("*.py") if path.name != "metrics.py" and f"metrics.{name}" in path.read_text()]
    assert users, f"metrics.{name} stands still for ever"


def test_what_is_drawn_and_alerted_on_is_shown():
    known = {
        suffix for name, (kind, _) in DOCUMENTED.items() for suffix in ((f"{name}_bucket", f"{name}_sum", f"{name}_count") if kind == "histogram" else (name,))
    }
    for path in (ROOT / "monitoring").rglob("*.*"):
        if path.suffix in (".yml", ".json") and path.parent.name != "tests":
            assert set(re.findall(r"\breceiver_[a-z_]+[a-z]\b", path.read_text("utf-8"))) <= known, path.name
