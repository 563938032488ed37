"""The embedded store: one server a directory, kept across the kill of either side."""

import asyncio
import contextlib
import os
import signal

import redis

from receiver.store.embedded import EmbeddedStore


def pid_of(path) -> int:
    client = redis.Redis(unix_socket_path=str(path), socket_timeout=5)
    try:
        return client.info("server")["process_id"]
    finally:
        client.close()


def read(path, key: str) -> bytes | None:
    client = redis.Redis(unix_socket_path=str(path), socket_timeout=5)
    try:
        return client.get(key)
    finally:
        client.close()


def write(path, key: str, value: str) -> None:
    client = redis.Redis(unix_socket_path=str(path), socket_timeout=5)
    client.set(key, value)
    client.close()


async def test_what_was_written_is_there_after_a_stop_and_after_a_kill(tmp_path):
    first = EmbeddedStore()
    path = await first.start(tmp_path)
    write(path, "a", "1")
    await first.stop()
    second = EmbeddedStore()
    path = await second.start(tmp_path)
    assert read(path, "a") == b"1"
    write(path, "b", "2")
    os.kill(pid_of(path), signal.SIGKILL)
    watch = asyncio.get_running_loop().create_task(second.supervise())
    for _ in range(1200):
        with contextlib.suppress(redis.RedisError, OSError):
            if read(path, "b") == b"2":
                break
        await asyncio.sleep(0.05)
    assert (read(path, "a"), read(path, "b")) == (b"1", b"2")
    watch.cancel()
    await second.stop()


async def test_a_second_service_adopts_the_running_server_and_does_not_stop_it(tmp_path):
    owner, guest = EmbeddedStore(), EmbeddedStore()
    path = await owner.start(tmp_path)
    assert await guest.start(tmp_path) == path
    server = pid_of(path)
    await guest.stop()
    assert pid_of(path) == server
    await owner.stop()


async def test_three_that_start_at_once_are_one_server(tmp_path):
    stores = [EmbeddedStore() for _ in range(3)]
    paths = await asyncio.gather(*(s.start(tmp_path) for s in stores))
    assert len({pid_of(p) for p in paths}) == 1
    for store in stores:
        await store.stop()


async def test_a_path_too_long_for_a_socket_is_put_elsewhere(tmp_path):
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    store = EmbeddedStore()
    path = await store.start(deep)
    try:
        assert len(os.fsencode(path)) < 108
        write(path, "a", "1")
        assert read(path, "a") == b"1"
    finally:
        await store.stop()
