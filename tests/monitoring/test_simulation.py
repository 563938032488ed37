"""The simulated Alexandrite through a real Prometheus and a real Alertmanager: alerts, incident, audience, message and end of every fault.

All faults at once, each in an environment of its own, so that the wait is paid once. A fault's other systems are its healthy control. Nine
outages at once would rightly be a storm; here each is looked at as if it were alone, and `test_fault_messages` sees that one alone is none.
"""

import asyncio
import json
import re
import shutil
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from html import escape
from pathlib import Path
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
from tests.fakes.bot_pictures import size_of
from tests.harness import ADMINS, DEVOPS, ROOT, SPARE, TOKEN, free_ports
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
        "alexandrite": {"AlexandriteDown"},
    },
}  # fmt: skip
# What is wrong at the bottom of each fault; all other systems of the fault stand inside its incident.
CAUSES: dict[Fault, set[str]] = {
    Fault.SHOP_API_ERRORS: {"shop-api"}, Fault.MES_API_EXHAUSTED: {"mes-api"}, Fault.SHOP_DB_POOL: {"shop-db"}, Fault.SLOW_QUERIES: {"shop-db"},
    Fault.DISK_FILLING: {"mes-db"}, Fault.QUEUE_BACKING_UP: {"message-queue"}, Fault.DEAD_LETTERS: {"message-queue"},
    Fault.CONSUMERS_GONE: {"message-queue"}, Fault.EVERYTHING_DOWN: {"alexandrite"},
}  # fmt: skip
PATIENCE = 300  # seconds, for a machine that is busy with much else; a quiet one needs a tenth
HOLD = "hold: 10s"
FRESH = httpx.Limits(max_keepalive_connections=0)  # both servers close idle connections in their own time


async def wait_for(what: Callable[[], Awaitable[list[Any]]]) -> None:
    """Until nothing is missing; fails with what is."""
    began = time.monotonic()
    while missing := await what():
        assert time.monotonic() < began + PATIENCE, missing
        await asyncio.sleep(2)
    print(f"{what.__name__}: {time.monotonic() - began:.0f} s")


def environment_of(incident: dict[str, Any]) -> str:
    return str(incident["alert_list"][0]["labels"]["environment"])


def is_critical(incident: dict[str, Any]) -> bool:
    return any(alert["labels"]["severity"] == "critical" for alert in incident["alert_list"])


def carried_by(incident: dict[str, Any]) -> set[str]:
    return {part["id"] for part in incident["symptoms"]}


class Desk:
    """What the service says of the simulated environments over its own API, and what people got of it. Each question answers with what is missing."""

    def __init__(self, http: httpx.AsyncClient, api: BotApi, prometheus: str) -> None:
        self.http, self.api, self.prometheus = http, api, prometheus

    async def incidents(self) -> list[dict[str, Any]]:
        listed = (await self.http.get("/api/v1/incidents", params={"limit": 200, "parts": True})).json()
        full = [(await self.http.get(f"/api/v1/incidents/{found['id']}")).json() for found in listed]
        ours = [found for found in full if found["alert_list"][0]["labels"].get("environment") in set(Fault)]
        said = " ".join(sent.text for sent in self.api.messages.values())
        return [one for one in ours if one["state"] != "resolved" or re.search(rf"{one['id']}\b", said)]  # a condition may pass before anybody is told

    async def causes(self) -> list[dict[str, Any]]:
        """What people see in the list: one incident for each system at the bottom of a fault."""
        return [one for one in await self.incidents() if one["service"] in CAUSES[Fault(environment_of(one))] and not one["part_of"]]

    async def unmeasured(self) -> list[Any]:
        """Environments that the rules have not seen yet."""
        asked = {"query": "count by (environment) (service:http_server_requests:rate5m > 0 and on (service, environment) up == 1)"}
        answer = (await self.http.get(f"{self.prometheus}/api/v1/query", params=asked)).json()
        return sorted(set(Fault) - {found["metric"]["environment"] for found in answer["data"]["result"]})

    async def missing(self) -> list[Any]:
        seen = {(a["labels"]["environment"], a["labels"]["service"], a["labels"]["alertname"]) for i in await self.incidents() for a in i["alert_list"]}
        wanted = {(fault.value, service, name) for fault, services in EXPECTED.items() for service, names in services.items() for name in names}
        return sorted(wanted - seen)

    async def apart(self) -> list[Any]:
        """What does not stand inside the one incident of its cause, be it a symptom or more of the same system, and causes that stand in one."""
        found, causes = await self.incidents(), await self.causes()
        held = {(environment_of(one), part) for one in causes for part in carried_by(one)}
        own = {one["id"] for one in causes}
        wrong = [one for one in found if (one["id"] in own) == ((environment_of(one), one["id"]) in held) or (one["id"] in own) == (one["part_of"] in own)]
        systems = Counter((environment_of(one), one["service"]) for one in causes)
        wrong += [one for one in causes if systems[environment_of(one), one["service"]] > 1]
        return [(one["id"], environment_of(one), one["service"], one["part_of"], one["state"]) for one in wrong]

    async def uncalled(self) -> list[Any]:
        """Causes of which not exactly those were told who should be: the chats, somebody by name when it is critical, and support when customers see it."""
        found, missing = {one["id"]: one for one in await self.incidents()}, []
        for one in [found for found in await self.causes() if found["state"] != "resolved"]:  # some condition may pass before anybody is told
            parts = [found[part] for part in carried_by(one) if part in found]
            chats = {sent.chat for sent in self.api.sends() if one["id"] in sent.text and not sent.picture}
            wanted = {ADMINS} | ({DEVOPS} if not is_critical(one) and one["alert_list"][0]["labels"]["signal"] in ("errors", "saturation") else set())
            is_paged = any(not chat.startswith("-") for chat in chats)
            missing += [(one["id"], environment_of(one), one["title"], sorted(wanted - chats), is_paged)] * (not wanted <= chats)
            missing += [(one["id"], environment_of(one), one["title"], "paged", is_paged)] * (is_paged != any(map(is_critical, (one, *parts))))
        return missing

    async def uncarded(self) -> list[Any]:
        """Parts of the offer, of which customers may have to be told, that support has no card of: one for all that befalls the same part."""
        book = load_rules(ROOT / "routing_rules")
        telling = {node.id for node in book.root.children if node.customers}
        broken = {book.services[one["service"]].component for one in await self.incidents() if is_critical(one) and one["route"] in telling} - {""}
        cards = [sent.text for sent in self.api.messages.values() if sent.chat == SPARE]
        return sorted(part for part in broken if not any(book.notices.components[part].names["ru"] in text for text in cards))

    async def unpictured(self) -> list[Any]:
        shown = {found for sent in self.api.pictures() for found in re.findall(r"INC-\d+", sent.text)}
        return sorted(set(Fault) - {environment_of(one) for one in await self.causes() if one["id"] in shown})

    async def unadvised(self) -> list[Any]:
        """Saturated systems whose message has neither a remedy nor why there is none."""
        texts = [text for sent in self.api.messages.values() for text in (sent.text, *sent.edits) if not sent.picture]
        full = [one for one in await self.causes() if any(a["labels"]["signal"] == "saturation" for a in one["alert_list"])]
        is_said = re.compile(r"Что поможет: |Данных мало для совета: |Масштабировать не советуем: |Совета нет: ").search
        return [(one["id"], environment_of(one)) for one in full if not any(is_said(text) for text in texts if one["id"] in text)]

    async def open(self) -> list[Any]:
        found = [one for one in await self.incidents() if one["state"] != "resolved"]
        return [(i["id"], i["state"], i["title"], [a["labels"]["alertname"] for a in i["alert_list"]]) for i in found]

    async def unended(self) -> list[Any]:
        """Causes of whose end the admin chat has not heard."""
        ends = [sent.text for sent in self.api.messages.values() if sent.chat == ADMINS and sent.text.startswith("🟢")]
        return [one["id"] for one in await self.causes() if not any(one["id"] in text for text in ends)]


def rules(directory: Path) -> Path:
    """The shipped rules without their storm, with a hold of seconds before support is asked about customers."""
    shutil.copytree(ROOT / "routing_rules", directory, ignore=shutil.ignore_patterns("examples"))
    path = directory / "routes.yaml"
    text = path.read_text("utf-8").replace("storm: {incidents: 10,", "storm: {incidents: 1000,").replace("hold: 3m", HOLD)
    assert "incidents: 1000" in text
    assert HOLD in text
    path.write_text(text, "utf-8")
    return directory


async def test_every_fault_brings_its_alerts_one_incident_the_right_audience_message_picture_and_advice_and_ends(tmp_path):
    port, asked = free_ports(2)
    simulation = Simulation(SystemClock(), tuple(fault.value for fault in Fault), SPEED)
    hook = f"http://127.0.0.1:{port}/webhooks/alertmanager"
    async with BotApi() as api:
        ours = {
            "RECEIVER_PORT": str(port), "RECEIVER_DATA_DIR": str(tmp_path / "data"), "RECEIVER_TELEGRAM_TOKEN": TOKEN, "RECEIVER_TELEGRAM_API_URL": api.url,
            "RECEIVER_WEBHOOK_TOKEN": "hook-token", "RECEIVER_API_TOKEN": "api-token", "RECEIVER_RULES_DIR": str(rules(tmp_path / "rules")),
            "RECEIVER_TEMPLATES_DIR": str(ROOT / "message_templates"), "RECEIVER_PROMETHEUS_URL": f"http://127.0.0.1:{asked}",
        }  # fmt: skip
        with running(sys.executable, "-m", "receiver", "serve", log=tmp_path / "receiver.log", **ours):
            await until_up(f"http://127.0.0.1:{port}/readyz")
            async with (
                served(simulation) as target,
                stack(tmp_path / "stack", simulation, target, hook, speed=SPEED, scrape="3s", token="hook-token", at=(asked, 0)) as programs,
                httpx.AsyncClient(
                    base_url=f"http://127.0.0.1:{port}", headers={"Authorization": "Bearer api-token"}, trust_env=False, timeout=60, limits=FRESH
                ) as http,
            ):
                desk = Desk(http, api, programs.prometheus)
                await wait_for(desk.unmeasured)
                assert await desk.incidents() == [], "a healthy Alexandrite is quiet"
                await switch(http, "PUT", target)
                await check_outages(desk)
                await check_dashboards(programs.prometheus)
                await switch(http, "DELETE", target)
                await wait_for(desk.open)
                await wait_for(desk.unended)


async def switch(http: httpx.AsyncClient, method: str, target: int) -> None:
    for fault in Fault:
        answer = await http.request(method, f"http://127.0.0.1:{target}/{fault}/faults/{fault}")
        assert answer.json()[fault]["on"] is (method == "PUT")


async def check_outages(desk: Desk) -> None:
    """Each condition may come at its own time; all must come, and hold together at the end."""
    for what in (desk.missing, desk.apart, desk.uncalled, desk.unadvised, desk.uncarded, desk.unpictured):
        await wait_for(what)
    check_incidents(await desk.incidents())
    check_messages(await desk.incidents(), desk.api)
    await check_one_page(desk)
    assert all(size_of(sent.picture) == (1080, 720) for sent in desk.api.pictures())


async def check_one_page(desk: Desk) -> None:
    """The outage of the database, with an API and a shop that fail with it, and that of everything wake people for one incident: that of the cause."""
    pages = [re.findall(r"INC-\d+", sent.text)[0] for sent in desk.api.sends() if not sent.chat.startswith("-") and "INC-" in sent.text]
    for fault in (Fault.SHOP_DB_POOL, Fault.EVERYTHING_DOWN):
        outage = [one for one in await desk.incidents() if environment_of(one) == fault]
        (cause,) = [one["id"] for one in outage if not one["part_of"]]
        assert {one for one in pages if one in {found["id"] for found in outage}} == {cause}
        assert len(outage) >= len(EXPECTED[fault]), "everything else is inside it"


def check_incidents(incidents: list[dict[str, Any]]) -> None:
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


def figureless(text: str) -> str:
    """Values move on between a message and a look at the API."""
    return re.sub(r"\d+(?:[.,\u00a0 ]\d+)*", "#", text)


def check_messages(incidents: list[dict[str, Any]], api: BotApi) -> None:
    """In the admin chat every cause says what is wrong in the words of one of its alerts and leads to what is about its system; a symptom's
    message, where one went out before its cause was seen, says whose part it is."""
    markup: dict[str, str] = {}
    for sent in api.messages.values():  # an incident's first message is the living one, what comes after are replies to it
        if sent.chat == ADMINS and not sent.picture and (found := re.findall(r"INC-\d+", sent.text)):
            markup.setdefault(found[0], sent.markup)
    for incident in incidents:
        if incident["part_of"]:
            assert incident["part_of"] in markup.get(incident["id"], incident["part_of"])
            continue
        text, labels = markup[incident["id"]], incident["alert_list"][0]["labels"]
        assert any(figureless(escape(a["annotations"]["summary_ru"], quote=False)) in figureless(text) for a in incident["alert_list"]), text
        board = re.search(r"/d/([a-z]+)\?var-service=([a-z-]+)&amp;var-environment=([a-z-]+)&amp;", text)
        assert board, text
        assert (board[2], board[3]) == (labels["service"], labels["environment"])
        assert all(f">{name}</a>" in text for name in ("Дашборд", "Логи", "Трейсы", "Что делать"))


async def check_dashboards(prometheus: str) -> None:
    """Every query of every dashboard returns data, for a service it offers, from the Prometheus that scrapes the simulation."""
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        for name, board in BOARDS.items():
            services = [option["value"] for v in board["templating"]["list"] if v["name"] == "service" for option in v["options"]]
            environment = "prod" if name == "receiver" else Fault.QUEUE_BACKING_UP.value
            for query in queries(board):  # the simulation has no week behind it: last week's curve is asked for as of now
                chosen = query.replace(" offset 1w", "").replace('service="$service"', f'service=~"{"|".join(services)}"')
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
    assert (burn["for"], "14.4 * 0.1" in burn["expr"]) == ("9s", True), "three scrapes at least"
    filling = next(r for r in quick if r["alert"] == "MesDbDiskFilling" and r["labels"]["severity"] == "critical")
    assert "[180s], 4 * 3600 / 20)" in filling["expr"]
    assert PACK.is_dir()
