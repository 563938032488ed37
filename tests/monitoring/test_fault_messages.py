"""What people read of every fault of the simulation, from first message to end, in both languages: as files.

The alerts are those that `test_simulation` sees a real Prometheus fire, with labels and annotations as `promtool test rules` proves them for the
shipped rules, so no message here is written by hand and only `MOVING` is masked. The hours before, which the advice weighs, are `PAST`, in a real
Prometheus. `UPDATE_GOLDEN=1` writes the files.
"""

import os
import re
import shutil
from collections.abc import Mapping
from datetime import timedelta
from math import sin
from pathlib import Path
from typing import Any

import pytest

from receiver.clients.prometheus import Prometheus
from receiver.core.alert import Severity
from receiver.simulation.fault import Fault
from receiver.workers.observer import Observer
from tests.builders import NOW
from tests.fakes.prometheus_history import Curve, prometheus_with
from tests.harness import ADMINS, ROOT, SPARE, Story, story
from tests.monitoring.pack import alerts, cases
from tests.monitoring.test_simulation import EXPECTED

GOLDEN = Path(__file__).parents[1] / "golden" / "faults"
ENGLISH = "-1001000000009"
START, END = "2026-11-23T03:01:30Z", "2026-11-23T03:06:00Z"
NAMES = {ADMINS: "admin-chat", "-1001000000002": "devops-chat", SPARE: "support-chat", ENGLISH: "english-chat"}
# Numbers of incidents and drafts, and what depends on which second a symptom joined: the age and the end of links at the last edit.
MOVING = {
    r"INC-\d+": "INC-n", r"(?<=ЧЕРНОВИК )N\w+": "N-n", r"((?:с|since) \d\d:\d\d), \d (?:мин|min)": r"\1",
    r"(?<=&amp;(?:to))=\d+": "=n", r"(?<=&amp;end)=\d+": "=n", r"(?<=to:&#39;)[^&]+": "n",
    r"\n(?:Was affected too|Было затронуто и это):.*": "",  # a symptom that ended first is not named; golden/correlation has the line
}  # fmt: skip
BEFORE = timedelta(hours=4)
PAST: Mapping[Fault, Mapping[str, Curve]] = {  # what the shipped rules and services.yaml read, by hours; at the fault it stands where its alert says
    Fault.SHOP_API_ERRORS: {'service:http_server_errors:ratio_rate5m{service="shop-api",environment="prod"}': lambda h: 0.004 if h < 4 else 0.078},
    Fault.DEAD_LETTERS: {'service:mq_dead_lettered:rate10m{service="message-queue",environment="prod"}': lambda h: 0.0 if h < 4 else 1.0},
    Fault.CONSUMERS_GONE: {
        'service_queue:mq_consumers:sum{service="message-queue",queue="orders.new",environment="prod"}': lambda h: 6.0 if h < 3.9 else 0.0,
        'service_queue:mq_depth:sum{service="message-queue",queue="orders.new",environment="prod"}': lambda h: 40.0 if h < 3.9 else 500.0,
        'service_queue:mq_published:rate5m{service="message-queue",queue="orders.new",environment="prod"}': lambda _: 16.0,
        'service_queue:mq_processed:rate5m{service="message-queue",queue="orders.new",environment="prod"}': lambda h: 16.0 if h < 3.9 else 0.0,
    },
    Fault.MES_API_EXHAUSTED: {
        'instance:cpu_utilisation:ratio_rate5m{service="mes-api",instance="mes-api-2",environment="prod"}': lambda h: 0.57 + 0.1 * h + 0.02 * sin(40 * h),
        'instance:cpu_utilisation:ratio_rate5m{service="mes-api",instance="mes-api-1",environment="prod"}': lambda h: 0.55 + 0.1 * h + 0.02 * sin(30 * h),
        'instance:cpu_throttled:ratio_rate5m{service="mes-api",instance="mes-api-2",environment="prod"}': lambda h: 0.1 * h + 0.02 * sin(40 * h),
    },
    Fault.SHOP_DB_POOL: {'service:db_connections:ratio{service="shop-db",environment="prod"}': lambda h: min(1.0, 0.4 + 0.15 * h)},
    Fault.SLOW_QUERIES: {
        'instance:disk_io_utilisation:ratio_rate5m{service="shop-db",instance="shop-db-1",environment="prod"}': lambda h: min(0.99, 0.2 + 0.2 * h),
    },
    Fault.DISK_FILLING: {
        'instance:filesystem_available:ratio{service="mes-db",instance="mes-db-1",environment="prod"}': lambda h: 0.44 - 0.06 * h + 0.01 * sin(40 * h)
    },
    Fault.QUEUE_BACKING_UP: {
        'service_queue:mq_depth:avg5m{service="message-queue",queue="orders.new",environment="prod"}': lambda h: 2_000 + 77_000 * h,
        'service:mq_delivered:rate5m{service="message-queue",environment="prod"}': lambda h: 99.8 - 5.6 * h,
        'service:mq_published:rate5m{service="message-queue",environment="prod"}': lambda _: 100.0,
        'service_queue:mq_depth:limit{service="message-queue",queue="orders.new",environment="prod"}': lambda _: 520_000.0,
        'service_queue:mq_published:rate5m{service="message-queue",queue="orders.new",environment="prod"}': lambda _: 94.0,
        'service_queue:mq_processed:rate5m{service="message-queue",queue="orders.new",environment="prod"}': lambda h: 94.0 - 5.2 * h,
        'service_queue:mq_consumers:sum{service="message-queue",queue="orders.new",environment="prod"}': lambda _: 6.0,
    },
}


def rules(directory: Path) -> Path:
    """The shipped rules; every route tells an English chat too, and nothing is held against the examples."""
    shutil.copytree(ROOT / "routing_rules", directory, ignore=shutil.ignore_patterns("examples"))
    routes, places = directory / "routes.yaml", directory / "destinations.yaml"
    routes.write_text(re.sub(r"(^ +(?:- )?destinations: \[)", r"\1english-chat, ", routes.read_text("utf-8"), flags=re.M), "utf-8")
    english = f"  english-chat: {{channel: telegram, chat: {ENGLISH}, language: en, timezone: UTC}}\n"
    places.write_text(places.read_text("utf-8").replace("fallback:", english + "fallback:"), "utf-8")
    return directory


def proved(service: str, name: str) -> dict[str, Any]:
    """The worst of this alert that promtool has seen fire for this system."""
    found = [one for _, case in cases() if case["alertname"] == name for one in case["exp_alerts"] if one["exp_labels"]["service"] == service]
    return max(found, key=lambda one: Severity(one["exp_labels"]["severity"]).rank)


def wired(fault: Fault, *, is_over: bool) -> list[dict[str, Any]]:
    made = []
    for service, names in EXPECTED[fault].items():
        for name in sorted(names):
            one = proved(service, name)
            labels = {"alertname": name, "environment": fault.value, **one["exp_labels"]}
            alert = {"labels": labels, "annotations": one["exp_annotations"], "startsAt": START, "status": "resolved" if is_over else "firing"}
            made.append({**alert, "endsAt": END} if is_over else alert)
    return made


async def play(told: Story, fault: Fault) -> None:
    for service in EXPECTED[fault]:  # one after the other, as Alertmanager sends them: numbers of incidents decide between causes
        await told.fire(*(alert for alert in wired(fault, is_over=False) if alert["labels"]["service"] == service))
    await told.advance(seconds=12)
    await told.advance(minutes=2)


async def observe(told: Story, directory: Path, fault: Fault) -> None:
    """The service asks a Prometheus that has the hours before the fault, once; its conclusion comes into the messages."""
    if curves := PAST.get(fault):
        names = {name for found in EXPECTED[fault].values() for name in found}
        read = {one["alert"]: " ".join(one["expr"].split()) for one in alerts() if one["alert"] in names and "resource" in one["labels"]}
        directory.mkdir()
        async with prometheus_with(directory, curves, read, NOW - BEFORE, NOW + timedelta(hours=1)) as url:
            prometheus = Prometheus(url)
            await Observer(prometheus, told.app.engine, told.app.incidents, told.app.rules, told.clock).look()
            await prometheus.close()
        await told.advance(seconds=5)


def audience(told: Story) -> str:
    """Who got a message of their own, by chat or, for private ones, by the person's id."""
    people = {str(person.telegram): person.id for person in told.app.rules.current.people.values()}
    return ", ".join(sorted({NAMES.get(sent.chat) or people[sent.chat] for sent in told.api.sends()} - {"english-chat"}))


def said(told: Story, chat: str, since: int = 0) -> str:
    """The messages of a chat as they are now, those of one system after the other."""
    found = [sent.markup for sent in told.api.messages.values() if sent.chat == chat and sent.id > since]
    for pattern, mask in MOVING.items():
        found = [re.sub(pattern, mask, text) for text in found]
    return "\n\n".join(sorted(found))


@pytest.mark.parametrize("fault", Fault)
async def test_a_fault_is_told_as_its_files_say_from_first_message_to_end(tmp_path, fault):
    async with story(tmp_path, rules=rules(tmp_path / "rules")) as told:
        await play(told, fault)
        await observe(told, tmp_path / "past", fault)
        await told.advance(minutes=2)  # so that the hold of the card for support is over, and the first step of the escalation is not
        last = max(sent.id for sent in told.api.messages.values())
        first = {language: said(told, chat) for language, chat in (("ru", ADMINS), ("en", ENGLISH))}
        heard, card = audience(told), said(told, SPARE)
        assert "storm" not in {one.route.route_id for one in await told.incidents()}, "one fault is no storm"
        await told.fire(*wired(fault, is_over=True))
        await told.advance(seconds=15)
        await told.advance(seconds=15)
        ends = {language: said(told, chat, last) for language, chat in (("ru", ADMINS), ("en", ENGLISH))}
        assert all(incident.state.value == "resolved" for incident in await told.incidents())
        while news := told._news():
            await told.expect(news[0][1].chat)
    for language, text in first.items():
        asked = f"\n\n--- support\n\n{card}" if card and language == "ru" else ""
        content = f"told: {heard}\n\n{text}{asked}\n\n--- at the end\n\n{ends[language]}\n"
        path = GOLDEN / f"{fault.value}.{language}.txt"
        if os.environ.get("UPDATE_GOLDEN"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(content, "utf-8")
        assert content == path.read_text("utf-8")


def test_every_file_is_of_a_fault():
    assert {path.name for path in GOLDEN.glob("*.txt")} == {f"{fault.value}.{language}.txt" for fault in Fault for language in ("en", "ru")}
