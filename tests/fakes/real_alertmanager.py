"""A real Alertmanager (Debian's) for tests: alerts are posted to it as Prometheus does, its API is asked from outside."""

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx


class RealAlertmanager:
    """One process without peers."""

    def __init__(self, url: str) -> None:
        self.url = url

    def fire(self, *alerts: dict[str, str]) -> None:
        answer = httpx.post(f"{self.url}/api/v2/alerts", json=[{"labels": labels} for labels in alerts], trust_env=False)
        assert answer.status_code == 200, answer.text

    def silences(self, state: str = "active") -> list[dict[str, Any]]:
        found = httpx.get(f"{self.url}/api/v2/silences", trust_env=False).json()
        return [one for one in found if one["status"]["state"] == state]

    def expire(self, silence_id: str) -> None:
        assert httpx.delete(f"{self.url}/api/v2/silence/{silence_id}", trust_env=False).status_code == 200

    def silenced(self) -> set[str]:
        """Instances of the alerts that are suppressed."""
        found = httpx.get(f"{self.url}/api/v2/alerts", trust_env=False).json()
        return {one["labels"]["instance"] for one in found if one["status"]["state"] == "suppressed"}


@contextlib.contextmanager
def running(directory: Path, port: int) -> Iterator[RealAlertmanager]:
    """Started on this port with an empty state, and stopped."""
    config = directory / "alertmanager.yml"
    config.write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
    words = [
        shutil.which("prometheus-alertmanager") or "prometheus-alertmanager",
        f"--config.file={config}",
        f"--storage.path={directory / 'am'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with (directory / "am.log").open("wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            end = time.monotonic() + 120
            while time.monotonic() < end:
                with contextlib.suppress(httpx.HTTPError):
                    if httpx.get(f"{url}/-/ready", trust_env=False).status_code == 200:
                        break
                time.sleep(0.05)
            yield RealAlertmanager(url)
        finally:
            process.terminate()
            process.wait(120)
