"""What can't be reached, on a real server: the first to say so says since when, its end is told once, the doctor reads it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from receiver.cli.doctor_channels import out_of_reach
from receiver.core.outage import Outage
from receiver.store.connection import connect
from receiver.store.outages import Outages
from tests.builders import NOW
from tests.harness import redis_server

ANNA = Outage(key="telegram:7", channel="telegram", destination="anna", person="anna", label="Anna", why="blocked", since=NOW)
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
async def client(tmp_path) -> AsyncIterator[Redis]:
    with redis_server(tmp_path) as url:
        client = connect(url)
        yield client
        await client.aclose()


async def test_the_first_replica_that_says_so_says_since_when(client):
    one, other = Outages(client), Outages(client)
    await one.begin(ANNA)
    await other.begin(replace(ANNA, since=LATER, why="something else"))
    assert await one.refresh() == other.standing == {"telegram:7": ANNA}


async def test_an_end_that_two_replicas_see_is_one_end(client):
    one, other = Outages(client), Outages(client)
    await one.begin(ANNA)
    await one.end(ANNA.key, LATER)
    await other.end(ANNA.key, LATER + timedelta(seconds=1))
    assert await other.over() == [replace(ANNA, over_at=LATER)]
    await other.told(ANNA)
    assert (await one.over(), one.standing) == ([], {})


async def test_a_new_outage_of_the_same_address_is_another_one(client):
    outages, again = Outages(client), replace(ANNA, since=LATER)
    await outages.begin(ANNA)
    await outages.end(ANNA.key, LATER)
    await outages.begin(again)
    assert (await outages.over(), outages.standing) == ([replace(ANNA, over_at=LATER)], {"telegram:7": again})
    assert ANNA.identity != again.identity


async def test_the_doctor_says_who_can_not_be_reached(client):
    assert await out_of_reach(client) == []
    await Outages(client).begin(ANNA)
    (line,) = await out_of_reach(client)
    assert line.startswith("Anna unreachable in Telegram since ")
    assert line.endswith("UTC: blocked")
