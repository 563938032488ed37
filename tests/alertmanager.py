"""Real Alertmanagers (the Debian package) for tests: a pair that gossips on loopback, alerts posted as Prometheus does."""

import asyncio
import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from tests.harness import free_port

CONFIG = """route: {receiver: ops.pager, group_wait: 1s, group_interval: 1s, repeat_interval: 1m, routes: [{matchers: ['service="shop-db"'], receiver: other}]}
receivers: [{name: ops.pager%(hook)s}, {name: other}]
inhibit_rules: [{source_matchers: ['alertname="ShopDbDown"'], target_matchers: ['service="shop-api"'], equal: [environment]}]
"""


def real_now() -> datetime:
    """What Alertmanager's clock says, read from a response of this machine's own making."""
    return datetime.fromtimestamp(time.clock_gettime(time.CLOCK_REALTIME), UTC)


class Peer:
    """One running Alertmanager."""

    def __init__(self, directory: Path, number: int, ports: list[tuple[int, int]], hook: str = "") -> None:
        self.url = f"http://127.0.0.1:{ports[number][0]}"
        self.directory, self.number, self._ports = directory / f"am{number}", number, ports
        self.directory.mkdir()
        webhook = f", webhook_configs: [{{url: '{hook}'}}]" if hook else ""
        (self.directory / "am.yml").write_text(CONFIG % {"hook": webhook})
        self.process: subprocess.Popen[bytes] | None = None

    def cluster(self) -> list[str]:
        """Where the others are."""
        return [f"--cluster.peer=127.0.0.1:{port}" for n, (_, port) in enumerate(self._ports) if n != self.number]

    def start(self) -> None:
        web, gossip = self._ports[self.number]
        words = [
            shutil.which("prometheus-alertmanager") or "alertmanager",
            f"--config.file={self.directory}/am.yml",
            f"--storage.path={self.directory}/data",
            f"--web.listen-address=127.0.0.1:{web}",
            f"--cluster.listen-address=127.0.0.1:{gossip}",
            "--cluster.settle-timeout=1s",
            "--cluster.gossip-interval=50ms",
            "--cluster.pushpull-interval=1s",
            *self.cluster(),
        ]
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(words, stdout=log, stderr=log)

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    async def until_up(self) -> None:
        async with httpx.AsyncClient(trust_env=False) as http:
            for _ in range(2400):
                with contextlib.suppress(httpx.HTTPError):
                    if (await http.get(f"{self.url}/-/ready")).status_code == 200:
                        return
                await asyncio.sleep(0.05)
        raise TimeoutError(self.url)


class Pair:
    """Two peers and what one does to them."""

    def __init__(self, peers: list[Peer]) -> None:
        self.peers = peers

    async def _post(self, path: str, content: Any, peers: list[Peer]) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
            for peer in peers:
                (await http.post(f"{peer.url}/api/v2/{path}", json=content)).raise_for_status()

    async def hold(self, since: datetime, *, until: timedelta = timedelta(minutes=4), only: int | None = None, **labels: str) -> None:
        """Both hold this alert, as after Prometheus sent it; with `until` in the past it is over."""
        alert = {"labels": labels, "annotations": {"summary": "7.8 % of responses are HTTP 500"}}
        times = {"startsAt": since.isoformat(), "endsAt": (real_now() + until).isoformat()}
        await self._post("alerts", [{**alert, **times}], self.peers if only is None else [self.peers[only]])

    async def silence(self, **labels: str) -> None:
        """At the first peer; gossip tells the other."""
        await self.silence_quietly(**labels)
        async with httpx.AsyncClient(trust_env=False) as http:
            for _ in range(600):
                held = [one for one in (await http.get(f"{self.peers[1].url}/api/v2/alerts")).json() if one["status"]["silencedBy"]]
                if held:
                    return
                await asyncio.sleep(0.1)
        raise TimeoutError("the silence was not gossiped")

    async def silence_quietly(self, **labels: str) -> None:
        """At the first peer, whether or not the other hears of it."""
        matchers = [{"name": n, "value": v, "isRegex": False, "isEqual": True} for n, v in labels.items()]
        ends = real_now() + timedelta(hours=2)
        content = {"matchers": matchers, "startsAt": real_now().isoformat(), "endsAt": ends.isoformat(), "createdBy": "boris", "comment": "known"}
        await self._post("silences", content, self.peers[:1])


@contextlib.contextmanager
def pair(directory: Path, hook: str = "") -> Iterator[Pair]:
    """Two peers, not yet up."""
    ports = [(free_port(), free_port()) for _ in range(2)]
    peers = [Peer(directory, n, ports, hook) for n in range(2)]
    for peer in peers:
        peer.start()
    try:
        yield Pair(peers)
    finally:
        for peer in peers:
            peer.kill()
