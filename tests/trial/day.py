"""A day of webhooks as Alertmanager sends them: groups, group wait, group interval, repeats, and the resolved beside what still fires."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from receiver.store.recorder import Recording
from tests.builders import NOW, body, wire

GROUP_WAIT = timedelta(seconds=10)
GROUP_INTERVAL = timedelta(minutes=1)
REPEAT_INTERVAL = timedelta(hours=4)
DAY = timedelta(hours=24)
SYSTEMS = ("internet-shop", "mes", "shop-api", "crm-api", "mes-api", "shop-db", "mes-db", "message-queue", "unheard-of")
KINDS = (("ErrorRateHigh", "errors"), ("ResponseTimeHigh", "latency"), ("CpuHigh", "saturation"), ("RequestsLow", "traffic"))


@dataclass
class _Outage:
    """One label set that fires from one instant to another."""

    labels: dict[str, str]
    start: datetime
    end: datetime


@dataclass
class _Group:
    """What Alertmanager holds for one group."""

    outages: list[_Outage] = field(default_factory=list)

    def webhooks(self, until: datetime) -> Iterator[tuple[datetime, bytes]]:
        at = min(outage.start for outage in self.outages) + GROUP_WAIT
        said: set[tuple[int, str]] = set()
        told_at = at - REPEAT_INTERVAL
        while at < until:
            firing = [o for o in self.outages if o.start <= at < o.end]
            told = {n for n, status in said if status == "firing"}
            over = [o for n, o in enumerate(self.outages) if n in told and o.end <= at]
            now = {(self.outages.index(o), "firing") for o in firing}
            if over or (firing and (now - said or at - told_at >= REPEAT_INTERVAL)):
                alerts = [wire(o.labels["instance"], since=o.start, **_rest(o.labels)) for o in firing]
                alerts += [wire(o.labels["instance"], "resolved", since=o.start, ended=o.end, **_rest(o.labels)) for o in over]
                yield at, body(*alerts)
                said, told_at = now, at
            at += GROUP_INTERVAL


def _rest(labels: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in labels.items() if name != "instance"}


def recorded_day(seed: int = 1, outages: int = 120) -> list[Recording]:
    """The day's webhooks in order of time; the same for the same seed."""
    rng = random.Random(seed)
    groups: dict[tuple[str, str], _Group] = {}
    for _ in range(outages):
        service, (kind, signal) = rng.choice(SYSTEMS), rng.choice(KINDS)
        severity = rng.choice(("critical", "warning", "warning", "info"))
        labels = {"alertname": kind, "service": service, "severity": severity, "signal": signal, "instance": f"{service}-{rng.randrange(3)}"}
        start = NOW + timedelta(seconds=rng.randrange(80_000))
        outage = _Outage(labels, start, start + timedelta(seconds=rng.choice((45, 300, 1200, 7200, 20_000))))
        held = groups.setdefault((kind, service), _Group())
        if not any(o.labels == labels and o.start <= outage.end and outage.start <= o.end for o in held.outages):
            held.outages.append(outage)
    sent = [(at, content) for group in groups.values() for at, content in group.webhooks(NOW + DAY)]
    return [Recording(source="alertmanager", at=at, body=content) for at, content in sorted(sent)]
