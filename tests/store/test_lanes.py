"""A page is claimed before everything else that is due, however much that is and however long it has waited."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from redis.asyncio import Redis

from receiver.core.incident import Destination
from receiver.core.plan import Kind, Priority
from receiver.store.connection import connect
from receiver.store.keys import Partitions
from receiver.store.outbox import Outbox
from tests.builders import NOW
from tests.harness import redis_server

ALICE = Destination(name="alice/telegram", channel="telegram", address={"chat": 7})


async def _put(client: Redis, partitions: Partitions, number: int, kind: Kind, priority: Priority, waited: timedelta) -> None:
    incident, due = f"INC-{number}", int((NOW - waited).timestamp() * 1000)
    mid = f"{incident}.{kind.value}.0.chat"
    at = partitions.of_incident(mid)
    await client.hset(
        at.of("msg", mid),
        mapping={
            "iid": incident,
            "kind": kind.value,
            "prio": int(priority),
            "dest": msgspec.json.encode(ALICE),
            "args": "{}",
            "st": "new",
            "first_due": due,
            "fence": 0,
            "attempts": 0,
            "unknowns": 0,
            "sent": 0,
            "want": 0,
        },
    )
    await client.zadd(at.of(f"due:{int(priority)}"), {mid: due})


@pytest.mark.parametrize("count", [1, 16])
async def test_a_page_is_never_behind_a_resolve(tmp_path: Path, count: int) -> None:
    with redis_server(tmp_path) as url:
        client, partitions = connect(url), Partitions(count)
        try:
            for number in range(1, 101):
                lane = Priority.RELEASE if number % 2 else Priority.CHAT
                await _put(client, partitions, number, Kind.ENDED, lane, timedelta(minutes=5))
            await _put(client, partitions, 101, Kind.INCIDENT, Priority.PAGE, timedelta())
            claimed = await Outbox(client, partitions).claim(NOW, 10)
            assert [claimed[0].incident_id, claimed[0].priority, len(claimed)] == ["INC-101", Priority.PAGE, 10]
        finally:
            await client.aclose()
