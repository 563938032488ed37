"""The same stories on a Redis Cluster of three masters, sixteen partitions: nothing that people see may differ."""

import asyncio
import signal
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import redis
from redis.exceptions import TimeoutError as TimedOut

from receiver.store.connection import check_partitions, connect, fix_partitions, inspect
from receiver.store.keys import Partitions
from tests.builders import NOW, body, rules_files, wire
from tests.harness import ADMINS, ANNA, DEVOPS, redis_cluster, story

pytestmark = pytest.mark.xdist_group("cluster")  # one server for all of them


@pytest.fixture(scope="module")
def cluster(tmp_path_factory) -> Iterator[tuple[str, list["subprocess.Popen[bytes]"]]]:
    with redis_cluster(tmp_path_factory.mktemp("c")) as running:
        yield running


@pytest.fixture
def url(cluster) -> str:
    for address in cluster[0].partition("://")[2].split(","):
        with redis.Redis(port=int(address.partition(":")[2])) as client:
            client.flushall()
    return cluster[0]


async def test_an_alert_is_told_taken_and_ended_in_one_message(tmp_path, url):
    async with story(tmp_path, on=url) as s:
        await s.fire(wire())
        await s.expect_nothing()
        await s.advance(seconds=10)
        paged = await s.expect(DEVOPS, "🔴", "INC-")
        told = await s.expect(ADMINS, "🔴", "INC-")
        assert "INC-" in (await s.api.press(told, "✅", ANNA))["text"]
        await s.advance(seconds=5)
        assert told.text.startswith("🟡")
        assert paged.text.startswith("🟡")
        await s.fire(wire(status="resolved", ended=NOW + timedelta(minutes=5)))
        await s.advance(seconds=5)
        assert told.text.startswith("🟢")
        await s.expect(DEVOPS, "🟢")
        await s.expect(ADMINS, "🟢")


async def test_two_replicas_and_many_groups_make_one_incident_each(tmp_path, url):
    services = [f"service-{n}" for n in range(24)]
    async with story(tmp_path, on=url, replicas=2) as s:
        bodies = [body(wire(service=service)) for service in services]
        answers = await asyncio.gather(*(s.post(content, replica=n % 2) for content in bodies for n in range(8)))
        assert {a.status_code for a in answers} == {202}
        assert sum(a.json()["opened"] for a in answers) == len(services)
        incidents = await s.incidents()
        assert len({i.id for i in incidents}) == len(services)
        lie = {s.app.partitions.of_incident(i.id).number for i in incidents}
        assert lie == {s.app.partitions.of_group(i.group_key).number for i in incidents}
        assert len(lie) > 8
        assert await s.app.incidents.count_open() == len(services)


async def test_a_firing_alert_stays_in_its_incident_when_changed_rules_put_its_group_elsewhere(tmp_path, url):
    """The first replica groups by service, the second has the new rules already and groups by name as well."""
    old, new = rules_files(tmp_path / "old"), rules_files(tmp_path / "new")
    routes = (new / "routes.yaml").read_text("utf-8")
    (new / "routes.yaml").write_text(routes.replace("group_by: [service, environment]", "group_by: [alertname, service, environment]"), "utf-8")
    services = [f"service-{n}" for n in range(12)]
    async with story(tmp_path, on=url, replicas=2, rules=(old, new)) as s:

        async def tell(replica: int, **about: Any) -> tuple[int, int]:
            answers = [await s.post(body(wire(service=service, **about)), replica=replica) for service in services]
            assert {answer.status_code for answer in answers} == {202}
            return sum(answer.json()["opened"] for answer in answers), sum(answer.json()["transitions"] for answer in answers)

        assert await tell(0) == (12, 12)
        before = {i.id: set(i.alerts) for i in await s.incidents()}
        for replica in (1, 0, 1, 1):
            assert await tell(replica) == (0, 0)
        assert {i.id: set(i.alerts) for i in await s.incidents()} == before
        assert await tell(1, status="resolved", ended=NOW + timedelta(minutes=5)) == (0, 12)
        assert {i.id for i in await s.incidents()} == set(before)
        assert not any(alert.is_firing for i in await s.incidents() for alert in i.alerts.values())
        s.clock.advance(minutes=6)
        assert await tell(1, since=NOW + timedelta(minutes=6)) == (12, 12)  # a new fire lives where the rules of now put it
        assert await tell(0, since=NOW + timedelta(minutes=6)) == (0, 0)


async def test_each_partition_counts_its_share_of_what_a_source_may_open_and_has_an_overflow_of_its_own(tmp_path, url):
    rules = rules_files(tmp_path / "rules")
    routes = (rules / "routes.yaml").read_text("utf-8")
    (rules / "routes.yaml").write_text(routes.replace("noise: {", "noise: {overflow: {incidents: 16, within: 10m}, "), "utf-8")
    services = [f"service-{n}" for n in range(60)]
    async with story(tmp_path, on=url, replicas=2, rules=rules) as s:

        async def tell(**about: Any) -> None:
            bodies = [body(wire(service=service, **about)) for service in services]
            answers = await asyncio.gather(*(s.post(content, replica=n % 2) for n, content in enumerate(bodies)))
            assert {answer.status_code for answer in answers} == {202}

        await tell()
        await tell()  # known by now, whoever tells it
        incidents = await s.incidents()
        usual, over = [i for i in incidents if not i.is_overflow], [i for i in incidents if i.is_overflow]
        place = s.app.partitions
        assert len(usual) == len({place.of_group(i.group_key) for i in usual}), "one for each partition"
        assert len(over) == len({place.of_incident(i.id) for i in over})
        assert sorted(alert.service for i in incidents for alert in i.alerts.values()) == sorted(services), "each alert once, none lost"
        assert all(len(i.alerts) >= 1 for i in over)
        assert len(over) > 4
        await tell(status="resolved", ended=NOW + timedelta(minutes=5))
        assert not any(i.firing for i in await s.incidents())
        await s.settle()
        s._seen.update(range(len(s.api.sends())))


async def test_the_number_of_partitions_is_fixed_at_the_first_start(url):
    client = connect(url)
    try:
        assert await check_partitions(client, Partitions(1)) == ""  # nobody has used it yet
        await fix_partitions(client, Partitions(16))
        await fix_partitions(client, Partitions(1))
        assert await check_partitions(client, Partitions(16)) == ""
        assert "laid out in 16 partitions and this address asks for 1" in await check_partitions(client, Partitions(1))
        report = await inspect(client)
        assert (report.masters, report.faults) == (3, ())
    finally:
        await client.aclose()


async def test_a_client_that_is_closed_after_a_master_failed_it_keeps_no_connection(url, cluster):
    client = connect(url)
    ports = [int(address.rpartition(":")[2]) for address in url.partition("://")[2].split(",")]
    names = [next(name for name in map(str, range(100)) if client.keyslot(name) // 5462 == number) for number in range(3)]
    for name in names:
        await client.set(name, "x")
    cluster[1][0].send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(TimedOut):
            await client.get(names[0])
        await client.aclose()
        for port in ports[1:]:
            with redis.Redis(port=port) as observer:
                async with asyncio.timeout(60):
                    while [one["cmd"] for one in observer.client_list(_type="normal")] != ["client|list"]:
                        await asyncio.sleep(0.05)
    finally:
        cluster[1][0].send_signal(signal.SIGCONT)


async def test_while_one_master_is_down_the_others_take_alerts_and_nothing_accepted_is_lost(tmp_path, url, cluster):
    services = [f"service-{n}" for n in range(24)]
    async with story(tmp_path, on=url) as s:
        for service in services:
            await s.fire(wire(service=service))
        master = cluster[1][1]
        master.kill()
        master.wait()
        accepted = {name for name in services if (await s.post(body(wire("b", service=name)))).status_code == 202}
        assert 0 < len(accepted) < len(services)
        cluster[1][1] = subprocess.Popen(master.args, stdout=subprocess.DEVNULL)
        waiting = set(services)
        async with asyncio.timeout(60):
            while waiting:
                waiting -= {name for name in waiting if (await s.post(body(wire("b", service=name)))).status_code == 202}
                await asyncio.sleep(0.1)
        incidents = await s.incidents()
        assert {a.service: len(i.alerts) for i in incidents for a in i.alerts.values()} == dict.fromkeys(services, 2)


async def test_what_lies_in_many_partitions_is_looked_back_at_as_one(tmp_path, url):
    async with story(tmp_path, on=url, rules=rules_files(tmp_path / "rules")) as s:
        for n in range(3):
            await s.fire(wire(service=f"s{n}"))
        await s.advance(seconds=10)
        for _ in range(3):
            await s.expect(DEVOPS)
        await s.advance(seconds=1)
        found = (await s.http.get("/api/v1/stats", headers={"authorization": f"Bearer {s.app.api_token}"})).json()
        assert (found["incidents"], found["open"], found["pages_by_person"]) == (3, 3, {"devops": 3})
        assert [(one["alertname"], one["incidents"]) for one in found["noisiest"]] == [("HighErrorRate", 3)]
