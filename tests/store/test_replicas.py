"""The register of replicas on a real server: who is silent is gone, and what stands was said once."""

from datetime import timedelta

import pytest

from receiver.core.errors import StoreUnavailableError
from receiver.store.connection import connect
from receiver.store.keys import RULES
from receiver.store.replicas import LIFE, Replica, Replicas
from tests.builders import NOW
from tests.harness import redis_server


def replica(name: str, version: str = "v1") -> Replica:
    return Replica(id=name, version=version, commit="c0ffee", since=NOW)


async def test_who_is_silent_for_half_a_minute_is_gone(tmp_path):
    with redis_server(tmp_path) as url:
        client = connect(url)
        replicas = Replicas(client)
        for name in ("a", "b", "c"):
            await replicas.beat(replica(name))
        await replicas.beat(replica("b", "v2"))
        assert await replicas.live() == [replica("a"), replica("b", "v2"), replica("c")]
        left = await client.pttl(f"{RULES}replica:a")
        assert LIFE - timedelta(seconds=5) < timedelta(milliseconds=left) <= LIFE
        await client.pexpire(f"{RULES}replica:a", 1)
        await replicas.leave("c")
        while await client.exists(f"{RULES}replica:a"):
            pass
        assert await replicas.live() == [replica("b", "v2")]
        assert await client.smembers(f"{RULES}ids") == {b"b"}
        await client.aclose()


async def test_what_stands_stands_since_it_was_first_said(tmp_path):
    with redis_server(tmp_path) as url:
        client = connect(url)
        replicas, other = Replicas(client), Replicas(client)
        assert await replicas.standing("X") is None
        assert await replicas.stand("X", NOW) == NOW
        assert await other.stand("X", NOW + timedelta(minutes=1)) == NOW
        assert await other.standing("X") == NOW
        await other.over("X")
        assert await replicas.standing("X") is None
        await client.aclose()


async def test_a_store_that_is_away_is_said_to_be(tmp_path):
    client = connect(f"unix://{tmp_path}/nobody")
    for question in (Replicas(client).beat(replica("a")), Replicas(client).live(), Replicas(client).stand("X", NOW)):
        with pytest.raises(StoreUnavailableError):
            await question
    await client.aclose()
