"""Everything down at once: one incident and one page by the shipped rules, in whichever order it is heard; three causes where nobody sees what they share."""

import random
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from receiver.cli.trial import page_of
from receiver.core.lint import Finding, Secrets, lint, values_of
from receiver.core.notice import Phase
from receiver.core.notice_record import Draft, Text
from receiver.rules.load import load_rules, read_rules
from receiver.settings import load_settings
from receiver.simulation.fault import Fault
from receiver.trial.examples import run_examples
from tests.builders import NOW
from tests.harness import ROOT
from tests.monitoring.pack import alerts
from tests.monitoring.test_simulation import EXPECTED

FIRES = [
    {"alertname": rule["alert"], "environment": "prod", **rule["labels"]}
    for service, names in EXPECTED[Fault.EVERYTHING_DOWN].items()
    for rule in alerts()
    if rule["alert"] in names and rule["labels"]["service"] == service
]
ONE = {"incidents": 1, "cause": "alexandrite", "each": [{"service": "alexandrite"}], "messages": {"admin-chat": 1, "devops": 1}, "paged": ["anna"]}
CAUSES = {"incidents": 3, "each": [{"service": service} for service in ("shop-db", "mes-db", "message-queue")]}


def differences(tmp_path: Path, fires: list[dict[str, str]], expect: dict[str, Any], after: str = "1s") -> list[str]:
    """What the shipped rules make of these alerts, one after the other, that is not as expected."""
    rules = tmp_path / "rules"
    shutil.copytree(ROOT / "routing_rules", rules, ignore=shutil.ignore_patterns("examples"))
    example = {"name": "dark", "steps": [{"after": after, "fire": one} for one in fires], "expect": expect}
    (rules / "examples").mkdir()
    (rules / "examples" / "dark.yaml").write_text(yaml.safe_dump({"version": 1, "at": "2026-11-23T14:02+03:00", "examples": [example]}), "utf-8")
    page = page_of(load_settings({"RECEIVER_DATA_DIR": str(tmp_path), "HOME": "/"}))
    return [one.diff for one in run_examples(read_rules(rules), rules, page)]


@pytest.mark.parametrize("seed", range(12))
def test_everything_down_is_one_incident_and_one_page_in_any_order(tmp_path, seed):
    fires = random.Random(seed).sample(FIRES, len(FIRES))
    assert len(fires) == 9
    assert differences(tmp_path, fires, ONE) == [""]


def test_the_same_eight_without_what_they_share_are_three_causes(tmp_path):
    eight = [one for one in FIRES if one["service"] != "alexandrite"]
    assert differences(tmp_path, eight, CAUSES) == [""]


def test_it_is_one_incident_too_when_what_they_share_is_seen_a_minute_later(tmp_path):
    late = sorted(FIRES, key=lambda one: one["service"] == "alexandrite")
    assert differences(tmp_path, late, {"incidents": 1, "cause": "alexandrite"}, after="8s") == [""]


def test_the_name_of_the_shop_is_no_leak_though_a_service_has_it_and_no_component_comes_of_it():
    book = load_rules(ROOT / "routing_rules")
    assert book.notices is not None
    assert "alexandrite" not in {service.component for service in book.services.values()} | set(book.notices.components)
    inside = Secrets(values=values_of([*book.services, *FIRES[-1].values()]))
    for said in ("Alexandrite is not available", "Alexandrite, shop-db"):
        texts = {language: Text(title="Some parts are not available", body=said) for language in book.notices.languages}
        draft = Draft(origin="unavailable", phase=Phase.INVESTIGATING, impacts={}, channels=(), texts=texts, proposed_at=NOW, next_update_at=NOW)
        leaks = {remark.word for remark in lint(draft, book.notices, inside, 1) if remark.finding is Finding.LABEL_VALUE}
        assert leaks == ({"shop-db"} if "shop-db" in said else set())
