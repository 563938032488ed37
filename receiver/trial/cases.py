"""One example in its own world: its steps happen, and what is true at the end stands beside what was expected. Called by `examples`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from receiver.core.correlation import system_of
from receiver.core.event import Acknowledge, Resolve
from receiver.core.incident import Incident
from receiver.core.notice_wish import wants
from receiver.core.plan import Kind, Priority
from receiver.core.rulebook import POLICY_CHANNEL, RuleBook
from receiver.rules.schema_examples import Example, ExampleStep, ExpectedIncident
from receiver.sources.alertmanager import Webhook, WireAlert
from receiver.trial.world import Told, World, longest_group_wait

_TEXTS = {"text", "texts"}


@dataclass(slots=True)
class _Firing:
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    source: str
    since: datetime


def wire_alert(labels: Mapping[str, str], annotations: Mapping[str, str], since: datetime, ended: datetime | None = None) -> WireAlert:
    """An alert as Alertmanager would send it."""
    return WireAlert(
        status="resolved" if ended else "firing",
        labels=dict(labels),
        annotations=dict(annotations),
        startsAt=since.isoformat(),
        endsAt=ended.isoformat() if ended else "",
    )


def webhook(*alerts: WireAlert) -> Webhook:
    """A body of these alerts, as read."""
    return Webhook(receiver="", group_key="", truncated=0, alerts=list(alerts))


class Case:
    """Plays one example; `world` is as it was at the end."""

    def __init__(self, rules: RuleBook, example: Example, start: datetime) -> None:
        self.world = World(rules, start)
        self._example = example
        self._firing: dict[str, _Firing] = {}

    def play(self) -> None:
        """All steps; then, unless the last one says when to look, the time that any route may wait before it tells."""
        for step in self._example.steps:
            self._pass(step.after)
            self._do(step)
        if self._example.steps[-1].advance is None:
            self._pass(longest_group_wait(self.world.rules.root))

    def _pass(self, span: timedelta | None) -> None:
        if span:
            self.world.advance_to(self.world.now + span)

    def _do(self, step: ExampleStep) -> None:
        if step.fire is not None:
            self._fire(step, step.fire)
        elif step.resolve is not None:
            self._resolve(step, step.resolve)
        elif step.acknowledge is not None:
            self._press("acknowledge", step.acknowledge)
        elif step.press is not None:
            self._press(step.press.button, step.press.by)
        self._pass(step.advance)

    def _fire(self, step: ExampleStep, labels: Mapping[str, str]) -> None:
        key = msgspec.json.encode([step.source, sorted(labels.items())]).decode()
        held = self._firing.setdefault(key, _Firing(labels, step.annotations, step.source, self.world.now))
        held.annotations = step.annotations or held.annotations
        self.world.admit(step.source, webhook(wire_alert(labels, held.annotations, held.since)))

    def _resolve(self, step: ExampleStep, labels: Mapping[str, str]) -> None:
        wanted = labels.items()
        ended = {key: one for key, one in self._firing.items() if one.source == step.source and wanted <= one.labels.items()}
        alerts = [wire_alert(one.labels, one.annotations, one.since, self.world.now) for one in ended.values()]
        self._firing = {key: one for key, one in self._firing.items() if key not in ended}
        self.world.admit(step.source, webhook(*(alerts or [wire_alert(labels, step.annotations, self.world.now, self.world.now)])))

    def _press(self, button: str, by: str) -> None:
        person = self.world.rules.people[by]  # the loader has checked that there is one
        event = (Acknowledge if button == "acknowledge" else Resolve)(by=by, name=person.name)
        target = next((one for one in self.world.incidents() if one.is_open), None)
        if target is not None:
            self.world.apply(target.id, event)

    def expected(self) -> dict[str, Any]:
        """What the example says, without what is not looked at."""
        said = self._example.expect.model_dump(exclude_unset=True)
        return {name: value for name, value in said.items() if name not in _TEXTS}

    def actual(self) -> dict[str, Any]:
        """The same keys with what is true."""
        expect, every = self._example.expect, self.world.incidents()
        incidents = [one for one in every if one.part is None]  # a symptom is inside its cause's incident
        first = self._facts(incidents[0]) if incidents else {}
        facts: dict[str, Any] = {
            **{name: first.get(name) for name in ExpectedIncident.model_fields},
            "incidents": len(incidents),
            "cause": next((system_of(one) for one in incidents if one.symptoms), None),
            "nothing": True if not self.world.effects.told else self._count(),
            "paged": self._paged(),
            "messages": {name: self._count().get(name, 0) for name in expect.messages or {}},
            "each": self._each(incidents),
            "customers": self._customers(every),
        }
        return {name: facts[name] for name in self.expected()}

    def _customers(self, incidents: list[Incident]) -> dict[str, str] | None:
        """What customers would be told of, should it last as long as its route holds it; the first open incident that touches a component."""
        for incident in incidents:
            wish = wants(incident, self.world.rules)
            if wish is not None and incident.is_open and (incident.announced_at is not None or incident.is_part):
                return {"component": wish.component, "impact": wish.impact}
        return None

    def _each(self, incidents: list[Incident]) -> list[dict[str, Any]]:
        wanted = self._example.expect.each or []
        keys = [one.model_fields_set for one in wanted]
        every = set().union(*keys) if keys else set[str]()
        shown = [(self._facts(one), keys[at] if at < len(keys) else every) for at, one in enumerate(incidents)]
        order = list(ExpectedIncident.model_fields)
        return [{name: facts[name] for name in sorted(asked, key=order.index)} for facts, asked in shown]

    def _facts(self, incident: Incident) -> dict[str, Any]:
        mine = [one for one in self.world.effects.told if one.incident.id == incident.id]
        return {
            "service": incident.route.group_labels.get("service", "") if incident.route else "",
            "route": incident.route.route_id if incident.route else "",
            "severity": incident.severity.value,
            "state": incident.state.value,
            "firing": len(incident.firing),
            "alerts": len(incident.alerts),
            "reasons": [one.reason.value for one in self.world.effects.transitions if one.incident_id == incident.id],
            "destinations": self._named(mine),
        }

    def _count(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for one in self.world.effects.told:
            for name in () if one.is_edit else self._names(one):
                counts[name] = counts.get(name, 0) + 1
        return counts

    def _names(self, one: Told) -> tuple[str, ...]:
        """What the rules call whom it reached: a person who was paged stands for the policies of the route."""
        route, places = one.incident.route, self.world.rules.destinations
        if not one.destination.person or route is None:
            return (one.destination.name,)
        return tuple(name for name in route.destinations if name in places and places[name].channel == POLICY_CHANNEL) or (one.destination.name,)

    def _named(self, told: list[Told]) -> list[str]:
        """The destinations that were told, in the order of their route, then others."""
        reached = dict.fromkeys(name for one in told for name in self._names(one))
        wanted = next((one.incident.route.destinations for one in told if one.incident.route), ())
        return [*(name for name in wanted if name in reached), *(name for name in reached if name not in wanted)]

    def _paged(self) -> list[str]:
        """The people who were paged, in the order they were."""
        rung = (one for one in self.world.effects.told if one.priority is Priority.PAGE and not one.is_edit and one.destination.person)
        return list(dict.fromkeys(one.destination.person for one in rung))

    def message(self, destination: str, kind: Kind) -> Told | None:
        """The last state of a destination's message of this kind."""
        mine = (one for one in reversed(self.world.effects.told) if destination in (one.destination.name, *self._names(one)) and one.kind is kind)
        return next(mine, None)


def instant(text: str, zone: str) -> datetime:
    """An instant of the rules; without an offset it is local time in the zone."""
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=ZoneInfo(zone))
