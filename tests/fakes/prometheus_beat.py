"""A Prometheus as its Alertmanagers see it: posts what fires to each of them again and again, and what ended for a while; it can die."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx

from tests.alertmanager import Peer, real_now

ENDED_FOR = timedelta(minutes=15)  # Prometheus' resolvedRetention


@dataclass
class Rule:
    """One alert and its truth; instants in UTC."""

    labels: dict[str, str]
    since: datetime
    ended_at: datetime | None = None
    is_forgotten: bool = False


@dataclass
class PrometheusBeat:
    """Posts every `every` seconds that each alert holds for `hold` from now, as Prometheus does with four times its resend delay."""

    peers: list[Peer]
    every: float
    hold: timedelta
    rules: dict[str, Rule] = field(default_factory=dict)
    is_alive: bool = True

    def fire(self, name: str, **labels: str) -> None:
        self.rules[name] = Rule(labels={"alertname": "Broken", "service": name, **labels}, since=real_now())

    def end(self, name: str) -> None:
        self.rules[name].ended_at = real_now()

    def die(self) -> None:
        """Nothing is posted any more."""
        self.is_alive = False

    def rise(self) -> None:
        """What fires is known again after the start; what ended before is not."""
        for rule in self.rules.values():
            rule.is_forgotten = rule.is_forgotten or rule.ended_at is not None
        self.is_alive = True

    async def run(self) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=2) as http:
            while True:
                if self.is_alive:
                    await asyncio.gather(*(self._post(http, peer) for peer in self.peers))
                await asyncio.sleep(self.every)

    async def _post(self, http: httpx.AsyncClient, peer: Peer) -> None:
        now = real_now()
        told = [self._wire({"alertname": "Watchdog", "severity": "none"}, self.peers_since, now + self.hold)]
        for rule in self.rules.values():
            if rule.ended_at is None:
                told.append(self._wire(rule.labels, rule.since, now + self.hold))
            elif not rule.is_forgotten and now - rule.ended_at < ENDED_FOR:
                told.append(self._wire(rule.labels, rule.since, rule.ended_at))
        with contextlib.suppress(httpx.HTTPError):
            await http.post(f"{peer.url}/api/v2/alerts", json=told)

    def __post_init__(self) -> None:
        self.peers_since = real_now()

    @staticmethod
    def _wire(labels: dict[str, str], since: datetime, ends: datetime) -> dict[str, Any]:
        return {"labels": labels, "annotations": {"summary": "it is broken"}, "startsAt": since.isoformat(), "endsAt": ends.isoformat()}
