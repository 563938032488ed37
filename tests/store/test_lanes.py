"""A page is claimed before everything else that is due, however much that is and however long it has waited."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from redis.asyncio import Redis

from receiver.core.delivery import Verdict
from receiver.core.incident import Destination
from receiver.core.plan import Kind, Notification, Plan, Priority, Reason
from receiver.store.connection import connect
from receiver.store.incidents import Incidents
from receiver.store.keys import Partitions
from receiver.store.outbox import Outbox
from receiver.store.promise import Promise
from tests.builders import NOW, incident
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


class _Wishes:
    """One incident, told to one place with one priority after the other."""

    def __init__(self, client: Redis) -> None:
        self.client, self.partitions = client, Partitions(1)
        self.incidents, self.outbox = Incidents(client, self.partitions, Promise()), Outbox(client, self.partitions)

    async def begin(self) -> None:
        await self.client.hset(self.partitions.first.of("inc", "INC-1"), "ver", 1)

    async def want(self, version: int, priority: Priority, *, after: timedelta = timedelta(), said: dict[str, str] | None = None) -> None:
        """A commit that wants the living message there, some seconds after the one before."""
        at = incident(version=version)
        wish = Notification(kind=Kind.INCIDENT, destination=ALICE, priority=priority, args=said or {})
        plan = Plan(before=at, next=at, reason=Reason.GOT_WORSE, notifications=(wish,))
        assert await self.incidents.commit(plan, NOW + after, is_woken=False) == version + 1

    async def lanes(self) -> list[int]:
        """How many wait in each."""
        return [await self.client.zcard(self.partitions.first.of(f"due:{lane}")) for lane in range(3)]


@pytest.fixture
async def wishes(tmp_path: Path) -> AsyncIterator[_Wishes]:
    with redis_server(tmp_path) as url:
        client = connect(url)
        found = _Wishes(client)
        await found.begin()
        yield found
        await client.aclose()


async def test_what_nobody_has_seen_and_is_a_page_by_now_is_claimed_as_one(wishes: _Wishes) -> None:
    await wishes.want(1, Priority.CHAT)
    await wishes.want(2, Priority.PAGE, after=timedelta(seconds=1), said={"because": "unanswered"})
    assert await wishes.lanes() == [1, 0, 0]
    for number in range(2, 12):
        await _put(wishes.client, wishes.partitions, number, Kind.ENDED, Priority.RELEASE, timedelta(minutes=5))
    (first,) = await wishes.outbox.claim(NOW + timedelta(seconds=1), 1)
    assert (first.incident_id, first.priority, first.args) == ("INC-1", Priority.PAGE, {"because": "unanswered"})


async def test_a_message_that_waits_out_a_failure_does_not_wait_once_it_is_a_page(wishes: _Wishes) -> None:
    await wishes.want(1, Priority.CHAT)
    (tried,) = await wishes.outbox.claim(NOW, 1)
    await wishes.outbox.done(tried, Verdict.RETRY, NOW, after=timedelta(seconds=30), reason="connection refused")
    await wishes.want(2, Priority.PAGE, after=timedelta(seconds=2))
    assert [slot.priority for slot in await wishes.outbox.claim(NOW + timedelta(seconds=2), 9)] == [Priority.PAGE]


async def test_one_that_is_under_way_keeps_its_lease_and_is_tried_again_as_a_page(wishes: _Wishes) -> None:
    await wishes.want(1, Priority.CHAT)
    (taken,) = await wishes.outbox.claim(NOW, 1)
    assert await wishes.outbox.begin(taken)
    await wishes.want(2, Priority.PAGE)
    assert await wishes.outbox.claim(NOW + timedelta(seconds=1), 9) == [], "nobody sends it a second time meanwhile"
    assert await wishes.outbox.done(taken, Verdict.RETRY, NOW + timedelta(seconds=1), after=timedelta(seconds=2))
    assert [slot.priority for slot in await wishes.outbox.claim(NOW + timedelta(seconds=3), 9)] == [Priority.PAGE]
    assert await wishes.lanes() == [1, 0, 0]


async def test_less_urgent_wishes_and_edits_change_no_lane(wishes: _Wishes) -> None:
    await wishes.want(1, Priority.PAGE)
    await wishes.want(2, Priority.CHAT)
    assert await wishes.lanes() == [1, 0, 0]
    (sent,) = await wishes.outbox.claim(NOW, 1)
    await wishes.outbox.done(sent, Verdict.SENT, NOW, version=3, ref="7")
    await wishes.want(3, Priority.PAGE)
    assert await wishes.lanes() == [0, 0, 1], "an edit rings nobody: it waits behind the pages"


async def test_who_outlived_a_lease_begins_and_records_nothing(wishes: _Wishes) -> None:
    await wishes.want(1, Priority.PAGE)
    (late,) = await wishes.outbox.claim(NOW, 1)
    after = NOW + timedelta(seconds=21)
    (now,) = await wishes.outbox.claim(after, 1)
    assert (late.id, late.fence + 1) == (now.id, now.fence)
    assert not await wishes.outbox.begin(late), "somebody else has it"
    assert await wishes.outbox.begin(now)
    for verdict in (Verdict.RETRY, Verdict.DEAD, Verdict.SKIPPED, Verdict.SENT):
        assert not await wishes.outbox.done(late, verdict, after, version=2, reason="late")
    assert await wishes.outbox.done(now, Verdict.SENT, after, version=2, ref="8")
    assert not await wishes.outbox.done(late, Verdict.RETRY, after), "what is sent is not sent again"
    assert await wishes.lanes() == [0, 0, 0]
    assert [slot["st"] for slot in await wishes.outbox.slots(incident().id)] == ["sent"]


async def test_what_a_late_worker_sent_after_all_is_kept_as_a_copy_and_made_to_say_the_newest(wishes: _Wishes) -> None:
    await wishes.want(1, Priority.PAGE)
    (late,) = await wishes.outbox.claim(NOW, 1)
    after = NOW + timedelta(seconds=21)
    (now,) = await wishes.outbox.claim(after, 1)
    await wishes.outbox.done(now, Verdict.SENT, after, version=2, ref="8")
    await wishes.outbox.done(late, Verdict.SENT, after, version=2, ref="7")
    (again,) = await wishes.outbox.claim(after + timedelta(seconds=3), 1)
    assert (again.ref, again.copies, again.priority) == ("8", ("7",), Priority.CHAT)
