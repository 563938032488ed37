"""Dashboards against Grafana's documented JSON model (grafana.com/docs/grafana: "JSON model"). Their queries are run in `test_simulation`."""

import json
import re
import subprocess

import pytest

from tests.monitoring.pack import PACK, alerts, rules

BOARDS = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted((PACK / "grafana").glob("*.json"))}
TOP = {
    "uid",
    "title",
    "tags",
    "schemaVersion",
    "version",
    "editable",
    "timezone",
    "refresh",
    "time",
    "templating",
    "annotations",
    "panels",
    "graphTooltip",
    "links",
    "description",
}


def queries(board: dict) -> list[str]:
    return [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_follows_the_json_model(name):
    board = BOARDS[name]
    assert set(board) == TOP
    assert board["uid"] == name
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    for panel in board["panels"]:
        place = panel["gridPos"]
        assert set(place) == {"x", "y", "w", "h"}
        assert place["x"] + place["w"] <= 24
        assert panel["type"] in ("row", "timeseries", "stat")
        if panel["type"] != "row":
            assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
            assert panel["fieldConfig"]["defaults"]["unit"]
            assert panel["title"]
    taken = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in board["panels"]]
    assert len(set(taken)) == len(taken), "no panel lies on another"


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_asks_by_service_and_environment(name):
    assert {found["name"] for found in BOARDS[name]["templating"]["list"]} == {"datasource", "environment", "service"}
    for query in queries(BOARDS[name]):
        assert 'service="$service", environment="$environment"' in query


def test_every_alert_links_to_a_dashboard_that_offers_its_service():
    for rule in alerts():
        uid, service = re.search(r"/d/([a-z]+)\?var-service=([a-z-]+)&", rule["annotations"]["dashboard_url"]).groups()
        (variable,) = [v for v in BOARDS[uid]["templating"]["list"] if v["name"] == "service"]
        assert service in [option["value"] for option in variable["options"]], rule["alert"]


def test_what_is_recorded_of_a_service_is_seen_on_a_dashboard():
    shown = " ".join(query for board in BOARDS.values() for query in queries(board))
    helpers = r":usual_rate30m$|:rate30m$|ratio_rate(30m|3d)$|:total$|depth:sum$|mq_depth:sum|db_connections:(sum|limit)|db_size:ratio|network_kilobytes"
    missing = [rule["record"] for _, rule in rules() if "record" in rule and rule["record"] not in shown and not re.search(helpers, rule["record"])]
    assert missing == []


def test_promtool_reads_every_query(tmp_path):
    found = sorted({query for board in BOARDS.values() for query in queries(board)})
    lines = [f"  - {{record: 'q:{n}', expr: '{query.replace('$service', 's').replace('$environment', 'e')}'}}" for n, query in enumerate(found)]
    (tmp_path / "q.yml").write_text("groups: [{name: q, rules: [\n" + ",\n".join(line.strip(" -") for line in lines) + "\n]}]\n")
    done = subprocess.run(["promtool", "check", "rules", str(tmp_path / "q.yml")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
