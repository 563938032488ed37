"""Examples of rules: what passes, what is shown when it does not, and that Alexandrite's own cover its monitoring plan."""

import json
import re
import shutil
from pathlib import Path

import pytest

from receiver.rules.load import read_rules
from receiver.rules.schema_examples import ExamplesFile
from tests.harness import ROOT
from tests.trial.golden import check

GOLDEN = ROOT / "tests" / "golden" / "examples"
SHIPPED = ROOT / "routing_rules"
WATCHED = (
    (("internet-shop", "mes"), {"traffic", "errors", "latency"}),
    (("shop-api", "crm-api", "mes-api"), {"latency", "traffic", "errors", "saturation"}),
    (("shop-db", "mes-db", "message-queue"), {"saturation", "errors", "traffic"}),
)
SIGNALS = {service: signals for services, signals in WATCHED for service in services}
SCALED = {"ErrorRateHigh", "CpuHigh", "MemoryHigh", "DiskIoHigh", "DepthHigh"}  # errors and saturation the plan wants alerts for


@pytest.mark.parametrize(("case", "expected"), [("differences", 1), ("unknown-names", 1), ("steps", 0), ("clock", 0)])
def test_what_is_shown(command, case, expected):
    status, out, err = command("rules", "test", GOLDEN / case)
    check(GOLDEN / case / "expected.txt", out + err)
    assert status == expected


def test_json_says_the_same(command):
    status, out, _ = command("rules", "test", GOLDEN / "differences", "--json")
    found = json.loads(out)
    assert status == 1
    assert [bool(one["diff"]) for one in found["examples"]] == [False, True, True, True]
    assert [one["line"] for one in found["examples"]] == [4, 8, 12, 20]


def test_a_text_that_differs_is_a_diff_and_update_writes_it(command, tmp_path: Path):
    rules = tmp_path / "rules"
    shutil.copytree(SHIPPED, rules)
    text = rules / "examples" / "shop-api-errors.en.txt"
    text.write_text(text.read_text().replace("INC-1", "INC-2"))
    status, out, _ = command("rules", "test", rules)
    assert status == 1
    assert re.search(r"^-Critical · .* · INC-2 · ", out, re.M)
    assert re.search(r"^\+Critical · .* · INC-1 · ", out, re.M)
    assert re.search(r"^--- examples/shop-api-errors\.en\.txt \(examples/shop-api\.yaml:\d+ ", out, re.M)
    assert out.endswith(f"failed: 1 of {_count()} examples\n")
    text.unlink()
    assert command("rules", "test", rules)[0] == 1
    assert command("rules", "test", rules, "--update")[0] == 0
    assert text.read_bytes() == (SHIPPED / "examples" / "shop-api-errors.en.txt").read_bytes()


def test_a_text_nobody_gets_is_a_difference(command, tmp_path: Path):
    shutil.copytree(GOLDEN / "steps", tmp_path / "rules")
    (tmp_path / "rules" / "examples" / "steps.yaml").write_text(
        "version: 1\nexamples:\n  - name: a\n    steps: [{fire: {alertname: A, severity: info}}]\n    expect: {text: {destination: devops, file: a.txt}}\n"
    )
    status, out, _ = command("rules", "test", tmp_path / "rules", "--update")
    assert status == 1
    assert "devops got no message of kind incident" in out


def test_alexandrites_examples_pass(command):
    status, out, err = command("rules", "test", SHIPPED)
    assert (status, out, err) == (0, f"ok: {_count()} examples\n", "")


def test_alexandrites_examples_cover_every_system_and_signal():
    fired = [step.fire for example in _examples() for step in example.steps if step.fire]
    seen = {service: {labels["signal"] for labels in fired if labels.get("service") == service and "signal" in labels} for service in SIGNALS}
    assert {service: signals - seen[service] for service, signals in SIGNALS.items()} == {service: set() for service in SIGNALS}
    assert set(read_rules(SHIPPED).book.services) == {*SIGNALS, "alexandrite", "incident-receiver"}
    for ending in SCALED:
        severities = {labels["severity"] for labels in fired if labels.get("alertname", "").endswith(ending)}
        assert {"warning", "critical"} <= severities, ending


def test_alexandrites_texts_are_kept_in_both_languages():
    texts = [text for example in _examples() for text in example.expect.texts]
    assert sum(text.language == "en" for text in texts) >= 6
    assert sum(text.language == "" for text in texts) >= 6  # its destinations are Russian
    on_disk = {path.name for path in (SHIPPED / "examples").glob("*.txt")}
    named = {text.file for text in texts} | {example.expect.text.file for example in _examples() if example.expect.text}
    assert on_disk == named


def _examples():
    return [example for model in read_rules(SHIPPED).models.values() if isinstance(model, ExamplesFile) for example in model.examples]


def _count() -> int:
    return len(_examples())
