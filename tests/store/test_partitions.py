"""Where things lie: the same for a group and its incidents, and the same number for good."""

from hypothesis import given
from hypothesis import strategies as st

from receiver.clock import ManualClock
from receiver.store.connection import connect
from receiver.store.keys import Partitions
from receiver.store.promise import Promise
from receiver.workers.storewatch import Readiness, StoreWatch
from tests.builders import NOW
from tests.harness import redis_server


@given(st.integers(1, 64), st.integers(0, 10**9), st.text())
def test_everything_lies_in_one_of_them(count, number, key):
    partitions = Partitions(count)
    assert partitions.of_incident(f"INC-{number}").number == number % count
    assert partitions.of_incident(f"INC-{number}.incident.0.chat") == partitions.of_incident(f"INC-{number}")
    assert partitions.of_group(key) in list(partitions)
    assert partitions.of_incident(key) in list(partitions)
    assert sorted(partitions.from_turn(number), key=lambda at: at.number) == list(partitions)


async def test_a_store_that_was_laid_out_otherwise_is_not_used(tmp_path):
    with redis_server(tmp_path) as url:
        client = connect(url)
        try:
            for count, fault in ((16, ""), (16, ""), (1, "laid out in 16 partitions")):
                ready = Readiness()
                await StoreWatch(client, ManualClock(NOW), Promise(), ready, Partitions(count), is_relaxed=True).look()
                assert [fault in said for said in ready.faults] == ([True] if fault else [])
        finally:
            await client.aclose()


def test_a_group_named_beside_another_lies_where_that_one_does():
    for number in range(200):
        partitions = Partitions(16)
        assert partitions.of_group(partitions.beside(f"g{number}", "overflow:alertmanager")) == partitions.of_group(f"g{number}")
    assert Partitions(1).beside("g", "overflow:alertmanager") == "overflow:alertmanager"
