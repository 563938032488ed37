"""The whole chain with nothing of it imitated but Telegram: Prometheus → Alertmanager → this service → far end → button → end."""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from tests.fakes.bot_api import BotApi
from tests.harness import ADMINS, ANNA, DEVOPS, ROOT, TOKEN, free_port

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
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


async def until_up(url: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        for _ in range(600):
            with contextlib.suppress(httpx.HTTPError):
                if (await http.get(url)).status_code == 200:
                    return
            await asyncio.sleep(0.05)
    raise TimeoutError(url)


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
                    assert {s.chat for s in api.sends()} == {ADMINS, DEVOPS}
                    told = next(m for m in api.messages.values() if m.chat == ADMINS)
                    assert "7.8 % of responses" in told.text
                    await api.press(told, "✅", ANNA)
                    await api.until(lambda: told.text.startswith("🟡"), 20)
                    metric.value = 0
                    await api.until(lambda: told.text.startswith("🟢"), 60)
            process.terminate()
            assert process.wait(20) == 0
        log = (tmp_path / "receiver.log").read_text()
        assert TOKEN not in log
        assert "hook-token" not in log
