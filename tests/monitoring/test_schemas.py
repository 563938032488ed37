"""What is imported into products that can't be run here, held to schemas written from those products' documentation (cited in each file)."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.monitoring.pack import PACK

SCHEMAS = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted((Path(__file__).parent / "schemas").glob("*.json"))}


def documents() -> dict[str, tuple[str, Any]]:
    """Each shipped document by name, with its schema."""
    elk, otel = PACK / "elk", PACK / "otel"
    found = {f"grafana/{path.name}": ("grafana-dashboard", json.loads(path.read_text("utf-8"))) for path in sorted((PACK / "grafana").glob("*.json"))}
    objects = [json.loads(line) for line in (elk / "saved-objects.ndjson").read_text("utf-8").splitlines()]
    found |= {f"elk/{one['type']}/{one['id']}": ("kibana-saved-object", one) for one in objects}
    found |= {f"elk/rule/{one['name']}": ("kibana-rule", one) for one in json.loads((elk / "rules.json").read_text("utf-8"))}
    found["elk/index-template.json"] = ("index-template", json.loads((elk / "index-template.json").read_text("utf-8")))
    found["elk/filebeat.yml"] = ("filebeat", yaml.safe_load((elk / "filebeat.yml").read_text("utf-8")))
    found["otel/collector.yml"] = ("otel-collector", yaml.safe_load((otel / "collector.yml").read_text("utf-8")))
    return found


DOCUMENTS = documents()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_follows_the_documented_format(name):
    schema, document = DOCUMENTS[name]
    faults = [f"{fault.json_path}: {fault.message}" for fault in Draft202012Validator(SCHEMAS[schema]).iter_errors(document)]
    assert faults == []


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_schema_is_one_cites_its_source_and_is_used(schema):
    Draft202012Validator.check_schema(SCHEMAS[schema])
    assert "https://" in SCHEMAS[schema]["$comment"]
    assert schema in {used for used, _ in DOCUMENTS.values()}


def _without(path: str, document: Any) -> Any:
    made = copy.deepcopy(document)
    *above, last = path.split("/")
    at = made
    for step in above:
        at = at[int(step) if isinstance(at, list) else step]
    del at[last]
    return made


WRONG = [
    ("grafana/red.json", "panels/1/targets"),
    ("grafana/red.json", "panels/0/gridPos"),
    ("grafana/use.json", "uid"),
    ("elk/index-pattern/alexandrite-logs", "attributes/timeFieldName"),
    ("elk/rule/Internet Shop: errors in the log", "params/timeField"),
    ("elk/rule/Internet Shop: errors in the log", "actions/0/frequency"),
    ("elk/index-template.json", "index_patterns"),
    ("elk/filebeat.yml", "filebeat.inputs/0/id"),
    ("otel/collector.yml", "service/pipelines/traces/exporters"),
    ("otel/collector.yml", "processors/memory_limiter/check_interval"),
]


@pytest.mark.parametrize(("name", "path"), WRONG, ids=[f"{name}:{path}" for name, path in WRONG])
def test_a_document_that_lacks_something_needed_is_refused(name, path):
    schema, document = DOCUMENTS[name]
    assert not Draft202012Validator(SCHEMAS[schema]).is_valid(_without(path, document))
