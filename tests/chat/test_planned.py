"""Planned work from the chat: previewed, confirmed, seen, ended; it mutes as a window of maintenance.yaml does."""

import pytest

from tests.builders import wire
from tests.chat.test_commands import ask, deeds, here
from tests.harness import ANNA, BORIS, DEVOPS, STRANGER, SVETA


async def test_work_is_previewed_begun_and_mutes_until_its_end(tmp_path):
    async with here(tmp_path, replicas=2) as s:
        await s.fire(wire())
        await s.advance(seconds=10)
        await s.expect(DEVOPS)
        told = await ask(s, '/maintenance 2h service="shop-api"')
        assert told.text.startswith('Begin planned work until 05:02?\nservice="shop-api"\n\nNow it covers 1 firing alert (INC-1).')
        assert told.labels() == ["Begin", "Cancel"]
        await s.api.press(told, "Begin", ANNA)
        assert told.text == '🔧 Planned work until 05:02, begun by Anna\nservice="shop-api"'
        await s.advance(seconds=2)
        await s.api.until(lambda: all(len(app.rules.current.maintenance) == 1 for app in s.apps))
        for replica in (0, 1):
            await s.fire(wire(environment=f"env-{replica}"), replica=replica)
        await s.advance(minutes=1)
        await s.expect_nothing()
        assert (await ask(s, "/maintenance", BORIS)).text.startswith('Идут плановые работы\n\nAnna: service="shop-api"\nдо 08:02')
        await s.advance(hours=2)
        for _ in range(2):
            await s.expect(DEVOPS, "Shop API")
        assert "No planned work is under way" in (await ask(s, "/maintenance")).text


async def test_ended_early_what_still_fires_is_told_at_once(tmp_path):
    async with here(tmp_path) as s:
        told = await ask(s, "/maintenance 30m service=shop-api, environment=prod")
        await s.api.press(told, "Begin", ANNA)
        await s.fire(wire())
        await s.advance(minutes=5)
        await s.expect_nothing()
        listed = await ask(s, "/maintenance", BORIS)
        assert "may not" in (await s.api.press(listed, "Закончить", SVETA))["text"]
        await s.api.press(listed, "Закончить", BORIS)
        assert listed.text == "Плановые работы закончены: Борис\nservice=shop-api, environment=prod"
        await s.settle()
        await s.expect(DEVOPS, "Shop API")
        assert [d for d in await deeds(s) if d[1] == "maintenance"][-2:] == [
            ("sveta", "maintenance", "", "refused"),
            ("boris", "maintenance", "service=shop-api, environment=prod", "ended"),
        ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("/maintenance soon service=a", '"soon" is not a duration'),
        ("/maintenance 8d service=a", "At most 7 days"),
        ("/maintenance 2h", "Say what is worked on"),
        ('/maintenance 2h service=~".*"', "Say what is worked on"),
        ("/maintenance 2h service", "is not a matcher"),
        ("/maintenance 2h service=~(", "is not an RE2 expression"),
    ],
)
async def test_what_cannot_be_meant_is_said_with_an_example(tmp_path, text, fault):
    async with here(tmp_path) as s:
        told = await ask(s, text)
        assert fault in told.text
        assert "/maintenance 2h service=" in told.text
        assert s.app.rules.current.maintenance == ()


async def test_cancelled_or_asked_too_long_ago_nothing_begins(tmp_path):
    async with here(tmp_path) as s:
        told = await ask(s, "/maintenance 2h service=shop-api")
        await s.api.press(told, "Begin", STRANGER)
        kept = told.button("Begin")
        await s.app.client.delete(*[key async for key in s.app.client.scan_iter("*draft*")])
        await s.api.press(told, "", ANNA, data=kept)
        assert "older than 15 minutes" in told.text
        told = await ask(s, "/maintenance 2h service=shop-api")
        await s.api.press(told, "Cancel", ANNA)
        assert told.text == "Cancelled, nothing is muted."
        assert s.app.rules.current.maintenance == ()


async def test_pressed_twice_it_begins_once(tmp_path):
    async with here(tmp_path, replicas=2) as s:
        told = await ask(s, "/maintenance 2h service=shop-api")
        kept = told.button("Begin")
        for _ in range(3):
            await s.api.press(told, "", ANNA, data=kept)
        assert len((await s.app.chat.items.held()).windows) == 1
