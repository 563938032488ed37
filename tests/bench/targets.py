"""What is measured, each as a real process: the product, the raw store script, a bare HTTP route, Alertmanager."""

import contextlib
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hiredis
import msgspec
import redis

from tests.bench.client import Target, http_request
from tests.bench.load import Post
from tests.harness import ROOT, free_port, wait_for_store

RAW = (Path(__file__).parent / "raw.lua").read_bytes()
RECEIVER = Path(sys.executable).parent / "receiver"

ROUTES = """version: 1
route:
  id: root
  group_by: [alertname, service]
  group_wait: {wait}
  reopen_within: 30m
  destinations: [{first}]
  routes: [{routes}]
noise: {{storm: {{incidents: 1000000}}, overflow: {{incidents: 1000000}}}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A target that runs: where it listens, whose CPU and memory count, how a post is said to it, and the store behind it."""

    at: Target
    pids: list[int]
    say: Callable[[Post], bytes]
    store: str = ""


def write_rules(directory: Path, wait: str, chats: int = 1) -> Path:
    """Rules that group as the senders do; label `chat` chooses among the chats. No storms and no overflow: each incident is decided and told by itself."""
    directory.mkdir(exist_ok=True)
    names = [f"chat-{n}" for n in range(chats)]
    routes = ", ".join(f"{{id: r{n}, matchers: ['chat=\"{n}\"'], destinations: [{name}]}}" for n, name in enumerate(names))
    (directory / "routes.yaml").write_text(ROUTES.format(wait=wait, first=names[0], routes=routes))
    places = "".join(f"  {name}: {{channel: telegram, chat: {1000 + n}, language: en}}\n" for n, name in enumerate(names))
    (directory / "destinations.yaml").write_text(f"version: 1\ndestinations:\n{places}fallback: [chat-0]\n")
    for name in ("people", "services", "sources"):
        (directory / f"{name}.yaml").write_text(f"version: 1\n{name}: {{}}\n")
    return directory


@contextlib.contextmanager
def store(directory: Path) -> Iterator[tuple[str, int]]:
    """A redis-server of our own that syncs every write; its socket and process."""
    path = directory / "store.sock"
    words = ["--port", "0", "--unixsocket", str(path), "--dir", str(directory), "--appendonly", "yes", "--appendfsync", "always", "--save", ""]
    with _process([shutil.which("redis-server") or "redis-server", *words]) as pid:
        wait_for_store(path)
        yield str(path), pid


@contextlib.contextmanager
def product(directory: Path, wait: str = "10m", chats: int = 1, **environ: str) -> Iterator[Running]:
    """`receiver serve` on a store that syncs every write, one process, nothing announced while it is measured."""
    port = free_port()
    with store(directory) as (path, store_pid):
        given = {
            "PATH": os.environ["PATH"],
            "RECEIVER_REDIS_URL": f"unix://{path}",
            "RECEIVER_PORT": str(port),
            "RECEIVER_DATA_DIR": str(directory / "data"),
            "RECEIVER_SECRET_KEY": "b" * 32,
            "RECEIVER_TELEGRAM_MODE": "off",
            "RECEIVER_RULES_DIR": str(write_rules(directory / "rules", wait, chats)),
            "RECEIVER_TEMPLATES_DIR": str(ROOT / "message_templates"),
            "RECEIVER_LOG_LEVEL": "WARNING",
            **environ,
        }
        with _process([str(RECEIVER), "serve"], given) as pid:
            _listening(port)
            yield Running(at=Target(port=port), pids=[pid, store_pid], say=lambda post: http_request("/webhooks/alertmanager", post.webhook), store=path)


@contextlib.contextmanager
def raw(directory: Path) -> Iterator[Running]:
    """The store with a merge script alone, commands pipelined."""
    with store(directory) as (path, pid):
        client = redis.Redis(unix_socket_path=path)
        digest = client.script_load(RAW.decode())
        client.close()
        if digest != hashlib.sha1(RAW, usedforsecurity=False).hexdigest():
            raise RuntimeError("the store holds another script")
        yield Running(at=Target(socket=path), pids=[pid], say=lambda post: _merge_command(str(digest), post))


def _merge_command(digest: str, post: Post) -> bytes:
    words: list[Any] = ["EVALSHA", digest, "2", f"group:{post.group}", "changes", "1790000000000"]
    for alert in post.alerts:
        content = msgspec.json.encode([alert["labels"], alert["annotations"]])
        words += [alert["fingerprint"], alert["status"][0] + alert["startsAt"], content]
    return bytes(hiredis.pack_command(tuple(words)))


@contextlib.contextmanager
def bare(directory: Path) -> Iterator[Running]:
    """A route that answers 202 and does nothing else."""
    port = free_port()
    with _process([sys.executable, "-m", "tests.bench.bare", str(port)], {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}) as pid:
        _listening(port)
        yield Running(at=Target(port=port), pids=[pid], say=lambda post: http_request("/", post.webhook))


@contextlib.contextmanager
def alertmanager(directory: Path, wait: str = "10m", sink: str = "") -> Iterator[Running]:
    """Debian's Alertmanager, alone, without integrations unless a sink's address is given."""
    port = free_port()
    told = f"{{name: r, webhook_configs: [{{url: '{sink}'}}]}}" if sink else "{name: r}"
    route = f"{{receiver: r, group_by: [alertname, service], group_wait: {wait}, group_interval: 10m, repeat_interval: 4h}}"
    (directory / "alertmanager.yml").write_text(f"route: {route}\nreceivers: [{told}]\n")
    words = [
        "--config.file=alertmanager.yml",
        "--storage.path=data",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
        "--log.level=error",
    ]
    with _process([shutil.which("prometheus-alertmanager") or "prometheus-alertmanager", *words], cwd=directory) as pid:
        _listening(port)
        yield Running(at=Target(port=port), pids=[pid], say=lambda post: http_request("/api/v2/alerts", post.for_alertmanager()))


@contextlib.contextmanager
def _process(words: list[str], environ: dict[str, str] | None = None, cwd: Path | None = None) -> Iterator[int]:
    with tempfile.TemporaryFile() as said:
        started = subprocess.Popen(words, env=environ, cwd=cwd, stdout=said, stderr=said)
        try:
            yield started.pid
        except Exception as fault:
            said.seek(0)
            fault.add_note(f"{words[0]} said: {said.read()[-2000:].decode(errors='replace')}")
            raise
        finally:
            started.terminate()
            try:
                started.wait(20)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()


def _listening(port: int, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            time.sleep(0.5)  # past its own start
            return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}")
