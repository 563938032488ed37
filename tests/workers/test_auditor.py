"""The auditor finds what is missing in a store that somebody damaged, puts it back, and finds nothing in one that is whole."""

import asyncio
from datetime import timedelta

import pytest

from receiver.core.event import Acknowledge, Resolve
from receiver.store.upkeep import Repaired, Upkeep
from receiver.telemetry import metrics
from receiver.workers.auditor import Auditor
from tests.builders import wire
from tests.harness import ADMINS
from tests.stories.paging import TO_ANNA, TO_BORIS, opened, paging

WHOLE = Repaired()


def auditor(s) -> Auditor:
    app = s.app
    return Auditor(Upkeep(app.client, app.partitions), app.incidents, app.rules, app.clock, app.nudge)


def repairs(what: str) -> float:
    return metrics.audit_repairs.labels(what=what)._value.get()


async def test_a_whole_store_needs_nothing_in_any_state(tmp_path):
    async with paging(tmp_path) as s:
        await s.fire(wire())
        assert await auditor(s).look() == WHOLE, "in its group wait"
        await s.advance(seconds=10)
        await s.expect(TO_ANNA)
        await s.expect(ADMINS)
        assert await auditor(s).look() == WHOLE
        (incident,) = await s.incidents()
        await s.app.engine.apply(incident.id, Acknowledge(by="anna", name="Anna"))
        assert await auditor(s).look() == WHOLE
        await s.app.engine.apply(incident.id, Resolve(by="anna", name="Anna"))
        await s.settle()
        assert await auditor(s).look() == WHOLE
        s._seen.update(range(len(s.api.sends())))


async def test_an_escalation_without_its_wake_up_is_woken_again_and_counted_as_a_bug(tmp_path):
    async with paging(tmp_path) as s:
        await opened(s, wire())
        before = repairs("wake_up")
        await s.app.client.delete("{p00}:wake")
        assert await auditor(s).look() == Repaired(wakes=1)
        assert await auditor(s).look() == WHOLE
        assert repairs("wake_up") == before + 1
        await s.advance(minutes=5)
        await s.expect(TO_BORIS, "Никто не взял")


@pytest.mark.parametrize("late", [timedelta(minutes=1), timedelta(hours=3)])
async def test_a_wake_up_later_than_owed_is_brought_forward(tmp_path, late):
    async with paging(tmp_path) as s:
        await opened(s, wire())
        (incident,) = await s.incidents()
        owed = incident.escalation.due_at
        await s.app.client.zadd("{p00}:wake", {incident.id: int((owed + late).timestamp() * 1000)})
        assert await auditor(s).look() == Repaired(wakes=1)
        assert await s.app.client.zscore("{p00}:wake", incident.id) == owed.timestamp() * 1000


async def test_a_page_that_is_due_nowhere_is_sent_after_all(tmp_path):
    async with paging(tmp_path) as s:
        s.app.sender.stop()
        await s.fire(wire())
        s.clock.advance(seconds=10)
        s.app.nudge.wakes.set()
        while not await s.app.client.zcard("{p00}:due:0"):
            await asyncio.sleep(0.02)
        await s.app.client.delete("{p00}:due:0")
        assert await auditor(s).look() == Repaired(slots=2)
        s.app.sender._is_stopping = False
        s.tasks.append(asyncio.get_running_loop().create_task(s.app.sender.run()))
        await s.expect(TO_ANNA)
        await s.expect(ADMINS)


async def test_it_looks_by_itself_twice_a_minute_and_one_replica_at_a_time(tmp_path):
    async with paging(tmp_path, replicas=2) as s:
        await opened(s, wire())
        await s.app.client.delete("{p00}:wake")
        before = repairs("wake_up")
        await s.advance(seconds=31)
        await s.api.until(lambda: repairs("wake_up") > before)
        await s.settle()
        assert repairs("wake_up") == before + 1


async def test_the_list_forgets_what_is_kept_no_more_and_nothing_else(tmp_path):
    async with paging(tmp_path) as s:
        await opened(s, wire())
        (incident,) = await s.incidents()
        long_ago = int((s.app.clock.now() - timedelta(days=31)).timestamp() * 1000)
        gone = {f"INC-{number}": long_ago for number in range(900, 1150)}
        await s.app.client.zadd("{p00}:list", {**gone, incident.id: long_ago})
        await auditor(s).look()
        assert await s.app.client.zrange("{p00}:list", 0, -1) == [incident.id.encode()]
