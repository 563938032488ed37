"""A fault that comes back tells how often it did within a day: in its window, and as a new incident of its group; to every replica, in every place."""

from datetime import datetime

import pytest

from receiver.telemetry import metrics
from tests.builders import wire
from tests.chat.test_commands import ask
from tests.harness import ADMINS, ANNA, Story
from tests.stories.paging import FILES, TO_ANNA, paging

CALM = FILES["routes"] + "noise: {flapping: {changes: 9}}\n"


def returns() -> float:
    return sum(sample.value for family in metrics.returned.collect() for sample in family.samples if sample.name.endswith("_total"))


async def fires(s: Story, replica: int = 0) -> datetime:
    began = s.clock.now()
    await s.fire(wire("a", since=began), replica=replica)
    await s.advance(seconds=10)
    return began


async def ends(s: Story, began: datetime) -> None:
    await s.fire(wire("a", "resolved", since=began, ended=s.clock.now()))
    await s.advance(seconds=10)
    for chat in (TO_ANNA, ADMINS):
        await s.expect(chat, "back to normal")


@pytest.mark.parametrize("replicas", [1, 2])
async def test_the_third_time_in_a_day_is_called_that_whether_it_came_back_or_is_new(tmp_path, replicas):
    async with paging(tmp_path, replicas=replicas, files={"routes": CALM}) as s:
        at = await fires(s)
        for chat in (TO_ANNA, ADMINS):
            assert "time" not in (await s.expect(chat, "🔴", "INC-1")).text
        await ends(s, at)
        await s.advance(minutes=20)
        before = returns()
        second = await fires(s)
        assert returns() == before + 1
        for chat in (TO_ANNA, ADMINS):
            await s.expect(chat, "fired again, second time in 24 hours")
        await ends(s, second)
        await s.advance(minutes=40)
        third = await fires(s, replica=replicas - 1)
        await s.expect(TO_ANNA, "🔴", "\nThird time in 24 hours\n")
        told = await s.expect(ADMINS, "🔴", "\nThird time in 24 hours\n")
        assert "Fired again" not in told.text
        newest = (await s.incidents())[0]
        assert newest.reopened == 0
        assert (len(newest.begins), newest.begins[0], newest.begins[-1]) == (3, at, third)
        key = s.app.partitions.of_group(newest.group_key).of("began", newest.group_key)
        assert 0 < await s.app.client.ttl(key) <= 24 * 60 * 60, "a group that never comes again leaves nothing"
        said = (await s.api.press(told, "❔", ANNA))["text"]
        assert "Fired 3 times in 24 hours: " in said, said
        await shown(s, newest.id)
        await ends(s, third)
        await s.advance(hours=24)
        await fires(s)
        for chat in (TO_ANNA, ADMINS):
            assert "time" not in (await s.expect(chat, "🔴")).text, "that was yesterday"


async def shown(s: Story, incident_id: str) -> None:
    """The API's answer (which `receiver incidents show` prints), and *Why?*."""
    head = {"authorization": f"Bearer {s.app.api_token}"}
    found = (await s.http.get(f"/api/v1/incidents/{incident_id}", headers=head)).json()
    assert found["occurrences"] == 3
    assert found["occurred_at"][0] == "2026-11-23T03:02:00+00:00"
    why = (await s.http.get(f"/api/v1/incidents/{incident_id}/why", headers=head)).json()
    assert len(why["incident"]["begins"]) == 3
    assert "Fired 3 times in 24 hours: 11-23 03:02, 11-23 03:" in (await ask(s, f"/why {incident_id}")).text
