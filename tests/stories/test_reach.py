"""Who can't be reached is told to the admins once, and once more when it works again; so is a channel that is out."""

import re
from datetime import timedelta

from receiver.app.reach import banners, describe
from receiver.channels.base import Evidence, Outcome
from receiver.core.event import Resolve
from receiver.store.outages import Outages
from receiver.workers.reach import PROVED_EVERY, Reach
from tests.builders import wire
from tests.fakes.bot_api import BLOCKED, NO_CHAT, BotApi
from tests.harness import ADMINS, SPARE, Story, free_port, story
from tests.stories.paging import FILES, TO_ANNA, TO_BORIS, paging
from tests.stories.test_delivery_trouble import shown_in_browser, with_browser_fallback

TWO_WAYS = FILES["people"].replace(
    "  anna: {name: Anna,", "  anna: {name: Anna, email: anna@example.org, page_by: [{channel: telegram}, {channel: email, after: 5m}],"
)


async def fire(s: Story, service: str, replica: int = 0) -> None:
    await s.fire(wire("a", service=service), replica=replica)
    await s.advance(seconds=10)


async def told(s: Story) -> list[str]:
    """What the admins' chat hears of it, every replica and a restarted one having looked."""
    before = len(s.api.sends())
    for app in (*s.apps, *s.apps):
        app.chat.outages._said.clear()  # as a process that has just begun
        await app.chat.outages.turn()
    found = [sent for sent in s.api.sends()[before:] if sent.chat == SPARE]
    for _ in found:
        await s.expect(SPARE)
    return [sent.text for sent in found]


async def lost_to_anna(s: Story, service: str) -> None:
    """Anna's page of this one can't be delivered; Boris has it at once."""
    s.api.fail("sendMessage", BLOCKED, chat=TO_ANNA)
    await fire(s, service)
    await s.expect(ADMINS, "🔴")
    await s.expect(TO_BORIS, "🔴")


async def test_the_admins_hear_once_that_somebody_can_not_be_paged_and_once_that_it_works_again(tmp_path):
    async with paging(tmp_path, replicas=2) as s:
        await lost_to_anna(s, "shop-api")
        (text,) = await told(s)
        assert text.splitlines() == [
            "⚠ Anna can't be paged in Telegram (since 03:02)",
            "The bot is blocked there.",
            "There is no other way to page them: their pages go to the next step at once.",
            "What to do: Anna opens the chat with the bot and presses Start.",
        ]
        await s.advance(minutes=1)
        await lost_to_anna(s, "crm-api")
        assert await told(s) == [], "another incident is no news"
        assert describe(s.apps[1].reach, s.clock) == ("Anna unreachable in Telegram since 03:02 (1 min) UTC: Forbidden: bot was blocked by the user",)
        await s.advance(minutes=1)
        await fire(s, "mes-api")
        await s.expect(TO_ANNA, "🔴")
        await s.expect(ADMINS, "🔴")
        assert await told(s) == ["🟢 Anna can be paged in Telegram again\nA message got through at 03:04; none had since 03:02 (2 min)."]
        assert await told(s) == []
        for incident in await s.incidents():
            await s.app.engine.apply(incident.id, Resolve(by="boris", name="Boris"))
        await s.settle()
        s._seen.update(range(len(s.api.sends())))


async def test_programs_commands_and_readiness_say_who_can_not_be_reached(tmp_path):
    async with paging(tmp_path) as s:
        await lost_to_anna(s, "shop-api")
        await told(s)
        headers = {"authorization": f"Bearer {s.app.api_token}"}
        (found,) = (await s.http.get("/api/v1/outages", headers=headers)).json()
        assert (found["person"], found["channel"], found["since"]) == ("anna", "telegram", "2026-11-23T03:02:10+00:00")
        assert (await s.http.get("/api/v1/outages")).status_code == 401
        assert any("Anna unreachable in Telegram since 03:02" in line for line in (await s.http.get("/readyz")).json()["degraded"])
        for command in ("/oncall", "/status"):
            await s.api.say(TO_BORIS, command, int(TO_BORIS))
            answer = await s.expect(TO_BORIS)
            assert "⚠ Anna: в Telegram не дозваться с 06:02" in answer.text


async def test_the_other_ways_of_a_person_are_named(tmp_path):
    async with paging(tmp_path, files={"people": TWO_WAYS}) as s:
        s.api.fail("sendMessage", BLOCKED, chat=TO_ANNA)
        await fire(s, "shop-api")
        (text,) = await told(s)
        assert "Instead they are paged by e-mail." in text
        await s.settle()
        s._seen.update(range(len(s.api.sends())))


async def test_where_the_admins_chat_itself_is_gone_an_admin_hears_it_in_private(tmp_path):
    files = {"destinations": FILES["destinations"].replace("fallback: [spare]", "fallback: [admin-chat]")}
    async with paging(tmp_path, files=files) as s:
        s.api.fail("sendMessage", NO_CHAT, chat=ADMINS)
        await fire(s, "shop-api")
        await s.expect(TO_ANNA, "🔴")
        await s.app.chat.outages.turn()
        await s.expect(TO_ANNA, "admin-chat can't be reached in Telegram (since 03:02)", "There is nowhere else")


async def test_an_address_that_the_rules_no_longer_name_is_forgotten_untold(tmp_path):
    async with paging(tmp_path) as s:
        await lost_to_anna(s, "shop-api")
        book = s.app.rules.current
        s.app.rules.current = type(book)(**{**{f: getattr(book, f) for f in book.__dataclass_fields__ if f != "_by_telegram"}, "people": {}})
        assert await told(s) == []
        assert await Outages(s.app.client).refresh() == {}


async def test_while_telegram_is_away_everything_else_says_so_and_the_first_message_after_it_too(tmp_path):
    port = free_port()
    async with story(tmp_path, rules=with_browser_fallback(tmp_path), RECEIVER_TELEGRAM_API_URL=f"http://127.0.0.1:{port}") as s:
        await s.fire(wire("a"), wire("a", service="crm-api"))
        await s.advance(seconds=10)
        for seconds in (1, 2, 4, 8, 16):
            await s.advance(seconds=seconds)
        assert (await s.http.get(f"/chat/login?token={s.app.login.new()}", follow_redirects=False)).status_code == 302
        page = (await s.http.get("/chat/messages")).json()
        assert page["outages"] == [{"en": "Telegram unreachable since 03:02 (31 s)", "ru": "Telegram недоступен с 03:02 (31 с)"}]
        assert len(await shown_in_browser(s)) == 2, "both pages went elsewhere"
        await s.app.chat.outages.turn()
        assert len(await shown_in_browser(s)) == 2, "half a minute is nobody's business"
        await s.advance(seconds=40)
        for _ in range(2):
            await s.app.chat.outages.turn()
        assert "⚠ <b>Telegram unreachable since 03:02 (1 min)</b>" in (await shown_in_browser(s))[-1]
        assert any(line.startswith("Telegram unreachable since 03:02") for line in (await s.http.get("/readyz")).json()["degraded"])
        assert s.app.reach.notes(with_browser_fallback(tmp_path).destinations["spare"], "en", "UTC") == [], "the page has a line of its own"
        await s.fire(wire("b", service="mes-api"))
        await s.advance(seconds=10)
        await s.fire(wire("b", "resolved", ended=s.clock.now(), service="mes-api"))
        await s.advance(seconds=1)
        async with BotApi(port=port) as back:
            await s.advance(seconds=31)
            await s.advance(seconds=31)
            said = ["Telegram unreachable since 03:02" in sent.text for sent in back.sends()]
            assert said == [True, False], "the first one says it, nobody else"
            for _ in range(2):
                await s.app.chat.outages.turn()
            notices = [text for text in await shown_in_browser(s) if "reachable again" in text]
            assert len(notices) == 1
            assert re.search(r"Began and ended meanwhile:\n03:03–03:0\d INC-3 7.8 % of responses are HTTP 500$", notices[0])
            assert not any("INC-3" in sent.text for sent in back.sends())
            assert banners(s.app.reach, s.clock, "UTC") == []


async def test_a_channel_that_nobody_writes_to_is_asked_whether_it_is_back(tmp_path):
    async with paging(tmp_path) as s:
        reach = s.app.reach
        for seconds in (0, 5, 6):
            s.clock.advance(seconds=seconds)
            await reach.learn_channel("telegram", Outcome(evidence=Evidence.NOT_SENT, reason="refused"))
        assert list(reach.outages.standing) == ["telegram"]
        await s.app.chat.outages.turn()
        assert reach.outages.standing == {}
        assert await reach.outages.over() == [], "too short to be told"


async def test_a_replica_whose_own_way_out_is_broken_proves_nothing(tmp_path):
    async with paging(tmp_path) as s:
        broken, other = (Reach(Outages(s.app.client), s.clock, {"telegram": s.app.channels["telegram"].me}) for _ in range(2))
        for _ in range(6):
            await broken.learn_channel("telegram", Outcome(evidence=Evidence.NOT_SENT, reason="refused"))
            await other.learn_channel("telegram", Outcome(evidence=Evidence.OK))
            s.clock.advance(seconds=PROVED_EVERY.total_seconds())
        assert broken.outages.standing == {}
        s.clock.advance(seconds=30)
        assert timedelta(seconds=30) < s.clock.now() - (await other.outages.proved_at("telegram"))
