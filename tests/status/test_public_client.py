"""A program that other people wrote for Statuspage's public API reads ours over HTTP: an exporter of page states from the package registry."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.status_served import status_server
from tests.status.values import SITE, edition, quiet

ASK = """
import json, sys
from statuspage_prometheus_exporter.service_checker import check_service_status
print(json.dumps(check_service_status("ours", {"name": "ours", "type": "status_page", "url": sys.argv[1]})))
"""


def ask(directory: Path, address: str) -> dict:
    """What the client makes of our summary; it keeps a cache where it runs."""
    directory.mkdir()
    (directory / "services.json").write_text("{}")
    done = subprocess.run([sys.executable, "-c", ASK, address], cwd=directory, env={"NO_PROXY": "*"}, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_client_of_statuspages_reads_incidents_components_and_works(tmp_path):
    with status_server(tmp_path, SITE, edition().notices, b"k" * 32) as base:
        read = ask(tmp_path / "client", f"{base}/status/en/api/v2/summary.json")
    assert (read["success"], read["status"], read["raw_status"]) == (True, 0, "critical")
    (incident,) = read["incident_metadata"]
    assert (incident["id"], incident["status"], incident["name"]) == ("N7K2QRST", "identified", "Some orders cannot be placed")
    assert incident["affected_components"] == ["Checkout"]
    assert incident["shortlink"] == "https://status.example/status/en/notices/N7K2QRST"
    (work,) = read["maintenance_metadata"]
    assert (work["id"], work["status"], work["scheduled_start"]) == ("NWORK234", "scheduled", "2026-11-24T00:00:00.000Z")
    assert {one["name"]: one["status"] for one in read["component_metadata"]}["Checkout"] == "partial_outage"


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_client_of_statuspages_sees_that_all_is_well(tmp_path, language):
    with status_server(tmp_path, SITE, quiet().notices, b"k" * 32) as base:
        read = ask(tmp_path / "client", f"{base}/status/{language}/api/v2/summary.json")
    assert (read["success"], read["status"], read["status_text"]) == (True, 1, "Operational")
    assert read["incident_metadata"] == read["maintenance_metadata"] == []
