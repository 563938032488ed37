"""Which partition an alert lives in: agreed by all, believed while the alert fires there, and given up when it does not."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from receiver.clock import ManualClock
from receiver.store.connection import connect
from receiver.store.homes import KEPT, ON_ITS_WAY, Homes
from receiver.store.keys import Partitions, home
from tests.builders import NOW
from tests.harness import redis_server

AT = Partitions(16)
ONE, OTHER = AT.numbered(1), AT.numbered(2)


@pytest.fixture
async def store(tmp_path) -> AsyncIterator[tuple[Homes, ManualClock]]:
    """The keys are the same on a cluster; the stories of one run the same code there."""
    with redis_server(tmp_path) as url:
        client, clock = connect(url), ManualClock(NOW)
        try:
            yield Homes(client, clock, AT), clock
        finally:
            await client.aclose()


async def test_replicas_that_disagree_at_the_same_time_agree_on_one(store):
    homes, _ = store
    members = [f"m{n}" for n in range(200)]
    said = await asyncio.gather(*(homes.find(dict.fromkeys(members, place), []) for place in (ONE, OTHER) * 8))
    assert all(answer == said[0] for answer in said)
    assert set(said[0]) == set(members)


async def test_an_alert_lives_where_it_fires_and_moves_when_it_does_no_more(store):
    homes, clock = store
    assert await homes.find({"m": ONE}, []) == {"m": ONE}
    assert await homes.find({"m": OTHER}, []) == {"m": ONE}, "it is on its way there"
    await homes._client.hset(ONE.of("ix"), "m", "INC-1")
    clock.advance(seconds=ON_ITS_WAY.total_seconds() + 1)
    assert await homes.find({"m": OTHER}, []) == {"m": ONE}
    assert await homes.find({}, ["m"]) == {"m": ONE}
    await homes._client.hdel(ONE.of("ix"), "m")
    assert await homes.find({}, ["m", "never seen"]) == {}, "what has ended lives nowhere"
    said = await asyncio.gather(*(homes.find({"m": place}, []) for place in (OTHER, AT.numbered(3)) * 8))
    assert said[0]["m"] in (OTHER, AT.numbered(3))
    assert all(answer == said[0] for answer in said), "who comes second moves in with the first"


async def test_a_claim_is_kept_from_the_last_time_that_somebody_asked(store):
    homes, _ = store
    await homes.find({"m": ONE}, [])
    await homes._client.expire(home("m"), 60)
    await homes.find({"m": ONE}, [])
    assert await homes._client.ttl(home("m")) > KEPT.total_seconds() - 60
