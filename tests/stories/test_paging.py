"""Nobody acknowledges, somebody can't be reached, nobody is on call: who is paged when, as people live it."""

from datetime import timedelta

from tests.builders import NOW, wire
from tests.fakes.bot_api import BLOCKED, DROP, UNAUTHORIZED
from tests.harness import ADMINS, ANNA, BORIS, SPARE
from tests.stories.paging import FILES, TO_ANNA, TO_BORIS, TO_VERA, opened, paging, reasons


async def test_nobody_acknowledges_through_three_levels_and_two_rounds(tmp_path):
    async with paging(tmp_path) as s:
        page, chat = await opened(s, wire())
        assert "paging Anna" in chat.text
        assert "On call: Anna (step 1 of 3, at 03:07 we call Борис)" in page.text
        await s.advance(minutes=4, seconds=58)
        await s.expect_nothing()
        await s.advance(seconds=2)
        second = await s.expect(TO_BORIS, "Никто не взял INC-", "5 мин — теперь ваша очередь", "🔴")
        assert "Борис (шаг 2 из 3, в 06:17 позовём: Anna, Борис, Vera)" in second.text
        await s.advance(seconds=4)
        assert "paging Борис" in chat.text
        await s.advance(minutes=9, seconds=56)
        await s.expect(TO_ANNA, "Nobody has taken INC-", "15 min, your turn now")
        await s.expect(TO_BORIS, "Никто не взял INC-", "15 мин")
        await s.expect(TO_VERA, "Nobody has taken INC-", "🔴")
        await s.expect(ADMINS, "Nobody has taken INC-", "paging Anna, Борис, Vera")
        await s.advance(minutes=15)
        await s.expect(TO_ANNA, "Nobody has taken", "30 min")  # the second round
        await s.advance(minutes=5)
        await s.expect(TO_BORIS, "Никто не взял", "35 мин")
        await s.advance(minutes=10)
        for chat_id in (TO_ANNA, TO_BORIS, TO_VERA, ADMINS):
            await s.expect(chat_id)
        await s.advance(minutes=15)
        await s.expect(ADMINS, "everybody was paged and nobody has taken it", "policy devops")
        await s.expect(SPARE, "🔴", "INC-")
        await s.expect(SPARE, "everybody was paged")
        assert [r for r in await reasons(s) if r != "delivered"] == ["opened", *["escalated"] * 5, "exhausted"]
        await s.advance(minutes=59)
        await s.expect_nothing()
        await s.advance(minutes=1)  # hour by hour the last step again: an open incident is never forgotten
        for chat_id in (TO_ANNA, TO_BORIS, TO_VERA):
            await s.expect(chat_id, "INC-")
        await s.expect(ADMINS, "everybody was paged")
        await s.expect(SPARE, "everybody was paged")


async def test_who_takes_it_stops_every_further_page(tmp_path):
    async with paging(tmp_path) as s:
        page, chat = await opened(s, wire())
        await s.api.press(page, "✅", ANNA)
        await s.advance(seconds=5)
        assert page.text.startswith("🟡")
        assert chat.text.startswith("🟡")
        await s.advance(minutes=60)
        await s.expect_nothing()


async def test_the_wait_counts_from_the_first_delivery_and_doubles_at_most(tmp_path):
    async with paging(tmp_path) as s:
        s.api.fail("sendMessage", *[DROP] * 40, chat=TO_ANNA)  # unknown outcomes: somebody else hears after the second
        await s.fire(wire())
        await s.advance(seconds=10)
        await s.expect(ADMINS, "paging Anna")
        (incident,) = await s.incidents()
        assert incident.escalation.delivered_at is None
        assert incident.escalation.due_at == NOW + timedelta(seconds=10, minutes=10)
        s.api._faults.clear()
        await s.advance(seconds=5)
        await s.expect(TO_ANNA, "🔴")
        (incident,) = await s.incidents()
        assert incident.escalation.delivered_at == NOW + timedelta(seconds=15)
        assert incident.escalation.due_at == NOW + timedelta(seconds=15, minutes=5)
        await s.advance(minutes=4, seconds=59)
        await s.expect_nothing()
        await s.advance(seconds=1)
        await s.expect(TO_BORIS, "Никто не взял")


async def test_who_has_blocked_the_bot_is_passed_over_at_once(tmp_path):
    async with paging(tmp_path) as s:
        s.api.fail("sendMessage", *[BLOCKED] * 4, chat=TO_ANNA)
        await s.fire(wire())
        await s.advance(seconds=10)
        await s.expect(TO_BORIS, "не удалось связаться (Anna) — теперь ваша очередь", "🔴")
        chat = await s.expect(ADMINS)
        await s.advance(seconds=5)
        assert "Could not be reached in time: Anna" in chat.text
        assert "paging Борис" in chat.text
        assert "escalated" in await reasons(s)


async def test_the_next_channel_of_the_same_person_comes_before_the_next_person(tmp_path):
    people = FILES["people"].replace(
        "telegram: 111111111, language: en", "telegram: 111111111, language: en, page_by: [{channel: telegram}, {channel: browser, after: 2m}]"
    )
    async with paging(tmp_path, files={"people": people}) as s:
        s.api.fail("sendMessage", BLOCKED, chat=TO_ANNA)
        await s.fire(wire())
        await s.advance(seconds=10)
        await s.expect(ADMINS)
        (shown,) = await s.app.browser.changed(0)
        assert (shown.chat, "INC-" in shown.html) == ("anna/browser", True)
        await s.advance(minutes=4)
        await s.expect_nothing()
        assert "fell_back" in await reasons(s)
        await s.advance(minutes=1)
        await s.expect(TO_BORIS, "Никто не взял")


async def test_a_second_channel_rings_after_its_delay_and_not_once_it_is_taken(tmp_path):
    people = FILES["people"].replace(
        "telegram: 111111111, language: en", "telegram: 111111111, language: en, page_by: [{channel: telegram}, {channel: browser, after: 2m}]"
    )
    async with paging(tmp_path, files={"people": people}) as s:
        await opened(s, wire())
        await s.advance(minutes=1, seconds=59)
        assert await s.app.browser.changed(0) == []
        await s.advance(seconds=1)
        assert [m.chat for m in await s.app.browser.changed(0)] == ["anna/browser"]
        await s.fire(wire("b", service="shop-db"))
        await s.advance(seconds=10)
        page = await s.expect(TO_ANNA, "🔴")
        await s.expect(ADMINS)
        await s.api.press(page, "✅", ANNA)
        await s.advance(minutes=3)
        assert len(await s.app.browser.changed(0)) == 1
        await s.advance(minutes=2)
        await s.expect(TO_BORIS)  # for the first one


async def test_a_hole_in_the_schedule_pages_the_next_step_at_once(tmp_path):
    gap = 'version: 1\nschedules:\n  primary: {timezone: UTC, layers: [{people: [anna], hours: [{from: "20:00", to: "21:00"}]}]}\n'
    async with paging(tmp_path, files={"schedules": gap}) as s:
        await s.fire(wire())
        await s.advance(seconds=10)
        await s.expect(TO_BORIS, "🔴")
        await s.expect(ADMINS, "paging Борис", "Nobody is on call: primary")


async def test_when_nobody_can_be_paged_the_fallback_hears_of_it_within_seconds(tmp_path):
    policy = "version: 1\npolicies:\n  devops: {steps: [{page: [{schedule: primary}], wait: 5m}]}\n"
    gap = 'version: 1\nschedules:\n  primary: {timezone: UTC, layers: [{people: [anna], hours: [{from: "20:00", to: "21:00"}]}]}\n'
    async with paging(tmp_path, files={"schedules": gap, "escalation": policy}) as s:
        await s.fire(wire())
        await s.advance(seconds=10)
        await s.expect(SPARE, "🔴", "INC-")
        await s.expect(SPARE, "nobody is on call", "primary")
        await s.expect(ADMINS, "🔴")
        await s.expect(ADMINS, "nobody is on call", "primary")
        s._seen.update(range(len(s.api.sends())))


async def test_unreachable_everybody_is_told_to_the_fallback_and_tried_again(tmp_path):
    policy = "version: 1\npolicies:\n  devops: {steps: [{page: [{person: anna}], wait: 5m}, {page: [{person: boris}], wait: 5m}], repeat: 1}\n"
    async with paging(tmp_path, files={"escalation": policy}) as s:
        for chat in (TO_ANNA, TO_BORIS):
            s.api.fail("sendMessage", BLOCKED, chat=chat)
        await s.fire(wire())
        await s.advance(seconds=10)
        await s.expect(ADMINS, "🔴")
        await s.expect(ADMINS, "nobody on call can be reached", "Anna: Forbidden: bot was blocked by the user")
        await s.expect(SPARE, "🔴")
        await s.expect(SPARE, "nobody on call can be reached")
        assert (await reasons(s))[-1] == "unreachable"
        await s.advance(minutes=5)  # the second round
        await s.expect(TO_ANNA, "INC-", "your turn now")


async def test_telegram_down_for_an_hour_leaves_nothing_unsaid_and_says_nothing_twice(tmp_path):
    async with paging(tmp_path) as s:
        s.api.fail("sendMessage", *[UNAUTHORIZED] * 5000)
        s.api.fail("editMessageText", *[UNAUTHORIZED] * 5000)
        await s.fire(wire())
        await s.advance(seconds=10)
        for _ in range(12):
            await s.advance(minutes=5)
        assert s.api.sends() == []
        assert {"unreachable", "exhausted"} <= set(await reasons(s))
        s.api._faults.clear()
        await s.advance(seconds=60)
        await s.advance(seconds=60)
        counts = {chat: len([m for m in s.api.sends() if m.chat == chat]) for chat in (TO_ANNA, TO_BORIS, TO_VERA, ADMINS, SPARE)}
        assert counts[ADMINS] >= 1
        assert all("INC-" in m.text for m in s.api.sends())
        assert max(counts.values()) <= 6, counts
        s._seen.update(range(len(s.api.sends())))


async def test_a_warning_whose_route_names_a_policy_is_a_page_too(tmp_path):
    async with paging(tmp_path) as s:
        await s.fire(wire(severity="warning", signal="errors"))
        await s.advance(seconds=10)
        page = await s.expect(TO_ANNA, "🟠", "On call: Anna")
        assert not page.silent
        await s.expect(ADMINS, "🟠", "paging Anna")
        await s.api.press(page, "✅", ANNA)
        await s.advance(seconds=5)
        await s.fire(wire(status="resolved", severity="warning", signal="errors", ended=NOW + timedelta(minutes=5)))
        await s.advance(seconds=5)
        await s.expect(TO_ANNA, "🟢", "back to normal")  # who was paged is released


async def test_who_was_never_reached_is_not_told_that_it_is_over(tmp_path):
    async with paging(tmp_path) as s:
        s.api.fail("sendMessage", BLOCKED, BLOCKED, chat=TO_ANNA)
        await s.fire(wire())
        await s.advance(seconds=10)
        page = await s.expect(TO_BORIS)
        await s.expect(ADMINS)
        await s.api.press(page, "✅", BORIS)
        await s.advance(seconds=5)
        await s.fire(wire(status="resolved", ended=NOW + timedelta(minutes=5)))
        await s.advance(seconds=5)
        await s.expect(TO_BORIS, "🟢")
        await s.expect(ADMINS, "🟢")
