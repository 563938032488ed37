"""An incident that comes and goes: what the chat and the person on call hear of it, and what they do not."""

from datetime import timedelta

import pytest

from receiver.core.incident import State
from tests.builders import wire
from tests.harness import ADMINS, ANNA, Story
from tests.stories.paging import TO_ANNA, TO_BORIS, paging, reasons


async def fires(s: Story, **labels: str) -> None:
    await s.fire(wire("a", since=s.clock.now(), **labels))
    await s.advance(seconds=10)


async def ends(s: Story, since: timedelta = timedelta(seconds=10)) -> None:
    await s.fire(wire("a", "resolved", since=s.clock.now() - since, ended=s.clock.now()))
    await s.advance(seconds=110)


async def until_it_flaps(s: Story) -> None:
    """Fires, ends, fires, ends: each of them loud but the last, which says that it flaps."""
    await fires(s)
    await s.expect(TO_ANNA, "🔴")
    await s.expect(ADMINS, "🔴")
    await ends(s)
    await s.expect(TO_ANNA, "back to normal")
    await s.expect(ADMINS, "back to normal")
    await fires(s)
    await s.expect(TO_ANNA, "fired again, second time in 24 hours")
    await s.expect(ADMINS, "fired again, second time in 24 hours")
    await ends(s)
    await s.expect(TO_ANNA, "flaps: 4 changes in ", "All clear now · we will write again after 10 min without changes")
    await s.expect(ADMINS, "flaps: 4 changes in ", "nobody has taken it yet")


@pytest.mark.parametrize("replicas", [1, 2])
async def test_it_is_told_once_and_then_held_until_the_end_is_the_end(tmp_path, replicas):
    async with paging(tmp_path, replicas=replicas) as s:
        await until_it_flaps(s)
        for _ in range(2):
            await fires(s)
            await ends(s)
        await s.expect_nothing()
        (one,) = await s.incidents()
        living = next(m for m in s.api.messages.values() if m.chat == ADMINS and "Flaps: 8 changes" in m.text)
        assert "all clear now" in living.text
        assert (one.state, one.reopened) == (State.TRIGGERED, 1)
        await s.advance(minutes=10)
        await s.expect(TO_ANNA, "back to normal")
        await s.expect(ADMINS, "back to normal")
        told = [reason for reason in await reasons(s) if reason != "delivered"]
        assert told == ["opened", "all_resolved", "reopened", *["flapping"] * 5, "all_resolved"]


async def test_one_that_fires_for_good_is_said_aloud_and_escalates(tmp_path):
    async with paging(tmp_path) as s:
        await until_it_flaps(s)
        await fires(s)
        await s.advance(minutes=4)
        await s.expect(TO_BORIS, "Никто не взял INC-1", "Мигает: 5 изменений")
        await s.advance(minutes=6)
        await s.expect(ADMINS, "🔴 Shop API: no longer flaps, it fires steadily")
        await s.expect(TO_BORIS, "больше не мигает")
        (one,) = await s.incidents()
        assert one.escalation.step == 1, "it goes on where it was"
        assert one.wake_at == one.escalation.due_at


async def test_a_press_takes_it_while_it_flaps_and_nobody_else_is_called(tmp_path):
    async with paging(tmp_path) as s:
        await until_it_flaps(s)
        await fires(s)
        page = next(m for m in s.api.messages.values() if m.chat == TO_ANNA and "Flaps: 5 changes" in m.text)
        await s.api.press(page, "✅", ANNA)
        await s.settle()
        await ends(s)
        await fires(s)
        await s.advance(minutes=10)
        await s.expect(ADMINS, "fires steadily", "taken by Anna")
        await s.expect(TO_ANNA, "fires steadily")
        (one,) = await s.incidents()
        assert (one.state, one.owner) == (State.ACKNOWLEDGED, "anna")


async def test_another_alert_in_the_quiet_calls_at_once(tmp_path):
    async with paging(tmp_path) as s:
        await until_it_flaps(s)
        await s.fire(wire("b", since=s.clock.now()))
        await s.advance(seconds=10)
        await s.expect(TO_ANNA, "fired again")
        await s.expect(ADMINS, "fired again, third time in 24 hours")
