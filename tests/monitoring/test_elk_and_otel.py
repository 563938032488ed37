"""What ships logs and traces, held to the documented formats: Filebeat, Elasticsearch, Kibana and the collector cannot be run here."""

import json
import re

import pytest
import yaml

from receiver.cli.logs import ECS
from receiver.rules.load import load_rules
from receiver.sources.kibana import read
from tests.builders import NOW
from tests.harness import ROOT
from tests.monitoring.pack import PACK

ELK = PACK / "elk"
OBJECTS = [json.loads(line) for line in (ELK / "saved-objects.ndjson").read_text("utf-8").splitlines()]
RULES = json.loads((ELK / "rules.json").read_text("utf-8"))
TEMPLATE = json.loads((ELK / "index-template.json").read_text("utf-8"))


def test_filebeat_reads_json_lines_unchanged_into_the_index_of_the_template():
    config = yaml.safe_load((ELK / "filebeat.yml").read_text("utf-8"))
    (source,) = config["filebeat.inputs"]
    assert source["type"] == "filestream"
    assert source["id"]
    assert [next(iter(parser)) for parser in source["parsers"]] == ["container", "ndjson"], "the container's envelope first, then the service's line"
    assert source["parsers"][1]["ndjson"] == {"target": "", "overwrite_keys": True, "add_error_key": True, "expand_keys": True}
    assert config["setup.template"]["pattern"] == TEMPLATE["index_patterns"][0] == "alexandrite-logs-*"
    assert config["output.elasticsearch"]["index"].startswith("alexandrite-logs-")


def test_the_index_template_maps_the_fields_of_the_standard():
    properties = TEMPLATE["template"]["mappings"]["properties"]
    assert set(properties) <= ECS
    assert properties["@timestamp"] == {"type": "date"}
    assert properties["trace"]["properties"]["id"]["type"] == properties["service"]["properties"]["name"]["type"] == "keyword"


def test_saved_objects_refer_only_to_one_another():
    known = {(found["type"], found["id"]) for found in OBJECTS}
    assert len(known) == len(OBJECTS)
    for found in OBJECTS:
        assert set(found) == {"id", "type", "attributes", "references"}
        for reference in found["references"]:
            assert (reference["type"], reference["id"]) in known
        for text in ("visState", "panelsJSON", "optionsJSON", "uiStateJSON"):
            json.loads(found["attributes"].get(text, "{}"))


def test_the_dashboard_of_incidents_holds_all_that_was_made_for_it():
    (dashboard,) = [found for found in OBJECTS if found["type"] == "dashboard"]
    panels = json.loads(dashboard["attributes"]["panelsJSON"])
    assert {panel["panelRefName"] for panel in panels} == {reference["name"] for reference in dashboard["references"]}
    assert {reference["id"] for reference in dashboard["references"]} == {found["id"] for found in OBJECTS if found["type"] in ("search", "visualization")}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["name"].split(":")[0])
def test_a_kibana_rule_tells_its_start_and_its_end_with_a_known_service(rule):
    catalogue = {*load_rules(ROOT / "routing_rules").services, "incident-receiver"}
    json.loads(rule["params"]["esQuery"])
    bodies = {action["group"]: json.loads(action["params"]["body"]) for action in rule["actions"]}
    assert set(bodies) == {"query matched", "recovered"}
    assert bodies["recovered"]["alert"]["actionGroup"] == "recovered"
    for action in rule["actions"]:
        assert action["frequency"] == {"summary": False, "notify_when": "onActionGroupChange", "throttle": None}
        body = json.loads(action["params"]["body"])
        assert body["labels"]["service"] in catalogue
        assert (body["rule"]["id"], body["alert"]["id"]) == ("{{rule.id}}", "{{alert.id}}"), "what identifies it"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["name"].split(":")[0])
def test_the_kibana_source_reads_both_bodies_of_a_rule(rule):
    filled = [re.sub(r"{{[a-zA-Z.]+}}", lambda m: "2026-11-23T03:02:00Z" if m[0] == "{{date}}" else "x", a["params"]["body"]) for a in rule["actions"]]
    (fires,), (ends,) = (read(body.encode(), NOW).alerts for body in filled)
    assert (fires.status, ends.status) == ("firing", "resolved")
    said = [one.labels for one in (fires, ends)]
    assert [(labels["rule_id"], labels["alert_id"]) for labels in said] == [("x", "x")] * 2
    assert said[0]["service"] == json.loads(rule["actions"][0]["params"]["body"])["labels"]["service"]


def test_the_collector_leads_every_trace_to_jaeger_without_secrets():
    config = yaml.safe_load((PACK / "otel" / "collector.yml").read_text("utf-8"))
    assert set(config) == {"receivers", "processors", "exporters", "extensions", "service"}
    pipeline = config["service"]["pipelines"]["traces"]
    for part in ("receivers", "processors", "exporters"):
        assert set(pipeline[part]) == set(config[part]), f"{part} that are described but not used, or the other way round"
    assert pipeline["processors"][0] == "memory_limiter", "first, so that it can refuse"
    assert pipeline["processors"][-1] == "batch", "last, after sampling"
    gone = {action["key"] for action in config["processors"]["attributes/secrets"]["actions"]}
    assert {"url.query", "http.request.header.authorization", "http.request.header.cookie"} <= gone
    assert set(config["service"]["extensions"]) == set(config["extensions"])
