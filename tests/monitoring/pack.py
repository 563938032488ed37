"""What the monitoring pack holds, read once for its tests."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.harness import ROOT

PACK = ROOT / "monitoring"
RULES = PACK / "prometheus" / "rules"
RULE_TESTS = PACK / "prometheus" / "tests"
PLAN = Path(__file__).parent / "plan.yaml"


@cache
def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def rules() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every rule with the name of its file."""
    for path in sorted(RULES.glob("*.yml")):
        for group in read(path)["groups"]:
            yield from ((path.stem, rule) for rule in group["rules"])


def alerts() -> list[dict[str, Any]]:
    """Every alerting rule but the Watchdog."""
    return [rule for name, rule in rules() if "alert" in rule and name != "watchdog"]


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every expectation of the unit tests, with the name of its test."""
    yield from ((name, case) for _, name, case in tried())


def tried() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every expectation of the unit tests, with the names of its file and of its test."""
    for path in sorted(RULE_TESTS.glob("*.yml")):
        for test in read(path)["tests"]:
            yield from ((path.name, test["name"], case) for case in test["alert_rule_test"])
