"""A message that takes its worker with it every time is given up, and told of in another way."""

import asyncio

from receiver.core.incident import IncidentId
from tests.builders import wire
from tests.harness import ADMINS, DEVOPS, Story, story


async def _waits(s: Story) -> None:
    """The messages of a new incident wait, and nobody sends."""
    await s.fire(wire())
    s.app.sender.stop()
    await asyncio.sleep(0.4)  # it has seen that and ended
    s.clock.advance(seconds=10)
    while await s.app.outbox.depth() < 2:
        s.app.nudge.wakes.set()
        await asyncio.sleep(0.02)


def _go_on(s: Story) -> None:
    s.app.sender._is_stopping = False
    s.tasks.append(asyncio.get_running_loop().create_task(s.app.sender.run()))


async def _lost(s: Story, times: int) -> None:
    """So many workers take the messages of a new incident and are never heard of again."""
    await _waits(s)
    for lost in range(times):
        assert [slot.lost for slot in await s.app.outbox.claim(s.clock.now(), 10)] == [lost, lost]
        s.clock.advance(seconds=21)
    _go_on(s)
    await s.settle()


async def test_what_stopped_three_workers_is_a_dead_letter_and_a_plain_page(tmp_path):
    async with story(tmp_path) as s:
        await _lost(s, 3)
        assert [letter.reason for letter in await s.app.quarantine.letters()] == ["poison: 3 workers stopped at it"] * 2
        await s.advance(seconds=10)
        await s.expect(ADMINS, "не удалось подготовить", "INC-1")
        s._seen.update(range(len(s.api.sends())))


async def test_a_message_that_stopped_two_workers_is_sent_and_the_count_forgotten(tmp_path):
    async with story(tmp_path) as s:
        await _lost(s, 2)
        await s.expect(DEVOPS, "🔴")
        await s.expect(ADMINS, "🔴")
        assert await s.app.quarantine.count() == 0
        (incident,) = await s.incidents()
        assert [slot.get("lost") for slot in await s.app.outbox.slots(incident.id)] == [None, None]


async def test_a_worker_that_could_not_read_the_incident_and_lives_is_not_counted_as_lost(tmp_path):
    async with story(tmp_path) as s:
        await _waits(s)
        (incident,) = await s.incidents()
        key = s.app.partitions.of_incident(incident.id).of("al", incident.id)
        await s.app.client.rename(key, "aside")
        await s.app.client.set(key, "unreadable")
        _go_on(s)
        for fence in range(1, 6):
            await _until_tried(s, incident.id, fence)
            s.clock.advance(seconds=21)
        await s.app.client.rename("aside", key)
        await s.settle()
        await s.advance(seconds=21)
        await s.expect(DEVOPS, "🔴")
        await s.expect(ADMINS, "🔴")
        assert await s.app.quarantine.count() == 0


async def _until_tried(s: Story, incident_id: IncidentId, fence: int) -> None:
    """Both messages were taken so often, and their worker has said that it lives."""
    async with asyncio.timeout(60):
        while any(int(slot["fence"]) < fence or "lost" in slot for slot in await s.app.outbox.slots(incident_id)):
            s.app.nudge.sends.set()
            await asyncio.sleep(0.02)
