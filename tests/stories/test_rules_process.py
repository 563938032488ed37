"""The same with nothing imitated but Telegram: real processes, real signals, a real git remote that is pushed to while webhooks flow."""

import asyncio
import contextlib
import hashlib
import hmac
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.builders import body, wire
from tests.fakes.bot_api import BotApi
from tests.fakes.repository import SHIPPED, Repository, signers, ssh_key
from tests.harness import ADMINS, ROOT, TOKEN, free_port
from tests.stories.test_real_chain import running, until_up

SERVE = (sys.executable, "-m", "receiver", "serve")
DOCTOR = (sys.executable, "-m", "receiver", "doctor")
JSON = {"content-type": "application/json"}
QUICK = SHIPPED | {"routes.yaml": SHIPPED["routes.yaml"].replace("group_wait: 10s", "group_wait: 1s")}


class Service:
    """One installation: its environment, its port, its API."""

    def __init__(self, directory: Path, api: BotApi | None = None, **environ: str) -> None:
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.log = directory / "receiver.log"
        self.environ = {
            "RECEIVER_PORT": str(self.port),
            "RECEIVER_DATA_DIR": str(directory / "data"),
            "RECEIVER_API_TOKEN": "api-token-1",
            "RECEIVER_TEMPLATES_DIR": str(ROOT / "message_templates"),
            **({"RECEIVER_TELEGRAM_TOKEN": TOKEN, "RECEIVER_TELEGRAM_API_URL": api.url} if api else {}),
            **environ,
        }

    @contextlib.asynccontextmanager
    async def serve(self):
        with running(*SERVE, log=self.log, **self.environ) as process:
            await until_up(f"{self.base}/readyz")
            async with httpx.AsyncClient(base_url=self.base, trust_env=False, headers={"authorization": "Bearer api-token-1"}) as http:
                yield http, process

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(words, env={**os.environ, **self.environ}, capture_output=True, text=True, timeout=120, check=False)


async def until_version(http: httpx.AsyncClient, other_than: str) -> dict:
    for _ in range(2400):
        shown = (await http.get("/api/v1/rules")).json()
        if shown["version"] != other_than:
            return shown
        await asyncio.sleep(0.05)
    raise AssertionError(f"still {other_than}")


@pytest.fixture
def rules(tmp_path):
    return Path(shutil.copytree(ROOT / "routing_rules", tmp_path / "rules", ignore=shutil.ignore_patterns("examples")))


async def test_a_hangup_reloads_what_no_look_at_the_directory_would_see(tmp_path, rules):
    service = Service(tmp_path, RECEIVER_RULES_DIR=str(rules))
    async with service.serve() as (http, process):
        before = (await http.get("/api/v1/rules")).json()["version"]
        path = rules / "routes.yaml"
        mark = path.stat()
        text = path.read_text().replace("group_wait: 10s", "group_wait: 11s")
        with path.open("r+") as file:
            file.write(text)
        os.utime(path, ns=(mark.st_atime_ns, mark.st_mtime_ns))
        await asyncio.sleep(5)
        assert (await http.get("/api/v1/rules")).json()["version"] == before
        process.send_signal(signal.SIGHUP)
        shown = await until_version(http, before)
        assert [r["version"] for r in shown["replicas"]] == [shown["version"]]
        process.terminate()
        assert process.wait(120) == 0


async def test_a_bad_commit_pushed_while_webhooks_flow_changes_nothing(tmp_path):
    remote = Repository(tmp_path / "remote")
    good = remote.commit({f"routing_rules/{n}": t for n, t in QUICK.items()})
    async with BotApi() as api:
        secrets = {"RECEIVER_SECRET_RULES_PUSH": "push-secret", "RECEIVER_RULES_GIT_INTERVAL": "3600"}
        service = Service(tmp_path, api, RECEIVER_RULES_GIT_URL=remote.url, **secrets)
        async with service.serve() as (http, process):
            before = (await http.get("/api/v1/rules")).json()
            assert before["commit"] == good[:12]
            answers, stop = [], asyncio.Event()

            async def flow() -> None:
                while not stop.is_set():
                    start = time.monotonic()
                    answer = await http.post("/webhooks/alertmanager", content=body(wire()), headers=JSON)
                    answers.append((answer.status_code, time.monotonic() - start))
                    await asyncio.sleep(0.01)

            async def push() -> None:
                signature = "sha256=" + hmac.new(b"push-secret", b"{}", hashlib.sha256).hexdigest()
                headers = {"x-hub-signature-256": signature, "authorization": ""}
                assert (await http.post("/api/v1/rules/push", content=b"{}", headers=headers)).status_code == 202

            flowing = asyncio.get_running_loop().create_task(flow())
            remote.commit({"routing_rules/routes.yaml": QUICK["routes.yaml"].replace("destinations: [admin-chat]", "destinations: [nobody]", 1)})
            await push()
            await api.until(lambda: any("routes.yaml:9:18" in m.text for m in api.messages.values() if m.chat == ADMINS))
            told = next(m for m in api.messages.values() if "routes.yaml:9:18" in m.text)
            assert (await http.get("/api/v1/rules")).json()["commit"] == good[:12]
            better = remote.commit({"routing_rules/routes.yaml": QUICK["routes.yaml"] + "# better\n"})
            await push()
            await until_version(http, before["version"])
            assert (await http.get("/api/v1/rules")).json()["commit"] == better[:12]
            await api.until(lambda: told.text.startswith("🟢"))
            stop.set()
            await flowing
            assert {code for code, _ in answers} == {202}
            assert len(answers) > 50
            assert max(seconds for _, seconds in answers) < 2.0  # a machine that is busy with other tests
            process.terminate()
            assert process.wait(120) == 0


async def test_an_unsigned_commit_is_refused_by_the_running_service_and_doctor_says_the_policy(tmp_path):
    remote, key = Repository(tmp_path / "remote"), ssh_key(tmp_path / "anna")
    remote.sign_with(key)
    good = remote.commit({f"routing_rules/{n}": t for n, t in SHIPPED.items()}, "-S")
    service = Service(
        tmp_path,
        RECEIVER_RULES_GIT_URL=remote.url,
        RECEIVER_RULES_GIT_VERIFY="signed",
        RECEIVER_RULES_GIT_ALLOWED_SIGNERS=str(signers(tmp_path / "signers", key)),
    )
    async with service.serve() as (http, _):
        remote.commit({"routing_rules/routes.yaml": QUICK["routes.yaml"]})
        answer = await http.post("/api/v1/rules/reload")
        assert answer.status_code == 422
        assert "no signature of an allowed signer" in answer.json()["faults"][0]
        assert answer.json()["commit"] == good[:12]
        signed = remote.commit({}, "-S")
        answer = await http.post("/api/v1/rules/reload")
        assert (answer.status_code, answer.json()["commit"]) == (200, signed[:12])
    said = service.run(*DOCTOR)
    assert f"ok    rules: git {remote.url}, main, signed commits only, live commit {signed[:12]}, newest commit {signed[:12]}" in said.stdout


async def test_bad_rules_at_start_run_the_last_good_ones_and_without_any_say_what_is_wrong(tmp_path, rules):
    service = Service(tmp_path, RECEIVER_RULES_DIR=str(rules))
    good = (rules / "routes.yaml").read_text()
    (rules / "routes.yaml").write_text(good.replace("reopen_within: 30m", "reopen_within: later"))
    done = service.run(*SERVE)
    assert done.returncode == 1
    assert "routes.yaml:8:18: " in done.stderr
    (rules / "routes.yaml").write_text(good)
    async with service.serve() as (http, _):
        version = (await http.get("/api/v1/rules")).json()["version"]
    (rules / "routes.yaml").write_text(good.replace("reopen_within: 30m", "reopen_within: later"))
    async with service.serve() as (http, _):
        shown = (await http.get("/api/v1/rules")).json()
        assert shown["version"] == version
        assert shown["faults"][0].startswith("routes.yaml:8:18: ")
        assert (await http.get("/readyz")).json()["degraded"][0].startswith("rules: routes.yaml:8:18: ")
        (rules / "routes.yaml").write_text(good.replace("reopen_within: 30m", "reopen_within: 40m"))
        assert (await until_version(http, version))["faults"] == []


async def test_a_remote_that_is_gone_at_start_leaves_the_last_good_commit(tmp_path):
    remote = Repository(tmp_path / "remote")
    good = remote.commit({**{f"routing_rules/{n}": t for n, t in SHIPPED.items()}})
    service = Service(tmp_path, RECEIVER_RULES_GIT_URL=remote.url, RECEIVER_RULES_GIT_INTERVAL="1")
    async with service.serve() as (http, _):
        version = (await http.get("/api/v1/rules")).json()["version"]
    (tmp_path / "remote").rename(tmp_path / "away")
    async with service.serve() as (http, _):
        shown = (await http.get("/api/v1/rules")).json()
        assert (shown["version"], shown["commit"]) == (version, good[:12])
        (tmp_path / "away").rename(tmp_path / "remote")
        newer = remote.commit({"routing_rules/routes.yaml": QUICK["routes.yaml"]})
        assert (await until_version(http, version))["commit"] == newer[:12]


def test_a_password_in_the_address_is_never_shown(tmp_path):
    service = Service(tmp_path, RECEIVER_RULES_GIT_URL="https://deploy:hunter22@127.0.0.1:9/rules.git")
    for words in (SERVE, DOCTOR):
        done = service.run(*words)
        assert done.returncode == 1
        assert "https://127.0.0.1:9/rules.git" in done.stdout + done.stderr
        assert "hunter22" not in done.stdout + done.stderr
