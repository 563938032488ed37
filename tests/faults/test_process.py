"""The process against the outside: slow and huge bodies, SIGTERM, a paused replica, a store that dies, comes late, or comes back."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from tests.builders import NOW, body, rules_of_chats, wire
from tests.fakes.bot_api import BotApi
from tests.faults.campaign import Process
from tests.harness import ADMINS, ROOT, TOKEN, free_port, wait_for_store

pytestmark = pytest.mark.xdist_group("process")  # they mostly wait

JSON = {"content-type": "application/json"}


class Service:
    """A real `receiver serve` with a far end; `url` is its base."""

    def __init__(self, directory: Path, api: BotApi, **environ: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = directory / f"service-{self.port}.log"
        ours = {
            "RECEIVER_PORT": str(self.port),
            "RECEIVER_DATA_DIR": str(directory / f"data-{self.port}"),
            "RECEIVER_TELEGRAM_TOKEN": TOKEN,
            "RECEIVER_TELEGRAM_API_URL": api.url,
            "RECEIVER_RULES_DIR": str(ROOT / "routing_rules"),
            "RECEIVER_TEMPLATES_DIR": str(ROOT / "message_templates"),
            **environ,
        }
        with self.log.open("wb") as out:
            self.process = subprocess.Popen([sys.executable, "-m", "receiver", "serve"], stdout=out, stderr=out, env={**os.environ, **ours})

    async def until(self, path: str, status: int, seconds: float = 120) -> None:
        end = time.monotonic() + seconds
        async with httpx.AsyncClient(trust_env=False) as http:
            while time.monotonic() < end:
                with contextlib.suppress(httpx.HTTPError):
                    if (await http.get(self.url + path)).status_code == status:
                        return
                await asyncio.sleep(0.05)
        raise TimeoutError(f"{path} is not {status}:\n{self.log.read_text()[-2000:]}")

    async def post(self, content: bytes, **headers: str) -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
            return await http.post(f"{self.url}/webhooks/alertmanager", content=content, headers={**JSON, **headers})

    def stop(self) -> None:
        """Politely, for its embedded store must stop with it."""
        self.process.terminate()
        try:
            self.process.wait(120)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextlib.asynccontextmanager
async def service(directory: Path, api: BotApi, **environ: str) -> AsyncIterator[Service]:
    made = Service(directory, api, **environ)
    try:
        yield made
    finally:
        made.stop()


def store(directory: Path, *options: str) -> tuple[Process, dict[str, str]]:
    """A Redis of our own to kill, and the settings that name it."""
    path = directory / "store.sock"
    words = ["redis-server", "--port", "0", "--unixsocket", str(path), "--dir", str(directory), "--appendonly", "yes", "--appendfsync", "always"]
    return Process([*words, "--save", "", *options], directory / "store.log", dict(os.environ)), {
        "RECEIVER_REDIS_URL": f"unix://{path}",
        "RECEIVER_SECRET_KEY": "k" * 32,
    }


async def test_a_body_that_never_ends_is_answered_and_the_next_request_is_served(tmp_path):
    async with BotApi() as api, service(tmp_path, api) as s:
        await s.until("/readyz", 200)
        reader, writer = await asyncio.open_connection("127.0.0.1", s.port)
        writer.write(b"POST /webhooks/alertmanager HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{")
        began = time.monotonic()
        status = await asyncio.wait_for(reader.readline(), 15)
        assert b" 408 " in status
        assert time.monotonic() - began > 9
        writer.close()
        assert (await s.post(body(wire()))).status_code == 202


async def test_an_oversized_body_is_refused_kept_and_told(tmp_path):
    async with BotApi() as api, service(tmp_path, api) as s:
        await s.until("/readyz", 200)
        content = b'{"version":"4","groupKey":"x","alerts":[' + b" " * (17 * 1024 * 1024)
        answer = await s.post(content)
        assert answer.status_code == 413
        assert "max_alerts" in answer.text
        await api.until(lambda: any("incident-receiver" in m.text for m in api.sends()), 120)


async def test_ten_thousand_alerts_in_one_body_are_one_incident_and_one_summary(tmp_path):
    async with BotApi() as api, service(tmp_path, api) as s:
        await s.until("/readyz", 200)
        answer = await s.post(body(*(wire(f"i{n}", pod="x" * 300) for n in range(10_000))))
        assert (answer.status_code, answer.json()["accepted"], answer.json()["opened"]) == (202, 10_000, 1)
        again = await s.post(body(*(wire(f"i{n}", pod="x" * 300) for n in range(10_000))))
        assert (again.json()["transitions"], again.json()["opened"]) == (0, 0)
        await api.until(lambda: any(m.chat == ADMINS for m in api.sends()), 120)
        assert all("10\u00a0000" in m.text and "9\u00a0996" in m.text for m in api.sends())


async def test_on_sigterm_it_stops_taking_finishes_what_it_has_and_loses_nothing(tmp_path):
    redis, named = store(tmp_path)
    named["RECEIVER_RULES_DIR"] = str(rules_of_chats(tmp_path / "rules"))  # every incident told by itself
    redis.start()
    try:
        await asyncio.to_thread(wait_for_store, tmp_path / "store.sock")
        async with BotApi(latency=0.3) as api:
            async with service(tmp_path, api, **named) as s:
                await s.until("/readyz", 200)
                for n in range(12):
                    assert (await s.post(body(wire(service=f"s{n}")))).status_code == 202
                await api.until(lambda: bool(api.sends()), 120)
                began = time.monotonic()
                s.process.send_signal(signal.SIGTERM)
                assert await asyncio.to_thread(s.process.wait, 14) == 0
                assert time.monotonic() - began < 13
                assert "Traceback" not in s.log.read_text()
            async with service(tmp_path, api, **named) as s:
                await api.until(lambda: len(api.sends()) == 24, 120)
                await asyncio.sleep(1)
            assert len(api.sends()) == 24
            assert not any("повтор" in m.text for m in api.sends())
    finally:
        redis.kill()


async def test_a_store_that_is_down_at_start_means_503_and_then_service(tmp_path):
    redis, named = store(tmp_path)
    async with BotApi() as api, service(tmp_path, api, **named) as s:
        await s.until("/healthz", 200)
        await s.until("/readyz", 503)
        refused = await s.post(body(wire()))
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
        redis.start()
        try:
            await s.until("/readyz", 200)
            assert (await s.post(body(wire()))).status_code == 202
            await api.until(lambda: any(m.chat == ADMINS for m in api.sends()), 120)
        finally:
            redis.kill()


async def test_a_store_that_dies_means_503_within_its_time_limit_and_nothing_accepted_is_lost(tmp_path):
    redis, named = store(tmp_path)
    redis.start()
    try:
        await asyncio.to_thread(wait_for_store, tmp_path / "store.sock")
        async with BotApi() as api, service(tmp_path, api, **named) as s:
            await s.until("/readyz", 200)
            assert (await s.post(body(wire(service="before")))).status_code == 202
            redis.kill()
            began = time.monotonic()
            assert (await s.post(body(wire(service="during")))).status_code == 503
            assert time.monotonic() - began < 2.5
            redis.start()
            await s.until("/readyz", 200)
            assert (await s.post(body(wire(service="after")))).status_code == 202
            await api.until(lambda: {n for n in ("before", "after") if any(n in m.text for m in api.sends())} == {"before", "after"}, 120)
            assert not any("during" in m.text for m in api.sends())
    finally:
        redis.kill()


async def test_a_mute_store_means_503_and_no_write_is_run_twice(tmp_path):
    redis, named = store(tmp_path)
    redis.start()
    try:
        await asyncio.to_thread(wait_for_store, tmp_path / "store.sock")
        async with BotApi() as api, service(tmp_path, api, **named) as s:
            await s.until("/readyz", 200)
            redis.signal(signal.SIGSTOP)
            began = time.monotonic()
            assert (await s.post(body(wire()))).status_code == 503
            assert time.monotonic() - began < 3.5
            redis.signal(signal.SIGCONT)
            await s.until("/readyz", 200)
            report = (await s.post(body(wire()))).json()
            assert report["transitions"] <= 1
            await api.until(lambda: len(api.sends()) >= 2, 120)
            await asyncio.sleep(1)
            assert len(api.sends()) == 2
    finally:
        redis.kill()


async def test_settings_that_lose_alerts_keep_it_unready_unless_relaxed(tmp_path):
    redis, named = store(tmp_path, "--appendfsync", "no")
    redis.start()
    try:
        await asyncio.to_thread(wait_for_store, tmp_path / "store.sock")
        async with BotApi() as api:
            async with service(tmp_path, api, **named) as s:
                await s.until("/readyz", 503)
                assert (await s.post(body(wire()))).status_code == 503
                async with httpx.AsyncClient(trust_env=False) as http:
                    assert "set `appendfsync always`" in json.dumps((await http.get(f"{s.url}/readyz")).json())
            async with service(tmp_path, api, RECEIVER_DURABILITY="relaxed", **named) as s:
                await s.until("/readyz", 200)
                assert (await s.post(body(wire(since=NOW + timedelta(minutes=1))))).status_code == 202
    finally:
        redis.kill()


async def test_a_replica_that_was_paused_while_sending_changes_nothing_when_it_comes_back(tmp_path):
    redis, named = store(tmp_path)
    redis.start()
    try:
        await asyncio.to_thread(wait_for_store, tmp_path / "store.sock")
        async with BotApi(latency=1.0) as api, service(tmp_path, api, **named) as one, service(tmp_path, api, **named) as two:
            await one.until("/readyz", 200)
            await two.until("/readyz", 200)
            for n in range(4):
                assert (await one.post(body(wire(service=f"s{n}")))).status_code == 202
            await api.until(lambda: bool(api.sends()), 120)
            one.process.send_signal(signal.SIGSTOP)
            await asyncio.sleep(24)  # longer than the lease of what it holds
            one.process.send_signal(signal.SIGCONT)
            await api.until(lambda: len({(m.chat, m.text.split("\n")[0]) for m in api.sends()}) >= 8, 120)
            await asyncio.sleep(3)
            seen = Counter((m.chat, m.text.split("\n")[0]) for m in api.sends())
            assert len(seen) == 8
            assert len(api.sends()) - 8 <= 4  # what one replica may have under way
            assert max(seen.values()) <= 2
            marked = {(m.chat, m.text.split("\n")[0]) for m in api.sends() if "повтор" in m.text}
            assert {message for message, count in seen.items() if count > 1} <= marked
    finally:
        redis.kill()
