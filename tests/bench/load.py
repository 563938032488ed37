"""What is sent: groups of alerts as a fleet of services would cause them, and the same posts for each target from one seed.

Mixes: A 10 % new alerts, 90 % repeats (HA twins, repeat interval, annotations whose value drifts) · B storm, every alert new ·
C one alert a webhook, new and repeated as in A · D life cycles whose end state is known exactly.
"""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

MIXES = "ABCD"
NEVER = "0001-01-01T00:00:00Z"
MOST_IN_GROUP = 100
RULES = ("RequestsSlow", "ErrorsHigh", "PodRestarts", "DiskFills", "TargetGone", "QueueGrows", "MemoryHigh", "CertificateEnds")
REGIONS = ("eu-north", "eu-south", "us-east", "ap-west")
_encode = msgspec.json.encode


@dataclass(slots=True, kw_only=True)
class Post:
    """One notification of one Alertmanager group: the webhook it would send, and the alerts alone."""

    group: int
    alerts: list[dict[str, Any]]
    webhook: bytes

    def for_alertmanager(self) -> bytes:
        """The same alerts as Prometheus posts them to /api/v2/alerts."""
        wanted = ("labels", "annotations", "startsAt", "generatorURL")
        return _encode([{k: a[k] for k in wanted} | ({"endsAt": a["endsAt"]} if a["status"] == "resolved" else {}) for a in self.alerts])


@dataclass(slots=True)
class Group:
    """One alert rule on one service."""

    number: int
    name: str
    service: str
    labels: dict[str, str]
    alerts: list[dict[str, Any]] = field(default_factory=list)
    last: Post | None = None


@dataclass(slots=True, kw_only=True)
class Load:
    """Posts to bring in first (not measured), posts to measure, and what must be true at the end."""

    mix: str
    before: list[Post]
    stream: list[Post]
    alerts: int
    groups: int
    firing: int

    @property
    def occurrences(self) -> int:
        """Alerts in the measured posts, repeats included."""
        return sum(len(post.alerts) for post in self.stream)


class Fleet:
    """Makes groups and posts; the same seed makes the same ones."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.groups: list[Group] = []
        self._start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
        self._made = 0

    def size(self) -> int:
        """Alerts in a group: mostly a dozen, sometimes a hundred; twenty on average."""
        return min(MOST_IN_GROUP, max(1, round(self.dice.lognormvariate(2.5, 1.0))))

    def new_group(self, size: int, **labels: str) -> Group:
        number = len(self.groups)
        service = f"shop-{number:05d}"
        held = {"cluster": f"c{number % 5}", "region": self.dice.choice(REGIONS), "severity": self.dice.choice(("critical", "warning", "warning"))}
        group = Group(number, RULES[number % len(RULES)], service, {**held, **labels})
        self.groups.append(group)
        self.grow(group, size)
        return group

    def grow(self, group: Group, by: int) -> None:
        for _ in range(by):
            self._made += 1
            number = len(group.alerts)
            instance = f"{group.service}-{number:03d}.{group.labels['cluster']}.internal:9100"
            labels = {"alertname": group.name, "service": group.service, "job": f"{group.service}/metrics", "instance": instance, **group.labels}
            alert = {
                "status": "firing",
                "labels": dict(sorted(labels.items())),
                "annotations": {"summary": f"{group.name} on {group.service}", "description": self._measured(instance)},
                "startsAt": (self._start + timedelta(milliseconds=41 * self._made)).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "endsAt": NEVER,
                "generatorURL": f"http://prometheus-0.monitoring:9090/graph?g0.expr=rule%3A{group.name.lower()}+%3E+0.8&g0.tab=1",
            }
            alert["fingerprint"] = hashlib.blake2b(_encode(alert["labels"]), digest_size=8).hexdigest()
            group.alerts.append(alert)

    def drift(self, group: Group) -> None:
        """The measured value in every description is a newer one."""
        for at, alert in enumerate(group.alerts):
            notes = {**alert["annotations"], "description": self._measured(alert["labels"]["instance"])}
            group.alerts[at] = {**alert, "annotations": notes}

    def post(self, group: Group, alerts: list[dict[str, Any]] | None = None) -> Post:
        told = list(group.alerts if alerts is None else alerts)
        common = {k: v for k, v in told[0]["labels"].items() if all(a["labels"][k] == v for a in told)}
        body = {
            "receiver": "incidents",
            "status": "firing" if any(a["status"] == "firing" for a in told) else "resolved",
            "alerts": told,
            "groupLabels": {"alertname": group.name, "service": group.service},
            "commonLabels": common,
            "commonAnnotations": {},
            "externalURL": "http://alertmanager-0.monitoring:9093",
            "version": "4",
            "groupKey": f'{{}}/{{team="all"}}:{{alertname="{group.name}", service="{group.service}"}}',
            "truncatedAlerts": 0,
        }
        made = Post(group=group.number, alerts=told, webhook=_encode(body))
        if alerts is None:
            group.last = made
        return made

    def _measured(self, instance: str) -> str:
        return f"{instance} has been over its limit for five minutes (now {self.dice.random() * 100:.2f}, limit 80)"


def twin(post: Post) -> Post:
    """What the other Alertmanager of the pair sends."""
    return Post(group=post.group, alerts=post.alerts, webhook=post.webhook.replace(b"//alertmanager-0.", b"//alertmanager-1."))


def make(mix: str, count: int, seed: int) -> Load:
    """The load of one mix: `count` measured webhooks (in D, life cycles of count/8 groups)."""
    fleet = Fleet(seed)
    before: list[Post] = []
    firing = None
    if mix == "B":
        stream = [fleet.post(fleet.new_group(fleet.size())) for _ in range(count)]
    elif mix == "D":
        stream, firing = _lives(fleet, max(10, count // 8))
    else:
        before = [fleet.post(fleet.new_group(1 if mix == "C" else fleet.size())) for _ in range(count // 4 if mix == "C" else min(500, count))]
        stream = list(_mostly_repeats(fleet, count, is_single=mix == "C"))
    alerts = sum(len(g.alerts) for g in fleet.groups)
    return Load(mix=mix, before=before, stream=stream, alerts=alerts, groups=len(fleet.groups), firing=alerts if firing is None else firing)


def _mostly_repeats(fleet: Fleet, count: int, *, is_single: bool) -> Iterator[Post]:
    dice = fleet.dice
    said = fresh = 0
    twins: list[tuple[int, Post]] = []
    for n in range(count):
        if fresh * 10 <= said:
            added, post = _something_new(fleet, is_single=is_single)
            fresh += added
            twins.append((n + dice.randint(1, 15), twin(post)))
        elif twins and twins[0][0] <= n:
            post = twins.pop(0)[1]
        else:
            group = dice.choice(fleet.groups)
            if dice.random() < 0.3:
                fleet.drift(group)
                post = fleet.post(group)
            else:
                post = group.last or fleet.post(group)
        said += len(post.alerts)
        yield post


def _something_new(fleet: Fleet, *, is_single: bool) -> tuple[int, Post]:
    known = fleet.dice.choice(fleet.groups)
    if is_single or fleet.dice.random() < 0.5 or len(known.alerts) > MOST_IN_GROUP - 10:
        known, added = fleet.new_group(1 if is_single else fleet.size()), 0
        return len(known.alerts) + added, fleet.post(known)
    added = fleet.dice.randint(1, 10)
    fleet.grow(known, added)
    return added, fleet.post(known)


def _lives(fleet: Fleet, groups: int) -> tuple[list[Post], int]:
    """Each group fires, is told twice, grows, repeats, ends in two steps, is told twice; one in ten fires again."""
    lives, firing = [], 0
    for number in range(groups):
        group = fleet.new_group(fleet.size())
        life = [fleet.post(group)]
        life.append(twin(life[-1]))
        fleet.grow(group, fleet.dice.randint(1, 5))
        life.append(fleet.post(group))
        life.append(life[-1])
        half = len(group.alerts) // 2
        ended = [{**a, "status": "resolved", "endsAt": _later(3)} for a in group.alerts]
        life.append(fleet.post(group, ended[:half] + group.alerts[half:]))
        life.append(fleet.post(group, ended[half:]))
        life.append(twin(life[-1]))
        if number % 10 == 0:
            life.append(fleet.post(group, [{**a, "startsAt": _later(4)} for a in group.alerts]))
            firing += len(group.alerts)
        lives.append(life)
    stream = []
    while lives:  # groups mixed, the order inside each kept
        at = fleet.dice.randrange(min(50, len(lives)))
        stream.append(lives[at].pop(0))
        if not lives[at]:
            lives.pop(at)
    return stream, firing


def _later(hours: int) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
