"""What a connected server is found to promise, on the real ones: Debian's Redis and the embedded Valkey."""

import asyncio

import pytest

from receiver.core.errors import StoreUnavailableError
from receiver.store.connection import connect, inspect
from receiver.store.embedded import EmbeddedStore
from receiver.store.promise import Promise
from tests.harness import redis_server

UNSAFE = {
    ("--appendonly", "no"): "appendonly",
    ("--appendfsync", "everysec"): "appendfsync",
    ("--appendfsync", "no"): "appendfsync",
    ("--maxmemory-policy", "allkeys-lru"): "maxmemory-policy",
}


async def report_of(url):
    client = connect(url)
    try:
        return await inspect(client)
    finally:
        await client.aclose()


async def test_debians_redis_with_fsync_always_is_fit(tmp_path):
    with redis_server(tmp_path) as url:
        report = await report_of(url)
    assert (report.kind, report.appendfsync, report.has_waitaof, report.faults) == ("redis", "always", False, ())


@pytest.mark.parametrize("options", UNSAFE, ids=lambda o: "".join(o).strip("-"))
async def test_a_server_that_can_lose_alerts_is_refused_with_what_to_set(tmp_path, options):
    with redis_server(tmp_path, *options) as url:
        report = await report_of(url)
    assert [UNSAFE[options] in fault and "set `" in fault for fault in report.faults] == [True]


async def test_the_embedded_store_is_fit_and_offers_waitaof(tmp_path):
    store = EmbeddedStore()
    path = await store.start(tmp_path)
    try:
        report = await report_of(f"unix://{path}")
        assert (report.kind, report.has_waitaof, report.faults) == ("valkey", True, ())
    finally:
        await store.stop()


async def test_a_replica_that_does_not_confirm_makes_the_write_unpromised(tmp_path):
    promise = Promise()
    with redis_server(tmp_path) as url:
        client = connect(url)
        promise.follow(await inspect(client))
        assert promise.commands == ()
        promise.commands = (("WAIT", 1, 50),)
        answers = [await client.execute_command(*command) for command in promise.commands]
        with pytest.raises(StoreUnavailableError, match="no replica"):
            promise.check(promise.commands, answers)
        await client.aclose()


async def test_an_absent_server_is_said_to_be_absent_within_its_time_limit(tmp_path):
    client = connect(f"unix://{tmp_path}/nobody.sock")
    async with asyncio.timeout(3):
        with pytest.raises(StoreUnavailableError):
            await inspect(client)
    await client.aclose()
