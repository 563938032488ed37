"""Every message people read, kind by kind and state by state, as a file: `UPDATE_GOLDEN=1` writes them, otherwise they must match."""

import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from receiver.channels.render import KINDS, LANGUAGES, Renderer, ServiceView
from receiver.core.alert import Alert, Severity
from receiver.core.destination import Destination
from receiver.core.evidence import Doubt, Evidence, Flow, Saturated, Spread
from receiver.core.flap import Flaps
from receiver.core.incident import Incident, State
from receiver.core.overflow import overflow_key, overflow_route
from receiver.core.policy import Aim, Escalation, Policy, Step, Target, Way
from receiver.core.remedy import Remedy
from receiver.rules.load import load_rules
from tests.builders import alert, incident
from tests.fakes.bot_entities import parse_entities

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "messages"
BOOK = load_rules(ROOT / "routing_rules")
SERVICES = {n: ServiceView(names=s.names, links=BOOK.links_of(n)) for n, s in BOOK.services.items()}
RENDERER = Renderer(ROOT / "message_templates")
NIGHT = datetime(2026, 11, 23, 0, 2, tzinfo=UTC)  # 03:02 in Moscow
RU = {
    "summary": "7.8 % of responses are HTTP 500 (norm ≤ 1 %)",
    "summary_ru": "7,8 % ответов с ошибкой 500 (норма до 1 %)",
}


def errors(instance: str, **changed: Any) -> Alert:
    base = {"severity": Severity.CRITICAL, "since": NIGHT, "alertname": "ShopApiErrorRateHigh", **changed}
    return replace(alert(instance, **base), annotations=RU)


def pool(**changed: Any) -> Alert:
    notes = {
        "summary": "100 of 100 connections in use",
        "summary_ru": "занято 100 из 100 соединений",
        "description": "New requests wait for a connection. Look for a slow query first.",
        "description_ru": "Новые запросы ждут соединения. Сначала ищите медленный запрос.",
        "value": "100",
        "threshold": "90",
        "trace_id": "4bf92f3577b34da6",
    }
    made = alert("shop-db-1", since=NIGHT, alertname="ShopDbPoolExhausted", service="shop-db", **changed)
    return replace(made, annotations=notes)


def told(*alerts: Alert, **fields: Any) -> Incident:
    """An incident as people know it: opened at 03:02, its severity that of the worst alert."""
    worst = max((a.severity for a in alerts), key=lambda s: s.rank, default=Severity.WARNING)
    made = incident(*alerts, **{"id": "INC-412", "opened_at": NIGHT, "announced_at": NIGHT, "severity": worst, **fields})
    labels = {"service": "shop-api", "environment": "prod"}
    assert made.route
    return replace(made, route=replace(made.route, group_labels=labels, route_id="critical-services", where="routes.yaml:11"))


def after(**span: float) -> datetime:
    return NIGHT + timedelta(**span)


TAKEN: dict[str, Any] = {"state": State.ACKNOWLEDGED, "acknowledged_by": "Анна", "acknowledged_at": after(minutes=3)}
OVER: dict[str, Any] = {"state": State.RESOLVED, "resolved_at": after(minutes=39), "end_reason": "resolved"}
ANNA = Destination(name="anna", channel="telegram", person="anna", label="Анна")
BORIS = Destination(name="boris", channel="telegram", person="boris", label="Борис")
STEPS = tuple(Step(targets=(Target(aim=Aim.PERSON, name=one),), wait=timedelta(minutes=15)) for one in ("anna", "boris", "vera"))


def flaps(count: int) -> Flaps:
    """One change every three minutes from the first fire on; all clear after an even number."""
    last = after(minutes=3 * count - 3)
    changes = tuple(after(minutes=3 * n) for n in range(count))[-11:]
    return Flaps(changes=changes, is_clear=count % 2 == 0, told_at=after(minutes=9), quiet_at=last + timedelta(minutes=10), alerts=1)


def paged(step: int, **changed: Any) -> dict[str, Any]:
    """Step by step Анна, Борис, both."""
    ways = ((Way(destination=ANNA),), (Way(destination=BORIS),), (Way(destination=ANNA), Way(destination=BORIS)))[step]
    upcoming = (("Борис",), ("Анна", "Борис"), ())[step]
    at = NIGHT + timedelta(minutes=12 * step)
    policy = Policy(name="devops", steps=STEPS, repeat=1, where="escalation.yaml:8")
    held = {"policy": policy, "step": step, "turn_at": at, "ways": ways, "upcoming": upcoming, "paged": (ANNA, BORIS), "since": NIGHT, **changed}
    return {"escalation": Escalation(**held)}


def turn(because: str, *, waited: str = "0", about: str = "") -> dict[str, str]:
    return {"because": because, "by": "Анна", "about": about, "waited": waited}


THREE = (errors("shop-api-2"), errors("shop-api-3"), pool())
FULL = Evidence(
    at=after(minutes=22), service="message-queue", resource="depth", value=48_200, limit=None, unit="", per_hour=252_000, span=timedelta(hours=2),
    flow=Flow(arriving=310, done=240, workers=6), needed=8, with_reserve=10, also=(Saturated(service="mes-api", resource="cpu"),), remedy=Remedy.CONSUMERS,
)  # fmt: skip
ENDS = Evidence(
    at=after(minutes=22), service="shop-db", resource="disk", value=81.4, limit=100, unit="%", per_hour=5.9, span=timedelta(hours=3),
    runs_out_at=after(hours=3, minutes=32), earliest=after(hours=3, minutes=2), latest=after(hours=4, minutes=22), remedy=Remedy.GROW,
)  # fmt: skip
SOON = {"runs_out_at": after(hours=3, minutes=32), "earliest": after(hours=3, minutes=2), "latest": after(hours=4, minutes=22)}


def grows(evidence: Evidence, **changed: Any) -> tuple[str, Incident, timedelta, dict[str, str]]:
    return "incident", told(pool(), evidence=replace(evidence, **changed)), timedelta(minutes=22), {}


HOSTILE = alert(
    '</b><a href="tg://user?id=1">x</a>',
    since=NIGHT,
    alertname="{{7*7}} {0.__class__} %(x)s ${x} <script>alert(1)</script>",
    service="@channel \u202egnp.exe & /ack 1",
)


def storm(**fields: Any) -> Incident:
    """Twenty-three incidents in four minutes, nineteen of them in one zone."""
    members = []
    for n in range(23):
        bad = Severity.CRITICAL if n < 5 else Severity.WARNING
        since = NIGHT + timedelta(seconds=n * 11)
        held = {"service": "shop-db" if n == 0 else f"s{n}", "zone": "a" if n < 19 else "b", "incident": f"INC-{n}"}
        made = alert(f"i{n}", severity=bad, since=since, **held)
        members.append(replace(made, annotations={"state": "acknowledged" if n in fields.get("taken", ()) else "triggered"}))
    fields.pop("taken", None)
    return replace(told(*members, **{"id": "INC-436", **fields}), source="storm")


def overflow(**fields: Any) -> Incident:
    """Twelve hundred alerts of one source that found no room."""
    held = (alert(f"i{n}", since=NIGHT, service="shop-api", alertname="PodRestarts", pod=f"shop-api-{n}") for n in range(1200))
    one = told(*held, **{"id": "INC-2001", "severity": Severity.CRITICAL, **fields})
    assert one.route is not None
    return replace(one, source="alertmanager", group_key=overflow_key("alertmanager"), route=overflow_route(one.route, BOOK))


def begins(count: int) -> tuple[datetime, ...]:
    """The last of them at 03:02, ten minutes after the one before."""
    return tuple(NIGHT - timedelta(minutes=10 * n) for n in reversed(range(count)))


SPLIT = {"state": State.RESOLVED, "resolved_at": after(minutes=6), "resolved_by": "Анна", "end_reason": "split"}
CASES: dict[str, tuple[str, Incident, timedelta, dict[str, str]]] = {
    "triggered-critical": ("incident", told(*THREE), timedelta(minutes=4), {}),
    "triggered-warning": ("incident", told(pool()), timedelta(seconds=10), {}),
    "acknowledged": ("incident", told(*THREE, **TAKEN), timedelta(minutes=9), {}),
    "reopened-living": ("incident", told(errors("shop-api-2"), reopened=1, begins=begins(2)), timedelta(minutes=50), {}),
    "again": ("incident", told(*THREE, begins=begins(3)), timedelta(minutes=4), {}),
    "many-of-one-name": ("incident", told(*(errors(f"shop-api-{n}") for n in range(1, 22))), timedelta(minutes=4), {}),
    "many-names": ("incident", told(*(errors(f"shop-api-{n}", alertname=f"Alert{n:02}") for n in range(13))), timedelta(hours=30), {}),
    "advice-consumers": grows(FULL),
    "advice-consumers-memory": grows(FULL, limit=412_000, unit="messages", **SOON, postpones=timedelta(hours=1, minutes=38)),
    "advice-consumers-back": grows(FULL, flow=Flow(arriving=310, done=0, workers=0), needed=0, with_reserve=0, also=()),
    "advice-grow": grows(ENDS, postpones=timedelta(hours=16)),
    "advice-faster-disk": grows(ENDS, resource="io", remedy=Remedy.FASTER_DISK, runs_out_at=None),
    "advice-leak": grows(ENDS, resource="channels", value=1_900, limit=None, unit="channels", remedy=Remedy.FIND_LEAK, runs_out_at=None, per_hour=120),
    "advice-cause": grows(ENDS, resource="errors", remedy=Remedy.FIND_CAUSE, runs_out_at=None, limit=None, per_hour=None),
    "advice-cause-elsewhere": grows(
        ENDS, resource="errors", remedy=Remedy.FIND_CAUSE, runs_out_at=None, limit=None, per_hour=None, also=(Saturated(service="shop-db", resource="pool"),)
    ),
    "advice-instances-counted": grows(ENDS, resource="cpu", remedy=Remedy.HORIZONTAL, spread=Spread(instances=2, mean=96), needed=3),
    "advice-uneven": grows(ENDS, resource="cpu", doubt=Doubt.UNEVEN, remedy=Remedy.UNKNOWN, spread=Spread(instances=3, mean=44)),
    "advice-no-latest": grows(ENDS, latest=None, remedy=Remedy.VERTICAL, resource="memory"),
    "advice-more-instances": grows(ENDS, resource="cpu", remedy=Remedy.HORIZONTAL),
    "advice-slow-query": grows(ENDS, resource="pool", remedy=Remedy.SLOW_QUERY, also=(Saturated(service="shop-api", resource="cpu"),) * 6),
    "advice-unsteady": grows(ENDS, doubt=Doubt.UNSTEADY, remedy=Remedy.UNKNOWN, runs_out_at=None, span=timedelta(minutes=50)),
    "advice-short": grows(ENDS, doubt=Doubt.SHORT, remedy=Remedy.UNKNOWN, runs_out_at=None, span=timedelta(minutes=20)),
    "advice-falling": grows(ENDS, doubt=Doubt.FALLING, remedy=Remedy.UNKNOWN, runs_out_at=None, per_hour=-5.9),
    "advice-no-numbers": grows(Evidence(at=NIGHT, service="shop-db", resource="disk", doubt=Doubt.NO_NUMBERS)),
    "truncated": ("incident", told(errors("shop-api-2"), errors("shop-api-3"), truncated=37), timedelta(minutes=4), {}),
    "truncated-rest-over": ("incident", told(errors("shop-api-2", firing=False), truncated=37), timedelta(minutes=12), {}),
    "not-delivered": ("incident", told(errors("shop-api-2"), failed={"devops": "bot was blocked"}), timedelta(minutes=1), {}),
    "no-service": ("incident", told(alert("db7", since=NIGHT, service="", alertname="DiskFull")), timedelta(minutes=2), {}),
    "hostile": ("incident", told(HOSTILE), timedelta(minutes=2), {}),
    "storm": ("incident", storm(), timedelta(minutes=4), {}),
    "storm-page": ("incident", storm(**paged(0)), timedelta(minutes=4), {}),
    "storm-second-page": ("your_turn", storm(**paged(1)), timedelta(minutes=12), turn("nobody", waited="720")),
    "storm-taken": ("incident", storm(**TAKEN, taken=range(19)), timedelta(minutes=9), {}),
    "storm-worse": ("worse", storm(), timedelta(minutes=5), {"severity": "critical", "systems": ""}),
    "storm-over": (
        "ended",
        replace(storm(**{**TAKEN, **OVER}), alerts={a.id: replace(a, status="resolved") for a in storm().firing}),
        timedelta(minutes=39),
        {},
    ),
    "storm-split": ("incident", storm(**SPLIT), timedelta(minutes=6), {}),
    "storm-why": ("why", storm(**paged(0)), timedelta(minutes=4), {}),
    "why-in-a-storm": ("why", told(*THREE, digest="INC-436", is_paused=True, is_silent=True), timedelta(minutes=4), {}),
    "resolved-living": ("incident", told(*(replace(a, status="resolved") for a in THREE), **{**TAKEN, **OVER}), timedelta(minutes=39), {}),
    "resolved": ("ended", told(*(errors(f"shop-api-{n}", firing=False) for n in range(2, 4)), **{**TAKEN, **OVER}), timedelta(minutes=39), {}),
    "resolved-one-alert": ("ended", told(errors("shop-api-2", firing=False), **OVER), timedelta(minutes=39), {}),
    "resolved-by-hand": ("incident", told(*THREE, **{**TAKEN, **OVER, "resolved_by": "Борис"}), timedelta(minutes=39), {}),
    "resolved-by-hand-reply": ("ended", told(*THREE, **{**TAKEN, **OVER, "resolved_by": "Борис"}), timedelta(minutes=39), {}),
    "reopened": ("reopened", told(errors("shop-api-2"), reopened=2, begins=begins(3)), timedelta(hours=1), {}),
    "reopened-next-day": ("reopened", told(errors("shop-api-2"), reopened=1, begins=begins(1)), timedelta(hours=25), {}),
    "flapping": ("flapping", told(errors("shop-api-2", firing=False), flaps=flaps(4), begins=begins(2)), timedelta(minutes=9), {}),
    "flapping-fires": ("flapping", told(errors("shop-api-2"), **TAKEN, flaps=flaps(5)), timedelta(minutes=12), {}),
    "flapping-no-more": ("flapping", told(errors("shop-api-2")), timedelta(minutes=22), {}),
    "flapping-living": ("incident", told(errors("shop-api-2", firing=False), **paged(0), flaps=flaps(4), reopened=1), timedelta(minutes=9), {}),
    "flapping-living-fires": ("incident", told(errors("shop-api-2"), **TAKEN, flaps=flaps(21), reopened=1, begins=begins(11)), timedelta(minutes=63), {}),
    "worse-severity": ("worse", told(errors("shop-api-2")), timedelta(minutes=6), {"severity": "critical", "systems": ""}),
    "worse-system": ("worse", told(*THREE, **TAKEN), timedelta(minutes=6), {"severity": "", "systems": "mes-api, shop-db"}),
    "worse-both": ("worse", told(*THREE), timedelta(minutes=6), {"severity": "critical", "systems": "shop-db"}),
    "page": ("incident", told(*THREE, **paged(0)), timedelta(0), {}),
    "page-second-step": ("incident", told(*THREE, **paged(1)), timedelta(minutes=5), turn("nobody", waited="300")),
    "page-nobody-before": ("incident", told(*THREE, **paged(2, holes=("primary",))), timedelta(minutes=5), turn("unreachable")),
    "snoozed": ("incident", told(*THREE, state=State.SNOOZED, snoozed_until=after(hours=2), snoozed_by="Анна"), timedelta(minutes=9), {}),
    "your-turn": ("your_turn", told(*THREE, **paged(1)), timedelta(minutes=12), turn("nobody", waited="720")),
    "your-turn-lease-over": ("your_turn", told(*THREE, **paged(1)), timedelta(hours=2), turn("lease_over")),
    "your-turn-worse": ("your_turn", told(*THREE, **paged(1)), timedelta(minutes=12), turn("voided", about="severity:critical")),
    "your-turn-new-alert": ("your_turn", told(*THREE, **paged(1)), timedelta(minutes=12), turn("voided", about="alert:MesApiDown")),
    "your-turn-released": ("your_turn", told(*THREE, **paged(1)), timedelta(minutes=12), turn("released")),
    "your-turn-assigned": ("your_turn", told(*THREE, **paged(1)), timedelta(minutes=12), turn("assigned")),
    "your-turn-by-hand": ("your_turn", told(*THREE, **paged(1)), timedelta(minutes=12), turn("by_hand")),
    "your-turn-snooze-over": ("your_turn", told(*THREE, **paged(1)), timedelta(minutes=12), turn("snooze_over")),
    "your-turn-reopened": ("your_turn", told(*THREE, **paged(1), reopened=1, begins=begins(5)), timedelta(minutes=12), turn("reopened")),
    "your-turn-unreachable": ("your_turn", told(*THREE, **paged(1), failed={"anna": "blocked"}), timedelta(minutes=1), turn("unreachable")),
    "nobody-exhausted": ("nobody", told(*THREE, **paged(2)), timedelta(minutes=30), {"why": "exhausted"}),
    "nobody-reachable": ("nobody", told(*THREE, **paged(1), failed={"anna": "bot was blocked by the user"}), timedelta(minutes=1), {"why": "unreachable"}),
    "nobody-on-call": ("nobody", told(*THREE, **paged(0, holes=("devops-primary",))), timedelta(0), {"why": "hole"}),
    "still": ("still", told(*THREE, **TAKEN), timedelta(minutes=113), {}),
    "picture": ("picture", told(*THREE), timedelta(minutes=4), {}),
    "picture-over": ("picture", told(*(replace(a, status="resolved") for a in THREE), **OVER), timedelta(minutes=39), {}),
    "picture-hostile": ("picture", told(HOSTILE), timedelta(minutes=4), {}),
    "why": ("why", told(errors("shop-api-2"), repeats=14), timedelta(minutes=39), {}),
    "why-quiet-hours": ("why", told(errors("shop-api-2")), timedelta(minutes=39), {"quiet_hours": "nights"}),
    "why-paged": ("why", told(*THREE, **paged(1)), timedelta(minutes=12), {}),
    "why-flapping": ("why", told(errors("shop-api-2"), flaps=flaps(5)), timedelta(minutes=12), {}),
    "why-not-flapping": ("why", told(errors("shop-api-2"), flaps=Flaps(changes=(NIGHT,))), timedelta(minutes=25), {}),
    "why-again": ("why", told(errors("shop-api-2"), begins=begins(3)), timedelta(minutes=12), {}),
    "why-again-and-again": ("why", told(errors("shop-api-2"), begins=begins(100)), timedelta(minutes=12), {}),
    "why-first": ("why", told(errors("shop-api-2")), timedelta(minutes=1), {}),
    "overflow": ("incident", overflow(), timedelta(minutes=4), {}),
    "overflow-why": ("why", overflow(), timedelta(minutes=4), {}),
    "overflow-over": ("ended", replace(overflow(**OVER), alerts={a.id: replace(a, status="resolved") for a in overflow().firing}), timedelta(minutes=39), {}),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", CASES)
def test_the_message_reads_as_its_file(case: str, language: str) -> None:
    kind, shown, since, args = CASES[case]
    zone = "Europe/Moscow" if language == "ru" else "UTC"
    person = "boris" if case.startswith(("page", "your-turn", "still")) else ""
    message = RENDERER.render(kind, shown, language=language, timezone=zone, now=NIGHT + since, services=SERVICES, args=args, person=person)
    path = GOLDEN / f"{case}.{language}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(message.html + "\n", "utf-8")
    assert message.html + "\n" == path.read_text("utf-8")
    assert parse_entities(message.html).strip(), "the far end reads it"
    assert "!" not in message.plain, "no shouting"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", [c for c in CASES if c.startswith(("page", "your-turn", "still"))])
def test_a_chat_of_many_reads_it_as_its_file(case: str, language: str) -> None:
    """The same where everybody reads: nobody in particular is addressed."""
    kind, shown, since, args = CASES[case]
    message = RENDERER.render(kind, shown, language=language, timezone="Europe/Moscow", now=NIGHT + since, services=SERVICES, args=args)
    path = GOLDEN / "chat" / f"{case}.{language}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(message.html + "\n", "utf-8")
    assert message.html + "\n" == path.read_text("utf-8")
    assert not re.search(r"\byou|\bваш|\bвам|\bВы ", message.plain)


def test_every_kind_has_a_file_and_every_file_a_case() -> None:
    assert {kind for kind, *_ in CASES.values()} == set(KINDS)
    assert {p.name for p in GOLDEN.glob("*.txt")} == {f"{case}.{language}.txt" for case in CASES for language in LANGUAGES}
