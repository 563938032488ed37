"""What is asked in one turn of the loop shares a trip, and nothing else: each has its own answers, its own refusal, its own patience."""

import asyncio

import pytest

from receiver.core.errors import StoreUnavailableError
from receiver.store.connection import connect
from receiver.store.keys import Partitions
from receiver.store.questions import Questions
from tests.harness import redis_server

AT = Partitions().first


async def test_what_is_asked_together_needs_one_connection_and_each_has_its_own_answers(tmp_path):
    with redis_server(tmp_path) as url:
        client = connect(url)
        await client.hset(AT.of("inc", "INC-1"), "doc", "{}")
        await client.config_resetstat()
        questions = Questions(client)
        asked = [questions.ask(AT, ("HGET", AT.of("inc", f"INC-{n}"), "doc"), ("ZCARD", AT.of("list"))) for n in range(1, 9)]
        assert await asyncio.gather(*asked) == [[b"{}", 0], *[[None, 0]] * 7]
        assert (await client.info("stats"))["total_connections_received"] == 0
        assert (await client.info("clients"))["connected_clients"] == 1
        await client.aclose()


async def test_a_question_that_is_refused_spoils_no_other(tmp_path):
    with redis_server(tmp_path) as url:
        client = connect(url)
        await client.set(AT.of("list"), "no sorted set")
        questions = Questions(client)
        good, bad = questions.ask(AT, ("GET", AT.of("list"))), questions.ask(AT, ("GET", AT.of("list")), ("ZCARD", AT.of("list")))
        assert await good == [b"no sorted set"]
        with pytest.raises(StoreUnavailableError, match="WRONGTYPE"):
            await bad
        await client.aclose()


async def test_whoever_goes_away_takes_no_answer_from_others(tmp_path):
    with redis_server(tmp_path) as url:
        client = connect(url)
        questions = Questions(client)
        gone, left = questions.ask(AT, ("HLEN", AT.of("open"))), questions.ask(AT, ("HLEN", AT.of("open")), ("EXISTS", AT.of("open")))
        gone.cancel()
        assert await left == [0, 0]
        await client.aclose()


async def test_everybody_hears_that_the_store_is_gone(tmp_path):
    client = connect(f"unix://{tmp_path}/nobody")
    questions = Questions(client)
    asked = [questions.ask(AT, ("HLEN", AT.of("open"))) for _ in range(3)]
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(one) for one in found] == [StoreUnavailableError] * 3
    await client.aclose()


async def test_a_fault_that_nobody_foresaw_leaves_nobody_waiting(tmp_path):
    with redis_server(tmp_path) as url:
        client = connect(url)
        questions = Questions(client)
        asked = [questions.ask(AT, None), questions.ask(AT, ("HLEN", AT.of("open")))]  # type: ignore[arg-type]
        async with asyncio.timeout(30):
            found = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(one) for one in found] == [StoreUnavailableError] * 2
        await client.aclose()
