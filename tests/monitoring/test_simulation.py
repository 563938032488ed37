"""The simulated Alexandrite through a real Prometheus and a real Alertmanager: every fault brings its alerts, its incidents, its audience, and ends.

All faults at once, each in an environment of its own, so that the wait is paid once. A fault's other systems are its healthy control.
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import yaml

from receiver.clock import SystemClock
from receiver.core.alert import matched_labels
from receiver.core.incident import Severity
from receiver.core.route import route
from receiver.rules.load import load_rules
from receiver.simulation.fault import Fault
from receiver.simulation.server import Simulation, served
from receiver.simulation.stack import stack
from tests.builders import NOW
from tests.fakes.bot_api import BotApi
from tests.harness import ADMINS, DEVOPS, ROOT, TOKEN, free_port
from tests.monitoring.pack import PACK, alerts
from tests.monitoring.test_grafana import BOARDS, queries
from tests.stories.test_real_chain import running, until_up

SPEED = 20.0
EXPECTED: dict[Fault, dict[str, set[str]]] = {
    Fault.SHOP_API_ERRORS: {"shop-api": {"ShopApiErrorRateHigh", "ShopApiErrorBudgetBurn"}, "internet-shop": {"InternetShopErrorRateHigh"}},
    Fault.MES_API_EXHAUSTED: {"mes-api": {"MesApiCpuHigh", "MesApiMemoryHigh", "MesApiCpuThrottled", "MesApiResponseTimeHigh"}},
    Fault.SHOP_DB_POOL: {"shop-db": {"ShopDbPoolExhausted"}, "shop-api": {"ShopApiErrorRateHigh"}, "internet-shop": {"InternetShopErrorRateHigh"}},
    Fault.SLOW_QUERIES: {"shop-db": {"ShopDbSlowQueries", "ShopDbQueryTimeHigh", "ShopDbDiskIoHigh"}, "shop-api": {"ShopApiResponseTimeHigh"}},
    Fault.DISK_FILLING: {"mes-db": {"MesDbDiskFilling"}},
    Fault.QUEUE_BACKING_UP: {"message-queue": {"QueueDeliveryRateLow", "QueueDepthHigh"}},
    Fault.DEAD_LETTERS: {"message-queue": {"QueueDeadLetters"}},
    Fault.CONSUMERS_GONE: {"message-queue": {"QueueConsumersGone"}},
    Fault.EVERYTHING_DOWN: {
        "internet-shop": {"InternetShopDown"}, "mes": {"MesDown"}, "shop-api": {"ShopApiDown"}, "crm-api": {"CrmApiDown"},
        "mes-api": {"MesApiDown"}, "shop-db": {"ShopDbDown"}, "mes-db": {"MesDbDown"}, "message-queue": {"QueueDown"},
    },
}  # fmt: skip


async def wait_for(what: Callable[[], Awaitable[list[Any]]], seconds: float) -> None:
    """Until nothing is missing; fails with what is."""
    for _ in range(int(seconds / 2)):
        if not (missing := await what()):
            return
        await asyncio.sleep(2)
    raise AssertionError(missing)


class Desk:
    """The service's own API: incidents of the simulated environments with their alerts."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def incidents(self) -> list[dict[str, Any]]:
        listed = (await self.http.get("/api/v1/incidents", params={"limit": 200, "parts": True})).json()
        full = [(await self.http.get(f"/api/v1/incidents/{found['id']}")).json() for found in listed]
        return [found for found in full if found["alert_list"][0]["labels"].get("environment") in set(Fault)]

    async def missing(self) -> list[Any]:
        seen = {(a["labels"]["environment"], a["labels"]["service"], a["labels"]["alertname"]) for i in await self.incidents() for a in i["alert_list"]}
        wanted = {(fault.value, service, name) for fault, services in EXPECTED.items() for service, names in services.items() for name in names}
        return sorted(wanted - seen)

    async def apart(self) -> list[Any]:
        """What stands on the database and is not yet shown inside its incident."""
        mine = [one for one in await self.incidents() if one["alert_list"][0]["labels"]["environment"] == Fault.SHOP_DB_POOL and one["service"] != "shop-db"]
        carried = {part["id"] for one in await self.incidents() for part in one["symptoms"] if one["service"] == "shop-db"}
        return [one["id"] for one in mine if one["state"] != "resolved" and one["id"] not in carried]

    async def open(self) -> list[Any]:
        return [
            (i["id"], i["state"], i["title"], [a["labels"]["alertname"] for a in i["alert_list"]]) for i in await self.incidents() if i["state"] != "resolved"
        ]


async def test_every_fault_brings_its_alerts_one_incident_per_group_the_right_audience_and_the_end(tmp_path):
    port = free_port()
    simulation = Simulation(SystemClock(), tuple(fault.value for fault in Fault), SPEED)
    hook = f"http://127.0.0.1:{port}/webhooks/alertmanager"
    async with BotApi() as api:
        ours = {
            "RECEIVER_PORT": str(port), "RECEIVER_DATA_DIR": str(tmp_path / "data"), "RECEIVER_TELEGRAM_TOKEN": TOKEN, "RECEIVER_TELEGRAM_API_URL": api.url,
            "RECEIVER_WEBHOOK_TOKEN": "hook-token", "RECEIVER_API_TOKEN": "api-token", "RECEIVER_RULES_DIR": str(ROOT / "routing_rules"),
            "RECEIVER_TEMPLATES_DIR": str(ROOT / "message_templates"),
        }  # fmt: skip
        with running(sys.executable, "-m", "receiver", "serve", log=tmp_path / "receiver.log", **ours):
            await until_up(f"http://127.0.0.1:{port}/readyz")
            async with (
                served(simulation) as target,
                stack(tmp_path / "stack", simulation, target, hook, speed=SPEED, scrape="3s", token="hook-token") as programs,
                httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": "Bearer api-token"}, trust_env=False, timeout=30) as http,
            ):
                desk = Desk(http)
                await asyncio.sleep(8)
                assert await desk.incidents() == [], "a healthy Alexandrite is quiet"
                for fault in Fault:
                    answer = await http.put(f"http://127.0.0.1:{target}/{fault}/faults/{fault}")
                    assert answer.json()[fault]["on"] is True
                await wait_for(desk.missing, 240)
                check_incidents(await desk.incidents(), api)
                await wait_for(desk.apart, 60)
                check_database_outage(await desk.incidents(), api)
                await check_dashboards(programs.prometheus)
                for fault in Fault:
                    await http.delete(f"http://127.0.0.1:{target}/{fault}/faults/{fault}")
                await wait_for(desk.open, 240)


def check_incidents(incidents: list[dict[str, Any]], api: BotApi) -> None:
    book = load_rules(ROOT / "routing_rules")
    groups: Counter[Any] = Counter()
    for incident in incidents:
        labels = [a["labels"] for a in incident["alert_list"]]
        assert len({(one["environment"], one["service"]) for one in labels}) == 1
        fault, service = Fault(labels[0]["environment"]), labels[0]["service"]
        assert service in EXPECTED[fault], f"{fault}: {service} is healthy, but {[one['alertname'] for one in labels]}"
        took = route(book.root, matched_labels(labels[0], Severity(labels[0]["severity"])), NOW)
        groups[fault, service, incident["route"]] += 1
        if labels[0]["severity"] == "critical" or labels[0]["signal"] in ("errors", "saturation"):
            assert "admin-chat" in took.destinations
            assert {"devops", "devops-chat"} & set(took.destinations)
    assert [group for group, times in groups.items() if times > 1] == [], "one incident per group"
    assert {ADMINS, DEVOPS} <= {message.chat for message in api.sends()}


def check_database_outage(incidents: list[dict[str, Any]], api: BotApi) -> None:
    """The Shop DB has no connection left: one incident in every list, one page, the API and the shop inside it."""
    mine = [one for one in incidents if one["alert_list"][0]["labels"]["environment"] == Fault.SHOP_DB_POOL]
    shown = [one for one in mine if one["part_of"] is None]
    assert {one["service"] for one in shown} == {"shop-db"}, [(one["id"], one["service"], one["part_of"]) for one in mine]
    assert set().union(*(one["affected"] for one in shown)) == {"shop-api", "internet-shop"}
    parts = {one["id"] for one in mine} - {one["id"] for one in shown}
    told = [part for part in parts if any(f"· {part}" in sent.text for sent in api.sends())]
    assert told == [], "nobody was called for a symptom"


async def check_dashboards(prometheus: str) -> None:
    """Every query of every dashboard returns data, for a service it offers, from the Prometheus that scrapes the simulation."""
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        for name, board in BOARDS.items():
            services = [option["value"] for v in board["templating"]["list"] if v["name"] == "service" for option in v["options"]]
            environment = "prod" if name == "receiver" else Fault.QUEUE_BACKING_UP.value
            for query in (q for q in queries(board) if "offset 1w" not in q):
                chosen = query.replace('service="$service"', f'service=~"{"|".join(services)}"')
                asked = chosen.replace("$environment", environment).replace("[5m]", "[20s]")
                answer = (await http.get(f"{prometheus}/api/v1/query", params={"query": asked})).json()
                assert answer["data"]["result"], f"{name}: {query}"


async def test_the_switches_say_what_they_know():
    simulation = Simulation(SystemClock())
    status, kind, body = simulation.answer("GET", "/prod/faults")
    assert (status, kind) == (200, b"application/json")
    assert {name: found["on"] for name, found in json.loads(body).items()} == dict.fromkeys(Fault, False)
    assert simulation.answer("PUT", "/prod/faults/coffee")[0] == 404
    assert simulation.answer("GET", "/elsewhere/services/shop-api/1")[0] == 404


def test_the_quick_rules_are_the_shipped_ones_with_shorter_times_but_for_those_on_days_past(tmp_path):
    from receiver.simulation.stack import write

    write(tmp_path, Simulation(SystemClock()), 1, "http://127.0.0.1:9/", "127.0.0.1:9", speed=SPEED, scrape="3s", token="")
    quick = [r for p in sorted((tmp_path / "rules").glob("*.yml")) for g in yaml.safe_load(p.read_text())["groups"] for r in g["rules"] if r.get("for")]
    assert [(r["alert"], r["labels"]) for r in quick] == [(r["alert"], r["labels"]) for r in alerts() if "rate3d" not in r["expr"]]
    burn = next(r for r in quick if r["alert"] == "ShopApiErrorBudgetBurn")
    assert (burn["for"], "14.4 * 0.1" in burn["expr"]) == ("6s", True)
    filling = next(r for r in quick if r["alert"] == "MesDbDiskFilling" and r["labels"]["severity"] == "critical")
    assert "[180s], 4 * 3600 / 20)" in filling["expr"]
    assert PACK.is_dir()
