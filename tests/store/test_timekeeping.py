"""Time under clocks that somebody sets: the machine's, the store's, and those of replicas that start late."""

from datetime import UTC, datetime, timedelta

import pytest

from receiver.clock import Machine, SystemClock
from receiver.store.connection import connect
from receiver.store.timekeeping import agree_on_time, follow
from tests.builders import NOW
from tests.harness import redis_server


class Bench:
    """True time, which a test moves on, the machine's clock and the store's, which it sets."""

    def __init__(self) -> None:
        self.gone = 0.0
        self.machine_off = self.store_off = timedelta(0)
        self.clock = self.boot()

    def boot(self) -> SystemClock:
        """One more process on this machine."""
        return SystemClock(Machine(wall=lambda: self.true + self.machine_off, steady=lambda: self.gone))

    @property
    def true(self) -> datetime:
        return NOW + timedelta(seconds=self.gone)

    @property
    def stores(self) -> datetime:
        return self.true + self.store_off

    @property
    def off(self) -> timedelta:
        return self.clock.now() - self.true


@pytest.fixture
async def client(tmp_path):
    with redis_server(tmp_path) as url:
        client = connect(url)
        yield client
        await client.aclose()


async def test_a_clock_begins_with_the_stores_time_wherever_its_machine_is(client):
    bench = Bench()
    bench.machine_off = timedelta(hours=3)
    clock = bench.boot()
    await follow(client, clock, bench.stores)
    assert clock.now() == bench.true
    assert clock.apart() == timedelta(hours=3)


async def test_a_machine_whose_clock_leaps_changes_nothing_and_is_seen(client):
    bench = Bench()
    await follow(client, bench.clock, bench.stores)
    for leap in (timedelta(hours=1), timedelta(hours=-1)):
        bench.machine_off = leap
        assert bench.off == timedelta(0)
        bench.gone += 15
        await follow(client, bench.clock, bench.stores)
        assert bench.off == timedelta(0)
        assert bench.clock.apart() == abs(leap)


async def test_a_store_that_steps_back_makes_nothing_late_and_is_followed_slowly(client):
    bench = Bench()
    await follow(client, bench.clock, bench.stores)
    bench.store_off = timedelta(minutes=-10)
    before = bench.clock.now()
    for _ in range(20):  # five minutes
        bench.gone += 15
        await follow(client, bench.clock, bench.stores)
        assert bench.clock.now() > before
        before = bench.clock.now()
    assert timedelta(seconds=-0.7) < bench.off < timedelta(seconds=-0.4)
    bench.gone += 60 * 60 * 96
    await follow(client, bench.clock, bench.stores)
    assert bench.clock.now() == bench.stores


async def test_a_replica_that_starts_after_the_store_stepped_back_has_the_time_of_the_others(client):
    bench = Bench()
    await follow(client, bench.clock, bench.stores)
    bench.gone += 15
    bench.store_off = bench.machine_off = timedelta(minutes=-10)
    await follow(client, bench.clock, bench.stores)
    late = bench.boot()
    await follow(client, late, bench.stores)
    assert abs(late.now() - bench.clock.now()) < timedelta(milliseconds=2)


async def test_a_store_that_steps_forward_takes_everybody_along(client):
    bench = Bench()
    await follow(client, bench.clock, bench.stores)
    bench.gone += 15
    bench.store_off = timedelta(minutes=10)
    await follow(client, bench.clock, bench.stores)
    assert bench.clock.now() == bench.stores


async def test_a_store_that_was_plainly_wrong_is_not_followed_for_ever(client):
    bench = Bench()
    bench.store_off = timedelta(days=365)
    await follow(client, bench.clock, bench.stores)
    bench.gone += 15
    bench.store_off = timedelta(0)
    await follow(client, bench.clock, bench.stores)
    assert bench.off == timedelta(0)
    late = bench.boot()
    await follow(client, late, bench.stores)
    assert late.now() == bench.true


async def test_a_real_store_and_this_machine_agree(client):
    clock = SystemClock()
    clock.correct(timedelta(minutes=50))
    await agree_on_time(client, clock)
    await agree_on_time(client, clock)
    assert clock.apart() < timedelta(seconds=1)
    assert abs(clock.now() - timedelta(minutes=50) - datetime.now(UTC)) < timedelta(seconds=2), "what it is ahead is slewed"
