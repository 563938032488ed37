"""The week is told once, to the chat that the rules name, whatever number of replicas there is and whatever restarts."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from receiver.app.looking_back import weekly
from receiver.core.digest import Digest, week_of
from tests.builders import rules_files, wire
from tests.fakes.bot_api import THROTTLED
from tests.harness import ADMINS, DEVOPS, Story, story

DESTINATIONS = """version: 1
destinations:
  admin-chat: {channel: telegram, chat: -1001000000001, language: %s, timezone: Europe/Moscow}
  devops: {channel: telegram, chat: -1001000000002, language: en}
fallback: [devops]
digest: {destination: admin-chat, day: monday, time: "10:00"}
"""
MONDAY = datetime(2026, 11, 30, 7, 0, tzinfo=UTC)  # 10:00 in Moscow


def here(directory: Path, language: str = "en", **more):
    return story(directory, rules=rules_files(directory / "rules", destinations=DESTINATIONS % language), **more)


async def turn(s: Story) -> None:
    """Every replica looks twice, as one that was restarted in between."""
    for app in s.apps:
        await weekly(app).turn()
        await weekly(app).turn()


async def live(s: Story) -> None:
    began = s.clock.now()
    await s.fire(wire(since=began))
    await s.advance(seconds=10)
    await s.expect(DEVOPS)
    await s.fire(wire(status="resolved", since=began, ended=s.clock.now()))
    await s.advance(seconds=30)
    await s.expect(DEVOPS)


async def test_the_week_is_told_once_at_its_time_by_one_of_the_replicas(tmp_path):
    async with here(tmp_path, replicas=2, start=MONDAY - timedelta(days=5)) as s:
        await live(s)
        await s.advance(seconds=(MONDAY - s.clock.now()).total_seconds() - 60)
        await turn(s)
        await s.expect_nothing()
        await s.advance(seconds=61)
        await turn(s)
        told = await s.expect(
            ADMINS, "The week 23 November – 30 November", "1 incident (1 critical), open now: 0", "1 page: devops 1", "HighErrorRate (critical)"
        )
        assert told.silent
        await s.advance(hours=5)
        await turn(s)
        await s.expect_nothing()


async def test_it_speaks_the_language_of_the_chat(tmp_path):
    async with here(tmp_path, language="ru", start=MONDAY + timedelta(minutes=1)) as s:
        await turn(s)
        await s.expect(ADMINS, "Неделя 23 ноября – 30 ноября", "Инцидентов не было")


async def test_a_service_that_was_down_at_the_time_tells_it_within_a_day_and_not_later(tmp_path):
    async with here(tmp_path, start=MONDAY + timedelta(hours=23)) as s:
        await turn(s)
        await s.expect(ADMINS, "The week 23 November")
    (tmp_path / "late").mkdir()
    async with here(tmp_path / "late", start=MONDAY + timedelta(hours=25)) as s:
        await turn(s)
        await s.expect_nothing()


async def test_what_the_chat_did_not_take_is_told_again(tmp_path):
    async with here(tmp_path, start=MONDAY + timedelta(hours=1)) as s:
        s.api.fail("sendMessage", THROTTLED, chat=ADMINS)
        await weekly(s.app).turn()
        await s.expect_nothing()
        await s.advance(seconds=10)
        await weekly(s.app).turn()
        await s.expect(ADMINS, "The week")


async def test_without_the_key_nobody_is_told(tmp_path):
    async with story(tmp_path, rules=rules_files(tmp_path / "rules"), start=MONDAY + timedelta(hours=1)) as s:
        await turn(s)
        await s.expect_nothing()


@pytest.mark.parametrize(
    ("now", "since", "until"),
    [
        ("2026-11-30T10:00", "2026-11-23T10:00", "2026-11-30T10:00"),
        ("2026-11-30T09:59", "2026-11-16T10:00", "2026-11-23T10:00"),
        ("2026-12-06T23:00", "2026-11-23T10:00", "2026-11-30T10:00"),
    ],
)
def test_the_week_is_the_last_whole_one(now, since, until):
    moscow = ZoneInfo("Europe/Moscow")
    found = week_of(Digest(destination="admin-chat"), datetime.fromisoformat(now).replace(tzinfo=moscow), "Europe/Moscow")
    assert found == tuple(datetime.fromisoformat(one).replace(tzinfo=moscow) for one in (since, until))


def test_a_week_in_which_the_clocks_change_is_an_hour_longer():
    since, until = week_of(Digest(destination="x", zone="Europe/Berlin"), datetime(2026, 10, 26, 12, tzinfo=UTC), "UTC")
    assert until - since == timedelta(days=7, hours=1)
    assert until == datetime(2026, 10, 26, 9, tzinfo=UTC)
