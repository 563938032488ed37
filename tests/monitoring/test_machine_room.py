"""Everything down at once: three causes by the plan's catalogue, one where the catalogue says what they share, in the words of docs/correlation.md."""

import re
import shutil

import pytest
import yaml

from receiver.cli.trial import page_of
from receiver.rules.load import read_rules
from receiver.settings import load_settings
from receiver.simulation.fault import Fault
from receiver.trial.examples import run_examples
from tests.harness import ROOT
from tests.monitoring.test_simulation import EXPECTED

FIRES = [
    {"alertname": name, "service": service, "severity": "critical", "signal": "traffic", "environment": "prod"}
    for service, (name,) in ((service, tuple(names)) for service, names in EXPECTED[Fault.EVERYTHING_DOWN].items())
]
DARK = {"alertname": "MachineRoomDark", "service": "machine-room", "severity": "critical", "environment": "prod"}
EXPECT = {
    "as shipped": {"incidents": 3, "each": [{"service": service} for service in ("shop-db", "mes-db", "message-queue")]},
    "with what they share": {"incidents": 1, "each": [{"service": "machine-room"}], "paged": ["anna"]},
}


@pytest.mark.parametrize("case", EXPECT)
def test_a_cause_that_the_catalogue_holds_carries_everything_that_stands_on_it(tmp_path, case):
    rules = tmp_path / "rules"
    shutil.copytree(ROOT / "routing_rules", rules, ignore=shutil.ignore_patterns("examples"))
    fires = FIRES if case == "as shipped" else [*FIRES, DARK]
    if case != "as shipped":
        said = re.search(r"```yaml\n# services\.yaml\nservices:\n  machine-room.*?```", (ROOT / "docs" / "correlation.md").read_text("utf-8"), re.S)
        shown = yaml.safe_load(said[0].strip("`").removeprefix("yaml"))["services"]
        catalogue = yaml.safe_load((rules / "services.yaml").read_text("utf-8"))
        for name, service in shown.items():
            catalogue["services"].setdefault(name, service)["depends_on"] = service.get("depends_on", [])
        (rules / "services.yaml").write_text(yaml.safe_dump(catalogue, allow_unicode=True), "utf-8")
    example = {"name": case, "steps": [{"fire": one} for one in fires], "expect": EXPECT[case]}
    (rules / "examples").mkdir()
    (rules / "examples" / "dark.yaml").write_text(yaml.safe_dump({"version": 1, "at": "2026-11-23T14:02+03:00", "examples": [example]}), "utf-8")
    page = page_of(load_settings({"RECEIVER_DATA_DIR": str(tmp_path), "HOME": "/"}))
    assert [one.diff for one in run_examples(read_rules(rules), rules, page)] == [""]
