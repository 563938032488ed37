"""What comes of schedules is told once, by one of the replicas, whatever restarts."""

from dataclasses import replace
from datetime import timedelta

from receiver.core.schedule import Shift
from tests.builders import NOW, rules_files
from tests.harness import ADMINS, Story, story

SCHEDULES = """version: 1
schedules:
  primary:
    timezone: Europe/Moscow
    announce: admin-chat
    layers:
      - {people: [anna, boris], rotate: daily, handoff: {time: "10:00"}, starts: "2026-11-20", hours: [{from: "10:00", to: "08:00"}]}
"""


def here(directory, **more):
    return story(directory, rules=rules_files(directory / "rules", schedules=SCHEDULES), **more)


async def turn(s: Story) -> None:
    for app in s.apps:
        for _ in range(2):
            await app.chat.announcer.turn()
    await s.settle()


async def test_a_gap_is_told_a_day_ahead_once_and_ends_when_it_is_over(tmp_path):
    async with here(tmp_path, replicas=2) as s:
        await turn(s)
        await s.advance(seconds=10)
        told = await s.expect(ADMINS, "Nobody is on call in primary from 23 Nov 08:00 to 23 Nov 10:00 (Europe/Moscow)")
        for minutes in (30, 100):  # ahead, then under way
            await s.advance(minutes=minutes)
            await turn(s)
        await s.expect_nothing()
        await s.advance(hours=2)
        await turn(s)
        await s.advance(seconds=20)
        await turn(s)
        await s.expect(ADMINS, "On call in primary: ")
        assert "24 Nov 08:00" in told.text  # the next one has joined it


async def test_a_gap_that_somebody_covers_is_over(tmp_path):
    async with here(tmp_path) as s:
        await turn(s)
        await s.advance(seconds=10)
        told = await s.expect(ADMINS, "Nobody is on call")
        book = s.app.rules.current
        cover = Shift(start=NOW, end=NOW + timedelta(days=3), people=("boris",))
        s.app.rules.current = replace(book, schedules={"primary": replace(book.schedules["primary"], overrides=(cover,))})
        await turn(s)
        await s.expect(ADMINS, "On call in primary: Борис until 26 Nov 05:00")
        await s.advance(seconds=10)
        assert told.text.startswith("🟢")


async def test_a_change_is_told_without_sound_once_and_not_hours_later(tmp_path):
    async with here(tmp_path, replicas=2) as s:
        s.clock.advance(hours=3, minutes=58)  # 10:00 in Moscow
        await turn(s)
        await s.advance(seconds=10)
        told = [await s.expect(ADMINS) for _ in range(2)]
        change = next(one for one in told if "On call" in one.text)
        assert (change.text, change.silent) == ("🔁 On call in primary: Борис until 24 Nov 05:00", True)
        s.clock.advance(minutes=30)
        await turn(s)
        await s.expect_nothing()
        s.clock.advance(hours=2)
        await s.app.client.delete(*[key async for key in s.app.client.scan_iter("*said*")])
        await turn(s)
        await s.expect_nothing()
