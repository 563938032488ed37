"""A real `receiver serve` with the chat in the browser: its own data directory, a free port, alerts by HTTP."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from tests.builders import body, rules_files, wire
from tests.harness import ROOT, free_port

ROUTES = """version: 1
route:
  id: root
  group_by: [service]
  group_wait: 0s
  destinations: [devops, on-call]
"""
DESTINATIONS = """version: 1
destinations:
  devops: {channel: telegram, chat: -1001000000001, language: en}
  on-call: {channel: telegram, chat: -1001000000002, language: ru, timezone: Europe/Moscow}
fallback: [devops]
"""


class Served:
    """The process and how to talk to it."""

    def __init__(self, directory: Path, **environ: str) -> None:
        rules = rules_files(directory / "rules", routes=ROUTES, destinations=DESTINATIONS)
        self.url = f"http://127.0.0.1:{free_port()}"
        self._environ = {
            "RECEIVER_TELEGRAM_MODE": "off",
            "RECEIVER_DATA_DIR": str(directory / "data"),
            "RECEIVER_RULES_DIR": str(rules),
            "RECEIVER_TEMPLATES_DIR": str(ROOT / "message_templates"),
            "RECEIVER_PORT": self.url.rpartition(":")[2],
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            **environ,
        }
        self.link = ""
        self.start()

    def start(self) -> None:
        words = [sys.executable, "-m", "receiver", "serve"]
        self._process = subprocess.Popen(words, env=self._environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        assert self._process.stderr
        seen = []
        for line in self._process.stderr:
            seen.append(line)
            if found := re.search(r"http://\S+/chat/login\?token=\S+", line):
                self.link = found[0]
                return
        raise AssertionError("".join(seen))

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(120)
        assert self._process.stderr
        self._process.stderr.close()

    def fire(self, instance: str = "a", status: str = "firing", summary: str = "", **labels: str) -> None:
        now = datetime.now(UTC)
        alert: dict[str, Any] = wire(instance, status, since=now, ended=now if status == "resolved" else None, **labels)
        if summary:
            alert["annotations"] = {"summary": summary, "description": summary * 2}
        answer = httpx.post(f"{self.url}/webhooks/alertmanager", content=body(alert), headers={"content-type": "application/json"}, trust_env=False)
        assert answer.status_code == 202, answer.text
