"""The recorder on a real server: what was put in comes out byte for byte, and neither age nor size grows without bound."""

import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from receiver.clock import ManualClock
from receiver.store.connection import Client, connect
from receiver.store.keys import RECORDER
from receiver.store.recorder import Recorder, Recording
from tests.builders import NOW
from tests.harness import redis_server


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    with redis_server(tmp_path) as url:
        connected = connect(url)
        yield connected
        await connected.aclose()


async def _read(recorder: Recorder, since=NOW - timedelta(days=400)) -> list[Recording]:
    return [recording async for recording in recorder.read(since)]


async def test_what_was_recorded_is_read_in_order_and_byte_for_byte(client):
    clock = ManualClock(NOW)
    recorder, rng, put = Recorder(client, clock), random.Random(1), []
    for turn in range(60):
        for source in ("alertmanager", "a source with blanks"):
            body = b"\n" * (turn % 3) + rng.randbytes(rng.choice((0, 1, 5000)))
            put.append(Recording(source=source, at=clock.now(), body=body))
            recorder.record(source, body)
        clock.advance(milliseconds=7)
        if turn % 3 == 0:
            await recorder.flush()
    await recorder.flush()
    assert await client.xlen(RECORDER) > 16
    assert await _read(recorder) == put
    assert await _read(recorder, NOW + timedelta(milliseconds=350)) == [r for r in put if r.at >= NOW + timedelta(milliseconds=350)]


async def test_nothing_stays_longer_than_it_is_kept(client):
    clock = ManualClock(NOW)
    recorder = Recorder(client, clock, keep=timedelta(days=2))
    for day in range(5):
        recorder.record("alertmanager", b"%d" % day)
        await recorder.flush()
        clock.advance(days=1)
    assert [recording.body for recording in await _read(recorder)] == [b"2", b"3", b"4"]


async def test_nothing_stays_that_is_more_than_may_be_kept(client):
    clock, rng, most = ManualClock(NOW), random.Random(1), 1 << 20
    recorder = Recorder(client, clock, most_bytes=most)
    for number in range(40):
        recorder.record("alertmanager", b"%02d" % number + rng.randbytes(100_000))
        await recorder.flush()
        clock.advance(seconds=1)
    kept = [int(recording.body[:2]) for recording in await _read(recorder)]
    assert kept == list(range(kept[0], 40))
    assert 5 <= len(kept) <= 10
    assert await client.memory_usage(RECORDER, samples=0) <= most


async def test_a_replica_whose_clock_is_behind_records_all_the_same(client):
    ahead, behind = (Recorder(client, ManualClock(NOW + timedelta(seconds=s))) for s in (30, 0))
    ahead.record("alertmanager", b"first")
    await ahead.flush()
    behind.record("alertmanager", b"second")
    await behind.flush()
    assert [recording.body for recording in await _read(behind, NOW)] == [b"first", b"second"]
