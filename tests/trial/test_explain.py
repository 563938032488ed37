"""Why an alert goes where it goes, word for word, on rules that have one of everything."""

import json

import pytest

from tests.harness import ROOT
from tests.trial.golden import check

GOLDEN = ROOT / "tests" / "golden" / "explain"
RULES = GOLDEN / "rules"
AT = "2026-11-23T03:02+03:00"
CASES = {
    "page": ("alertname=ShopApiErrorRateHigh", "service=shop-api", "environment=prod", "severity=page", "replica=a"),
    "note": ("alertname=DeployFinished", "severity=info"),
    "stranger": ("alertname=Odd", "job=unheard-of", "severity=apocalyptic", "environment=prod"),
    "nothing-matches": ("service=shop-api", "severity=warning"),
}


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("case", CASES)
def test_explanations(command, monkeypatch, case, language):
    monkeypatch.setenv("RECEIVER_LANGUAGE", language)
    monkeypatch.setenv("RECEIVER_TIMEZONE", "Europe/Moscow")
    status, out, _ = command("rules", "explain", *CASES[case], "--rules", RULES, "--at", AT)
    assert status == 0
    told, _, text = out.partition("\n\n")
    check(GOLDEN / f"{case}.{language}.txt", told + "\n")
    assert "INC-1" in text  # the first message itself is the renderer's, which has golden files of its own


def test_json_has_the_same_answer(command):
    _, out, _ = command("rules", "explain", *CASES["page"], "--rules", RULES, "--at", AT, "--json")
    found = json.loads(out)
    assert found["at"] == "2026-11-23T00:02:00Z"
    assert found["severity"] == "critical"
    assert {one["destination"] for one in found["recipients"]} == set(found["texts"]) - {"anna"} == {"admins", "audit"}
    assert "anna" in found["texts"], "whoever is on call is paged beside them"
    shadowed = [visit for visit in found["visits"] if visit["verdict"] == "shadowed"]
    assert [(visit["route_id"], visit["by"]) for visit in shadowed] == [("production-rest", "production-pages"), ("all-pages", "everything-is-written-down")]
    assert found["customers"] == {"component": "checkout", "impact": "partial_outage", "text": "errors", "hold_seconds": 180}


def test_the_tree_that_is_shown_is_the_route_that_is_taken(command):
    """The last taken route of the answer is the leaf that `RuleBook.route` found, for every example of labels."""
    for labels in CASES.values():
        found = json.loads(command("rules", "explain", *labels, "--rules", RULES, "--json")[1])
        taken = [visit["route_id"] for visit in found["visits"] if visit["verdict"] == "taken"]
        assert found["route_id"] in taken
        assert len(taken) == len(found["path"])


def test_wrong_words_are_usage_errors(command, capsys):
    assert command("rules", "explain", "a=b", "--at", "yesterday")[0] == 2
    with pytest.raises(SystemExit) as stop:
        command("rules", "explain", "nonsense")
    assert stop.value.code == 2
    assert "service=shop-api" in capsys.readouterr().err
