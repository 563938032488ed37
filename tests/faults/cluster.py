"""Two real Alertmanagers whose gossip passes relays, so that it can be cut and healed while both go on. Used by the gossip campaign."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from tests.alertmanager import Pair, Peer
from tests.fakes.relay import Relay
from tests.harness import free_ports

CONFIG = """route:
  receiver: incidents
  group_by: [service]
  group_wait: %(wait)s
  group_interval: %(interval)s
  repeat_interval: 12h
  routes:
    - {matchers: ['alertname="Watchdog"'], receiver: incidents, group_by: [alertname], group_wait: 0s, group_interval: %(interval)s, repeat_interval: %(dog)s}
%(more)s
receivers:
  - {name: incidents, webhook_configs: [{url: '%(hook)s', send_resolved: true, max_alerts: 0}]}
"""
ANOTHER = "    - {matchers: ['alertname=\"Broken\"', 'service=~\"%s.*\"'], receiver: incidents}"


class RelayedPeer(Peer):
    """A peer that others reach through its relay only."""

    def __init__(self, directory: Path, number: int, ports: list[tuple[int, int]], relays: list[Relay], pace: dict[str, str]) -> None:
        super().__init__(directory, number, ports)
        self._relays, self._pace = relays, pace
        self.configure()

    def configure(self, *more: str) -> None:
        (self.directory / "am.yml").write_text(CONFIG % {**self._pace, "more": "\n".join(more)})

    def cluster(self) -> list[str]:
        own = "{}:{}".format(*self._relays[self.number].address)
        others = ["--cluster.peer={}:{}".format(*one.address) for n, one in enumerate(self._relays) if n != self.number]
        return [f"--cluster.advertise-address={own}", f"--cluster.peer-timeout={self._pace['peer']}", "--cluster.reconnect-interval=1s", *others]

    async def reload(self) -> None:
        async with httpx.AsyncClient(trust_env=False) as http:
            (await http.post(f"{self.url}/-/reload")).raise_for_status()


class Cluster(Pair):
    """The pair; `cut` and `heal` are of its gossip alone."""

    def __init__(self, peers: list[RelayedPeer], relays: list[Relay]) -> None:
        super().__init__([*peers])
        self.relayed, self.relays = peers, relays

    def cut(self) -> None:
        for relay in self.relays:
            relay.cut()

    async def heal(self) -> None:
        """Until each knows of the other again."""
        for relay in self.relays:
            relay.heal()
        async with httpx.AsyncClient(trust_env=False) as http:
            for _ in range(300):
                with contextlib.suppress(httpx.HTTPError):
                    held = [len((await http.get(f"{one.url}/api/v2/status")).json()["cluster"]["peers"]) for one in self.peers]
                    if held == [2, 2]:
                        return
                await asyncio.sleep(0.1)
        raise TimeoutError("the peers do not find each other again")

    async def restart(self) -> None:
        """kill -9 of both at once: what they knew of alerts, silences and of what they had sent is gone."""
        for peer in self.peers:
            peer.kill()
        for peer in self.peers:
            peer.start()
        for peer in self.peers:
            await peer.until_up()

    async def reload(self, prefix: str) -> None:
        """A new child route: the groups it takes over get a new key, the old ones are never closed."""
        for peer in self.relayed:
            peer.configure(ANOTHER % prefix)
            await peer.reload()


@contextlib.asynccontextmanager
async def cluster(directory: Path, hook: str, pace: dict[str, str]) -> AsyncIterator[Cluster]:
    """Both up and together. `pace` names `wait`, `interval`, `dog` and `peer`, as durations of Alertmanager."""
    free = free_ports(6)
    ports = list(zip(free[:2], free[2:4], strict=True))
    relays = [Relay((f"127.0.0.{2 + n}", port), ("127.0.0.1", gossip)) for n, (port, (_, gossip)) in enumerate(zip(free[4:], ports, strict=True))]
    async with contextlib.AsyncExitStack() as held:
        for relay in relays:
            await held.enter_async_context(relay)
        peers = [RelayedPeer(directory, n, ports, relays, {**pace, "hook": hook}) for n in range(2)]
        for peer in peers:
            peer.start()
            held.callback(peer.kill)
        both = Cluster(peers, relays)
        for peer in peers:
            await peer.until_up()
        await both.heal()
        yield both
