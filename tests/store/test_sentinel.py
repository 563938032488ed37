"""A master, its replica and a sentinel, all real: the master is killed, the service goes on with the other."""

import asyncio
import contextlib
import os
import time

import pytest

from receiver.core.errors import StoreUnavailableError
from receiver.store.connection import connect, inspect
from receiver.store.promise import Promise
from receiver.store.scripts import Script
from tests.faults.campaign import Process
from tests.harness import free_port


def redis(directory, port, *options):
    directory.mkdir()
    words = [
        "redis-server",
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--dir",
        str(directory),
        "--appendonly",
        "yes",
        "--appendfsync",
        "always",
        "--repl-diskless-sync-delay",
        "0",
    ]
    process = Process([*words, *options], directory / "log", dict(os.environ))
    process.start()
    return process


async def until(question, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(StoreUnavailableError):
            if found := await question():
                return found
        await asyncio.sleep(0.1)
    raise TimeoutError


async def test_a_failover_is_followed_and_nothing_confirmed_is_lost(tmp_path):
    master_port, replica_port, port = free_port(), free_port(), free_port()
    master = redis(tmp_path / "m", master_port)
    replica = redis(tmp_path / "r", replica_port, "--replicaof", "127.0.0.1", str(master_port))
    (tmp_path / "s").mkdir()
    config = tmp_path / "s" / "sentinel.conf"
    config.write_text(
        f"port {port}\nbind 127.0.0.1\nsentinel monitor shop 127.0.0.1 {master_port} 1\nsentinel down-after-milliseconds shop 500\n"
        "sentinel failover-timeout shop 3000\n"
    )
    sentinel = Process(["redis-server", str(config), "--sentinel"], tmp_path / "s" / "log", dict(os.environ))
    sentinel.start()
    client = connect(f"redis+sentinel://127.0.0.1:{port}/shop")
    promise, begin = Promise(), Script("begin")
    try:

        async def has_replica():
            report = await inspect(client)
            promise.follow(report)
            return report.replicas == 1

        await until(has_replica)
        assert promise.commands == (("WAIT", 1, 200),)
        await client.hset("{p00}:msg:a", "fence", 1)

        async def confirmed():
            return await begin.run(client, ["{p00}:msg:a"], [1], promise)

        assert await until(confirmed) == 1
        watcher = connect(f"redis://127.0.0.1:{port}")

        async def known():  # it can promote only what it has heard of as linked, and it asks every ten seconds
            found = await watcher.execute_command("SENTINEL", "REPLICAS", "shop")
            return "ok" in str(found).partition("master-link-status")[2][:12]

        await until(known, 40)
        await watcher.aclose()
        master.kill()
        promise.commands = ()
        began = time.monotonic()
        assert await until(confirmed) == 1
        assert time.monotonic() - began < 15
        assert await client.hget("{p00}:msg:a", "st") == b"sending"
    finally:
        await client.aclose()
        for process in (sentinel, replica, master):
            if process.is_running():
                process.kill()


def test_a_sentinel_address_without_a_service_says_what_to_write():
    with pytest.raises(ValueError, match="HOST:26379/SERVICE"):
        connect("redis+sentinel://127.0.0.1:26379")
