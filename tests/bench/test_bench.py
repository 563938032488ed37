"""The bench runs, and what it sends ends as it must. No figure is judged here: they belong to a quiet machine."""

import json
import subprocess
import sys

from tests.harness import ROOT


def test_the_bench_prints_its_table_and_every_end_state_is_exact(tmp_path):
    words = [sys.executable, "-m", "tests.bench", "--quick", "--json", str(tmp_path / "found.json")]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr + done.stdout
    found = json.loads((tmp_path / "found.json").read_text())
    assert set(found["mixes"]["A"]) == {"product", "raw script", "bare 202", "alertmanager"}
    assert all(held == wanted for state in found["end_state"].values() for held, wanted in state.values())
    assert found["end_state"]["D"]["firing"][1] > 0
    assert found["end_state"]["D"]["firing"][1] < found["end_state"]["D"]["alerts"][1]
    assert "CPU per alert / Alertmanager" in done.stdout
