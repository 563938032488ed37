"""The whole chain with nothing of it imitated but Telegram: Prometheus → Alertmanager → this service → far end → button → end."""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from tests.fakes.bot_api import BotApi
from tests.harness import ADMINS, ANNA, BORIS, ROOT, TOKEN, free_port

RULE = """
groups:
  - name: shop
    interval: 1s
    rules:
      - alert: ShopApiErrorRateHigh
        expr: shop_errors > 5
        labels: {severity: critical, service: shop-api, environment: prod}
        annotations: {summary: "{{ $value }} % of responses are HTTP 500"}
"""


class Metric:
    """A target whose value the test sets."""

    def __init__(self) -> None:
        self.value = 0.0

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator[int]:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            text = f"shop_errors {self.value}\n".encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text))
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            yield server.sockets[0].getsockname()[1]


@contextlib.contextmanager
def running(*words: str, log: Path, **environ: str):
    with log.open("wb") as out:
        process = subprocess.Popen(words, stdout=out, stderr=out, env={**os.environ, **environ})
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(120)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


async def until_up(url: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        for _ in range(2400):  # rules are proved at every start, and the machine may be busy
            with contextlib.suppress(httpx.HTTPError):
                if (await http.get(url)).status_code == 200:
                    return
            await asyncio.sleep(0.05)
    raise TimeoutError(url)


async def receiver(*words: str, **environ: str) -> tuple[int, str]:
    """One command, as people run it; its status and what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "receiver", *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env={**os.environ, **environ}
    )
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


async def try_changed_rules(tmp_path: Path, ours: dict[str, str]) -> None:
    """What the real Alertmanager sent, recorded by the service, through rules that page nobody: straight from it, and by a file."""
    shutil.copytree(ROOT / "routing_rules", tmp_path / "changed")
    routes = tmp_path / "changed" / "routes.yaml"
    routes.write_text(routes.read_text().replace("[devops, admin-chat]", "[admin-chat]"))
    others = ("--rules", str(tmp_path / "changed"), "--json", "--fail-on-change")
    status, out = await receiver("rules", "replay", *others, **ours)
    assert status == 3, out
    found = json.loads(out)
    assert found["webhooks"] >= 2
    assert found["unreadable"] == 0
    assert found["before"]["incidents"] == found["after"]["incidents"] == {"critical-services": 1}
    (paged,) = set(found["before"]["messages"]) - {"admin-chat"}
    assert paged in ("anna", "boris")
    assert found["before"]["messages"] == {"admin-chat": 2, paged: 2}
    assert found["after"]["messages"] == {"admin-chat": 2}
    status, said = await receiver("rules", "record", "--out", str(tmp_path / "kept.ndjson.zst"), **ours)
    assert status == 0, said
    assert said.startswith(f"ok: {found['webhooks']} webhooks")
    status, again = await receiver("rules", "replay", *others, "--from", str(tmp_path / "kept.ndjson.zst"), **ours)
    assert (status, json.loads(again)) == (3, found)


async def test_prometheus_to_telegram_and_back(tmp_path):
    prom, am, port = free_port(), free_port(), free_port()
    (tmp_path / "rules.yml").write_text(RULE)
    hook = f"http://127.0.0.1:{port}/webhooks/alertmanager"
    (tmp_path / "am.yml").write_text(
        "route: {receiver: ops.pager, group_by: [service], group_wait: 1s, group_interval: 1s, repeat_interval: 1m}\n"
        f"receivers: [{{name: ops.pager, webhook_configs: [{{url: '{hook}', http_config: {{authorization: {{credentials: hook-token}}}}}}]}}]\n"
    )
    metric = Metric()
    async with metric.serve() as target, BotApi() as api:
        (tmp_path / "prom.yml").write_text(
            "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
            f"rule_files: [{tmp_path}/rules.yml]\n"
            f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{am}']}}]}}]}}\n"
            f"scrape_configs: [{{job_name: shop, static_configs: [{{targets: ['127.0.0.1:{target}']}}]}}]\n"
        )
        ours = {
            "RECEIVER_PORT": str(port),
            "RECEIVER_DATA_DIR": str(tmp_path / "data"),
            "RECEIVER_TELEGRAM_TOKEN": TOKEN,
            "RECEIVER_TELEGRAM_API_URL": api.url,
            "RECEIVER_WEBHOOK_TOKEN": "hook-token",
            "RECEIVER_RULES_DIR": str(ROOT / "routing_rules"),
            "RECEIVER_TEMPLATES_DIR": str(ROOT / "message_templates"),
        }
        am_words = [
            "prometheus-alertmanager",
            f"--config.file={tmp_path}/am.yml",
            f"--storage.path={tmp_path}/am",
            f"--web.listen-address=127.0.0.1:{am}",
            "--cluster.listen-address=",
        ]
        prom_words = [
            "prometheus",
            f"--config.file={tmp_path}/prom.yml",
            f"--storage.tsdb.path={tmp_path}/tsdb",
            f"--web.listen-address=127.0.0.1:{prom}",
            "--rules.alert.resend-delay=1s",
        ]
        with running(sys.executable, "-m", "receiver", "serve", log=tmp_path / "receiver.log", **ours) as process:
            await until_up(f"http://127.0.0.1:{port}/readyz")
            with running(*am_words, log=tmp_path / "am.log"):
                await until_up(f"http://127.0.0.1:{am}/-/ready")
                with running(*prom_words, log=tmp_path / "prom.log"):
                    metric.value = 7.8
                    await api.until(lambda: len(api.sends()) >= 2, 60)
                    (paged,) = {s.chat for s in api.sends()} - {ADMINS}
                    assert paged in (str(ANNA), str(BORIS))
                    told = next(m for m in api.messages.values() if m.chat == ADMINS)
                    assert "7.8 % of responses" in told.text
                    await api.press(told, "✅", ANNA)
                    await api.until(lambda: told.text.startswith("🟡"))
                    metric.value = 0
                    await api.until(lambda: told.text.startswith("🟢"), 60)
            await try_changed_rules(tmp_path, ours)
            process.terminate()
            assert process.wait(120) == 0
        log = (tmp_path / "receiver.log").read_text()
        assert TOKEN not in log
        assert "hook-token" not in log
