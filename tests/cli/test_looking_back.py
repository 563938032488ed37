"""`receiver stats` and `receiver incidents export` against a service that runs."""

import asyncio
import json
import os
import subprocess
import sys

from tests.builders import body, rules_files, wire
from tests.fakes.bot_api import BotApi
from tests.faults.test_process import service
from tests.harness import DEVOPS, free_port


async def test_the_command_line_looks_back_through_the_running_service(tmp_path):
    rules = rules_files(tmp_path / "rules")
    (rules / "routes.yaml").write_text((rules / "routes.yaml").read_text().replace("group_wait: 10s", "group_wait: 0s"))
    async with BotApi() as api, service(tmp_path, api, RECEIVER_RULES_DIR=str(rules), RECEIVER_SECRET_KEY="k" * 32, RECEIVER_LANGUAGE="ru") as s:
        await s.until("/readyz", 200)
        environ = {**os.environ, "RECEIVER_PORT": str(s.port), "RECEIVER_SECRET_KEY": "k" * 32, "RECEIVER_DATA_DIR": str(tmp_path / f"data-{s.port}")}

        async def say(*words: str, **other: str) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "-m", "receiver", *words]
            return await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, env={**environ, **other})

        assert (await s.post(body(wire()))).status_code == 202
        await api.until(lambda: any(m.chat == DEVOPS for m in api.sends()))
        counted = json.loads((await say("stats", "--since", "1h", "--json")).stdout)
        assert (counted["incidents"], counted["open"], counted["noisiest"][0]["alertname"]) == (1, 1, "HighErrorRate")
        (listed,) = json.loads((await say("incidents", "list", "--json")).stdout)
        told = await say("stats")
        assert told.stdout.splitlines()[1].split() == ["incidents", "1", "(1", "critical),", "open", "now:", "1"]

        exported = await say("incidents", "export", listed["id"])
        assert exported.stdout.startswith(f"# Разбор инцидента {listed['id']}")
        assert "## Causes" in (await say("incidents", "export", listed["id"], "--language", "en")).stdout
        facts = json.loads((await say("incidents", "export", listed["id"], "--format", "json")).stdout)
        assert (facts["id"], facts["timeline"][0]["reason"], facts["messages"][0]["to"]) == (listed["id"], "opened", "devops")
        assert json.loads((await say("incidents", "export", listed["id"], "--json")).stdout) == facts

        for refused in (
            await say("incidents", "export", "INC-999"),
            await say("stats", "--since", "soon"),
            await say("stats", RECEIVER_PORT=str(free_port())),
        ):
            assert (refused.returncode, refused.stdout, len(refused.stderr.splitlines())) == (1, "", 1)
