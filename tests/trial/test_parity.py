"""The world of `trial` is the service: the same alerts through both, on a real store, come to the same incidents, reasons and messages."""

import json
import random
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from receiver.core.event import Acknowledge, Resolve
from receiver.core.incident import State
from receiver.core.sound import QUIET_HOURS
from receiver.sources.alertmanager import parse
from receiver.trial.world import World
from tests.builders import NOW, body, rules_of_chats, wire
from tests.harness import ROOT, Story, story

SEVERITIES = ("critical", "warning", "info", "page", "nonsense")
SUPPORT = "-1001000000003"  # told of notices, which the twin does not play
SERVICES = ("shop-api", "shop-db", "unheard-of")
LINKING = {"joined", "left", "symptoms_changed"}


def _moment(rng: random.Random, now: datetime) -> datetime:
    return now - timedelta(seconds=rng.choice((0, 0, 1, 30, 600)), microseconds=rng.randrange(1_000_000))


def _webhook(rng: random.Random, now: datetime, since: dict[str, datetime]) -> bytes:
    """What Alertmanager may send: new alerts, repeats, ends, late ends, ends of what was never told, replicas, truncation."""
    alerts = []
    for _ in range(rng.choice((1, 1, 2, 3))):
        service, severity, instance = rng.choice(SERVICES), rng.choice(SEVERITIES), rng.choice("abc")
        labels = {"service": service, "severity": severity, "environment": rng.choice(("prod", "test"))}
        if rng.random() < 0.3:
            labels["replica"] = rng.choice("xy")
        key = json.dumps([instance, labels])
        if key not in since or rng.random() < 0.15:
            since[key] = _moment(rng, now)
        resolves = rng.random() < 0.45
        ended = _moment(rng, now) if resolves else None
        alert = wire(instance, "resolved" if resolves else "firing", since=since[key], ended=ended, **labels)
        if rng.random() < 0.2:
            alert["annotations"] = {"summary": rng.choice(("now 9 %", "now 12 %"))}
        alerts.append(alert)
    return body(*alerts, truncated=rng.choice((0, 0, 0, 0, 2)))


class Both:
    """One story and one world, kept at the same instant."""

    def __init__(self, told: Story) -> None:
        self.story = told
        self.world = World(told.app.rules.current, NOW)

    async def send(self, content: bytes) -> None:
        assert (await self.story.post(content)).status_code == 202
        await self.story.settle()
        self.world.admit("alertmanager", parse(content))

    async def pass_time(self, seconds: int) -> None:
        """Stop at every wake-up of the world: there the service must have one too, or the histories will differ."""
        end = self.world.now + timedelta(seconds=seconds)
        while (wake := self.world.next_wake_at()) and wake < end:
            await self._move(wake)
        await self._move(end)

    async def _move(self, instant: datetime) -> None:
        await self.story.advance(seconds=(instant - self.story.clock.now()).total_seconds())
        self.world.advance_to(instant)

    async def press(self, rng: random.Random) -> None:
        held = [i for i in self.world.incidents() if i.is_open and i.announced_at]
        if held:
            event = rng.choice((Acknowledge, Resolve))(by="anna", name="Анна")
            one = rng.choice(held)
            real = next(i for i in await self.story.incidents() if _name(i) == _name(one))
            await self.story.app.engine.apply(real.id, event)
            await self.story.settle()
            self.world.apply(one.id, event)

    async def compare(self) -> None:
        real = {_name(i): i for i in await self.story.incidents()}
        ours = {_name(i): i for i in self.world.incidents()}
        assert real.keys() == ours.keys()
        for name, incident in real.items():
            noted = await self.story.app.incidents.timeline(incident.id)
            history = [(e.reason, e.state, e.by, e.at) for e in noted if e.reason != QUIET_HOURS]  # the sender's note, decided by nobody
            mine = [(t.reason, t.state, t.by, t.at) for t in self.world.effects.transitions if t.incident_id == ours[name].id]
            is_alone = not LINKING & {reason for reason, *_ in (*history, *mine)} and not incident.symptoms
            assert _facts(ours[name], is_alone=is_alone) == _facts(incident, is_alone=is_alone)
            if is_alone:
                assert mine == history
            else:  # what happens to several at one instant may be decided in one step or in two, and before or after a delivery
                assert _by_instant(mine) == _by_instant(history)
        told = [t for t in self.world.effects.told if not t.is_edit]
        sent = Counter(s.chat for s in self.story.api.sends() if s.chat != SUPPORT)
        assert Counter(str(t.destination.address["chat"]) for t in told) == sent
        slots = Counter([(slot["to"], name) for name, i in real.items() for slot in await self.story.app.outbox.slots(i.id) if slot.get("sent_at")])
        assert Counter((t.destination.name, _name(t.incident)) for t in told) == slots


def _name(incident):
    """Ids are not compared: replicas take them in blocks, and one that was offered in vain comes back later."""
    return incident.group_key, incident.opened_at


def _by_instant(history):
    found = {}
    for reason, state, by, at in history:
        found.setdefault(at, set()).add((reason, state, by))
    return found


def _facts(incident, *, is_alone):
    alerts = sorted((a.id, a.status, a.severity, a.starts_at, a.ends_at, a.annotations["summary"]) for a in incident.alerts.values())
    same = ("group_key", "state", "severity", "opened_at", "announced_at", "resolved_at", "acknowledged_by", "end_reason", "reopened", "truncated")
    same += ("begins", "repeats", "last_seen_at", "systems", "hushed", "route", "is_part")
    counted = ("version", "told") if is_alone else ()  # the steps of one instant, and the numbers of other incidents
    return {
        **{name: getattr(incident, name) for name in same + counted},
        "symptoms": len(incident.symptoms),
        "destinations": [d.name for d in incident.destinations],
        "alerts": alerts,
    }


@pytest.mark.parametrize("seed", range(6))
async def test_a_random_day_goes_the_same_way_in_both(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    since: dict[str, datetime] = {}
    async with story(tmp_path, rules=rules_of_chats(tmp_path / "rules") if seed % 2 else ROOT / "routing_rules") as s:
        s.app.sender._paces.clear()  # the world delivers at once; Telegram's pace is not what is compared
        both = Both(s)
        for _ in range(40):
            await both.send(_webhook(rng, both.world.now, since))
            if rng.random() < 0.2:
                await both.press(rng)
            if rng.random() < 0.6:
                await both.pass_time(rng.choice((4, 11, 61, 400, 1801)))
        await both.pass_time(70)
        await both.compare()
        reached = {t.reason.value for t in both.world.effects.transitions}
        assert {"opened", "got_worse"} <= reached or len(reached) >= 5
        assert any(i.state is State.RESOLVED for i in both.world.incidents())
        s._seen.update(range(len(s.api.sends())))


@pytest.mark.parametrize("seed", range(3))
async def test_a_source_that_opens_too_many_incidents_overflows_the_same_way_in_both(tmp_path: Path, seed: int) -> None:
    rng, since = random.Random(seed), dict[str, datetime]()
    rules = rules_of_chats(tmp_path / "rules")
    routes = rules / "routes.yaml"
    routes.write_text(routes.read_text("utf-8").replace("storm: {", "overflow: {incidents: 2, within: 5m}, storm: {", 1), "utf-8")
    async with story(tmp_path, rules=rules) as s:
        s.app.sender._paces.clear()
        both = Both(s)
        for _ in range(30):
            await both.send(_webhook(rng, both.world.now, since))
            if rng.random() < 0.6:
                await both.pass_time(rng.choice((4, 11, 61, 400, 1801)))
        await both.pass_time(70)
        await both.compare()
        assert "overflow" in {t.reason.value for t in both.world.effects.transitions}
        s._seen.update(range(len(s.api.sends())))
