"""The worst a template may be given: hostile and endless texts, ten thousand alerts, every state, every optional fact missing."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from markupsafe import Markup

from receiver.channels.links import LINK_NAMES
from receiver.channels.view import ServiceView, build
from receiver.channels.view_collected import collected_facts
from receiver.channels.visible import visible
from receiver.core.alert import Alert, AlertId, AlertStatus, Severity
from receiver.core.collection import Listed
from receiver.core.condition import Condition, ConditionKind
from receiver.core.destination import Destination
from receiver.core.evidence import Evidence, Flow, Saturated
from receiver.core.flap import Flaps
from receiver.core.incident import STORM, Incident, IncidentId, RouteSnapshot, State
from receiver.core.part import Part, Symptom
from receiver.core.policy import Escalation, Policy, Step, Way
from receiver.core.remedy import Remedy

_TURN = ("because", "by", "about", "waited")
ARGS: Mapping[str, tuple[str, ...]] = {"worse": ("severity", "systems"), "incident": _TURN, "your_turn": _TURN, "nobody": ("why",), "why": ("quiet_hours",)}
BECAUSE = ("nobody", "lease_over", "voided", "released", "assigned", "by_hand", "snooze_over", "reopened", "unreachable", "symptom", "cause_over", "split")
HOSTILE = (
    '<b>&amp;<a href="tg://user?id=1">',
    "{{ 7*7 }}{% raw %}",
    "%(x)s ${x} {0.__class__}",
    "\u202eevil\u200b\x00\x1b[31m",
    "\ud83d\ude00" + "\ud800",
    "w" * 20_000,
    "</b></code></pre>",
    "\n\n\n*_`[",
)
_NOW = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
_ALERTS = 10_000
_BARE = Incident(id=IncidentId("INC-1"), version=1, group_key="g", source="alertmanager", opened_at=_NOW)
_FULL = "hostile texts"
_SERVICES = {"shop-db": ServiceView(names={"en": "Shop DB", "ru": "База магазина"}, links={"dashboard": "https://grafana.example/{{ service }}"})}

_Sample = tuple[str, Incident, Mapping[str, ServiceView]]


def contexts(kind: str, language: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each sample's name and everything the template is given, as `Renderer` gives it."""
    if kind == "collected":
        yield from _collected(language)
        return
    framed = {"body": Markup("<b>what the message says</b>")} if kind == "mail" else {}
    for number, (name, incident, services) in enumerate(_samples()):
        if kind not in ARGS:
            yield name, {**_plain(number, language), **framed}
        for text in ("", HOSTILE[0] * 20) if kind in ARGS else ():
            args = {key: visible(text) for key in ARGS[kind]}
            yield name, {**build(incident, services, language, "Europe/Moscow", _NOW, args), "language": language}
        for because in BECAUSE if name == _FULL and "because" in ARGS.get(kind, ()) else ():
            for about, person in ((f"alert:{HOSTILE[0]}", "anna"), ("severity:critical", "")):
                args = {"because": because, "by": visible(HOSTILE[0] * 20), "about": about, "waited": "720"}
                yield f"because {because}", {**build(incident, services, language, "Europe/Moscow", _NOW, args, person), "language": language}


def _collected(language: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """A list of nothing, and one in which all is hostile."""
    since = _NOW - timedelta(days=1)
    yield "nothing known", {**collected_facts(Listed(began=0, rules={}), {}, language, "Europe/Moscow", since, _NOW), "language": language}
    hostile = tuple(_with(replace(_BARE, announced_at=since), [_alert(0, _labels(text), _notes(text))]) for text in HOSTILE * 3)
    over = tuple(replace(one, state=State.RESOLVED, resolved_at=_NOW, resolved_by=HOSTILE[0] * 20) for one in hostile)
    found = Listed(began=10**9, open=hostile, ended=over, closed=over, rules=dict.fromkeys(HOSTILE * 2, 10**9) | {f"{n}": n for n in range(20)})
    yield _FULL, {**collected_facts(found, _SERVICES, language, "Europe/Moscow", since, _NOW), "language": language}


def facts(file: str) -> dict[str, Any]:
    """One sample for a template's file in which every list has an item and every fact is there."""
    kind, language, *_ = (*file.split("."), "")
    full: dict[str, Any] = {}
    for name, found in contexts(kind, language if language in LINK_NAMES else "en"):
        if full and name != _FULL:
            break  # the samples after it are large
        full = found if name == _FULL else full
    return full


@cache  # most kinds say nothing of their own, and a template changes nothing of what it is given
def _plain(number: int, language: str) -> dict[str, Any]:
    _, incident, services = _small()[number] if number < len(_small()) else _large()
    return {**build(incident, services, language, "Europe/Moscow", _NOW, {}), "language": language}


def _samples() -> Iterator[_Sample]:
    yield from _small()
    yield _large()


@cache
def _small() -> tuple[_Sample, ...]:
    return tuple(_make_small())


@cache  # once, not for every kind and language, and only where somebody gets so far
def _large() -> _Sample:
    many = _with(_BARE, [_alert(n, _labels(f"{HOSTILE[0]}{n}"), _notes("x" * 300)) for n in range(_ALERTS)])
    many = replace(many, truncated=10**9, reopened=10**6, repeats=10**9, opened_at=_NOW - timedelta(days=3_000))
    return "ten thousand alerts", many, _SERVICES


def _make_small() -> Iterator[_Sample]:
    yield "nothing known", _BARE, {}
    yield "an alert without labels", _with(_BARE, [_alert(0, {}, {})]), {}
    hostile = _with(_BARE, [_alert(n, _labels(text), _notes(text)) for n, text in enumerate(HOSTILE)])
    hostile = replace(
        hostile,
        route=_route(HOSTILE[0] * 20),
        acknowledged_by=HOSTILE[0] * 20,
        acknowledged_at=_NOW,
        reopened=3,
        truncated=7,
        repeats=9,
        evidence=_evidence(HOSTILE[0]),
    )
    held = {alert_id: Condition(kind=ConditionKind.SILENCED, by=HOSTILE[0] * 20, until=_NOW) for alert_id in hostile.alerts}
    hostile = replace(hostile, conditions=held, signal_source=HOSTILE[0] * 20, signal_lost_at=_NOW)
    hostile = replace(hostile, escalation=_escalation(HOSTILE[0] * 20), failed={HOSTILE[0]: HOSTILE[0] * 20}, snoozed_by=HOSTILE[0] * 20, snoozed_until=_NOW)
    hostile = replace(hostile, part=_part(HOSTILE[0] * 20), symptoms={IncidentId(f"INC-{n}"): _symptom(HOSTILE[0] * 20) for n in range(50)})
    flaps = Flaps(changes=(_NOW - timedelta(days=3_000), _NOW), told_at=_NOW, quiet_at=_NOW + timedelta(minutes=10), alerts=1)
    hostile = replace(hostile, flaps=flaps, begins=flaps.changes * 50)
    yield _FULL, hostile, _SERVICES
    for state in State:
        ended = _NOW if state is State.RESOLVED else None
        for by in ("", "anna"):
            taken = replace(hostile, acknowledged_by=by, acknowledged_at=_NOW if by else None)
            yield f"state {state.value}", replace(taken, state=state, resolved_at=ended, resolved_by=by), _SERVICES
    storm = replace(hostile, source=STORM, signal_source="", signal_lost_at=None, conditions={}, acknowledged_by="", acknowledged_at=None)
    yield "a storm", storm, _SERVICES
    yield "a storm that was split", replace(storm, state=State.RESOLVED, resolved_at=_NOW, resolved_by=HOSTILE[0], end_reason="split"), _SERVICES
    yield "one of a storm", replace(hostile, digest=HOSTILE[0], is_paused=True, is_silent=True), _SERVICES
    over = [replace(alert, status=AlertStatus.RESOLVED, ends_at=_NOW) for alert in hostile.alerts.values()]
    yield "flaps, all clear", replace(_with(_BARE, over), flaps=replace(flaps, is_clear=True)), _SERVICES
    yield "all over", replace(_with(_BARE, over), state=State.RESOLVED, resolved_at=_NOW), _SERVICES
    yield "one over", replace(_with(_BARE, over[:1]), state=State.RESOLVED, resolved_at=_NOW), _SERVICES


def _with(incident: Incident, alerts: list[Alert]) -> Incident:
    return replace(incident, severity=Severity.CRITICAL, alerts={alert.id: alert for alert in alerts})


def _alert(number: int, labels: Mapping[str, str], annotations: Mapping[str, str]) -> Alert:
    return Alert(
        id=AlertId(str(number)), status=AlertStatus.FIRING, severity=Severity.CRITICAL, starts_at=_NOW, ends_at=None, labels=labels, annotations=annotations
    )


def _labels(text: str) -> Mapping[str, str]:
    return {"alertname": text, "service": "shop-db", "instance": text, "severity": "critical"}


def _notes(text: str) -> Mapping[str, str]:
    links = {f"{name}_url": f'https://example.org/?q="><b>&{name}' for name in ("dashboard", "logs", "traces", "runbook")}
    return {"summary": text, "summary_ru": text, "value": text, "unit": text, "threshold": text, **links}


def _evidence(text: str) -> Evidence:
    later = _NOW + timedelta(hours=3)
    return Evidence(
        at=_NOW, service="shop-db", resource=text, value=1e15, limit=1e-9, unit=text, per_hour=-1e9, span=timedelta(hours=3), runs_out_at=later,
        earliest=later, latest=later, flow=Flow(arriving=1e12, done=0.001, workers=10**9), needed=10**9, with_reserve=10**9,
        also=tuple(Saturated(service=text, resource=text) for _ in range(100)), remedy=Remedy.CONSUMERS,
    )  # fmt: skip


def _escalation(text: str) -> Escalation:
    """A second step with a way to somebody, somebody who comes next, and a hole."""
    step = Step(wait=timedelta(minutes=5))
    way = Way(destination=Destination(name=text, channel="telegram", person=text, label=text))
    policy = Policy(name=text, steps=(step, step, step), repeat=1)
    return Escalation(policy=policy, step=1, turn_at=_NOW, since=_NOW, ways=(way,), upcoming=(text, text), holes=(text,), paged=(way.destination,))


def _part(text: str) -> Part:
    notes = {"summary": text, "summary_ru": text}
    return Part(cause="INC-1", service="shop-db", way=(text, text), where=text, since=_NOW, look_at=_NOW, name=text, notes=notes)


def _symptom(text: str) -> Symptom:
    notes = {"summary": text, "summary_ru": text}
    return Symptom(service=text, severity=Severity.CRITICAL, firing=3, name=text, notes=notes, where=text, taken_by=text)


def _route(text: str) -> RouteSnapshot:
    return RouteSnapshot(
        route_id=text,
        where=text,
        path=(text, text),
        group_by=(text, text),
        group_labels={"service": text},
        group_wait=timedelta(seconds=10),
        reopen_within=timedelta(minutes=30),
        destinations=(text,),
        rules_version="abc",
    )
