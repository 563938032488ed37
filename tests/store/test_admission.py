"""What callers of admission may rely on, against a real server: everybody is answered, and one connection keeps the order of its commands."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from receiver.clock import SystemClock
from receiver.core.errors import StoreUnavailableError
from receiver.store.admission import EARLY, Admission, Item
from receiver.store.connection import Line, connect
from receiver.store.keys import Partitions
from receiver.store.promise import Promise
from tests.harness import redis_server


@pytest.fixture
async def client(tmp_path) -> AsyncIterator[Redis]:
    with redis_server(tmp_path) as url:
        client = connect(url)
        yield client
        await client.aclose()


class _StoppedClock(SystemClock):
    is_broken = True

    def now(self):
        if self.is_broken:
            raise ArithmeticError("no time")
        return super().now()


def item(group: str, alerts: int = 1, truncated: int = 0) -> Item:
    rows = [f"{group}-{n}".ljust(28, "_") + f"F{5:018d}{0:018d}" for n in range(alerts)]
    return Item(group_key=group, truncated=truncated, blob="".join(rows), flags="1" * alerts, payloads=[b"x"] * alerts, document=b"{}", wait=1000)


async def test_whatever_breaks_while_a_batch_is_merged_every_caller_hears_of_it_and_the_next_ones_are_served(client):
    clock = _StoppedClock()
    admission = Admission(client, clock, Partitions(1), Promise())
    async with asyncio.timeout(60):
        for fault in await asyncio.gather(*(admission.submit(item(f"g{n}")) for n in range(3)), return_exceptions=True):
            assert isinstance(fault, StoreUnavailableError)
            assert "no time" in str(fault)
        clock.is_broken = False
        assert (await admission.submit(item("g"))).opened == 1


async def test_a_storm_is_merged_in_the_order_it_came(client):
    admission = Admission(client, SystemClock(), Partitions(1), Promise())
    futures = []
    for n in range(40):
        futures.append(admission.submit(item("g", EARLY, truncated=n)))
        await asyncio.sleep(0)
    assert [merged.changed for merged in await asyncio.gather(*futures)] == [EARLY] + [0] * 39
    (incident,) = await client.hvals("{p00}:open")
    assert await client.hmget("{p00}:inc:" + incident.decode(), "trunc", "ver") == [b"39", b"40"]


async def test_commands_under_way_on_one_connection_are_answered_in_their_order(client):
    line = Line(client)
    assert await asyncio.gather(*(line.execute_command("INCR", "n") for _ in range(50))) == list(range(1, 51))


async def test_a_lost_connection_fails_what_is_under_way_and_nothing_after_it(client):
    line = Line(client)
    own = await line.execute_command("CLIENT", "ID")
    under_way = [asyncio.ensure_future(line.execute_command(*words)) for words in (("BLPOP", "nothing", 5), ("INCR", "n"))]
    while b"cmd=blpop" not in await client.execute_command("CLIENT", "LIST", "ID", own):
        await asyncio.sleep(0.01)
    await client.execute_command("CLIENT", "KILL", "ID", own)
    assert [isinstance(one, RedisError) for one in await asyncio.gather(*under_way, return_exceptions=True)] == [True, True]
    assert await line.execute_command("ECHO", "again") == b"again"


async def test_senders_that_come_again_at_once_share_calls(client, monkeypatch):
    monkeypatch.setattr("receiver.store.admission.PATIENCE", 1.0)  # this machine may be slow, the order of events is what counts
    admission = Admission(client, SystemClock(), Partitions(1), Promise())
    senders, rounds = 16, 60

    async def sender(n: int) -> None:
        for turn in range(rounds):
            await admission.submit(item(f"g{n}-{turn}"))
            for _ in range(n % 4):  # not all as fast
                await asyncio.sleep(0)

    async with asyncio.timeout(60):
        await asyncio.gather(*(sender(n) for n in range(senders)))
    calls = sum(one["calls"] for name, one in (await client.info("commandstats")).items() if name.startswith("cmdstat_evalsha"))
    assert calls < rounds * 1.7  # it would be two a round


async def test_one_that_comes_alone_after_many_is_not_kept_waiting_for_them(client):
    admission = Admission(client, SystemClock(), Partitions(1), Promise())
    await asyncio.gather(*(admission.submit(item(f"g{n}")) for n in range(8)))
    async with asyncio.timeout(60):
        assert (await admission.submit(item("alone"))).opened == 1
