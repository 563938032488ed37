"""Customers who subscribe in a private chat with the bot: the page's link, components and language by buttons, the word, the end."""

import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from receiver.app.bots import learn_name
from receiver.chat import silence_words, subscribing, swap
from receiver.chat.public_desk import PublicDesk
from receiver.core.callback import sign_text
from receiver.store.intake import Intake
from tests.builders import wire
from tests.fakes.bot_api import BLOCKED
from tests.harness import Story, story
from tests.notices.test_story import ADMINS, press
from tests.notices.town import CHANNEL, NOTICES, OLEG, SUPPORT, SVETA, town

READER, OTHER = 900000001, 900000002
WITH_CHAT = NOTICES.replace("publish: [page, feeds, telegram-ru]", "publish: [page, feeds, telegram-ru, private]").replace(
    "reminders:", "  private: {channel: telegram-private}\nreminders:"
)
GOLDEN = Path(__file__).parents[1] / "golden" / "notices" / "private"


@contextlib.asynccontextmanager
async def scene(directory: Path, notices: str = WITH_CHAT) -> AsyncIterator[Story]:
    async with story(directory, rules=town(directory / "rules", notices=notices)) as s:
        bots = s.app.customers.bots
        assert bots.channel is not None
        assert bots.customers is not None
        await learn_name(bots.channel, bots.customers)
        yield s
        for at, _ in s._news(ADMINS):
            s._seen.add(at)


async def subscribe(s: Story, payload: str = "s-en", user: int = READER) -> Any:
    await s.api.say(str(user), f"/start {payload}", user)
    return await s.expect(str(user), "You are subscribed to “Status”" if payload.startswith("s-en") else "Вы подписаны на «Состояние»")


async def published(s: Story) -> Any:
    await s.fire(wire())
    await s.advance(seconds=11)
    await s.expect(ADMINS)
    await s.advance(minutes=3)
    card = await s.expect(SUPPORT, "DRAFT", f"private chats {len(await s.app.customers.subscribers.all('telegram'))}")
    await press(s, card, "Approve", OLEG)
    await press(s, card, "Approve", SVETA)
    await s.advance(seconds=20)
    await s.expect(CHANNEL)
    return card


async def test_the_page_leads_to_the_bot_and_the_word_comes_in_the_readers_language(tmp_path: Path):
    async with scene(tmp_path) as s:
        assert 'href="https://t.me/test_bot?start=s-en"' in (await s.http.get("/status/en/updates")).text
        await subscribe(s)
        await subscribe(s, "s-ru-storefront", OTHER)
        card = await published(s)
        told = await s.expect(str(READER), "Investigating", "Checkout: partial outage", "Unsubscribe: /stop")
        assert "private chats 2/2" in card.text or "private chats 1/1" in card.text, card.text
        assert told.buttons == []
        assert s._news(str(OTHER)) == [], "they asked about the catalogue alone"


async def test_components_and_language_are_chosen_by_buttons(tmp_path: Path):
    async with scene(tmp_path) as s:
        sent = await subscribe(s)
        assert sent.labels() == ["Checkout", "Catalogue", "✓ Everything", "По-русски", "Unsubscribe"]
        await s.api.press(sent, "Catalogue", READER)
        assert "About: Catalogue" in sent.text
        assert "✓ Catalogue" in sent.labels()
        await s.api.press(sent, "По-русски", READER)
        assert "О чём: Каталог" in sent.text
        one = await s.app.customers.subscribers.find("telegram", str(READER))
        assert (one.language, one.components) == ("ru", ("storefront",))
        await s.api.press(sent, "Обо всём", READER)
        assert "О чём: обо всём" in sent.text
        await s.api.press(sent, "Отписаться", READER)
        assert "Вы отписаны" in sent.text
        assert await s.app.customers.subscribers.find("telegram", str(READER)) is None


async def test_stop_ends_it_and_start_shows_what_is_subscribed(tmp_path: Path):
    async with scene(tmp_path) as s:
        await subscribe(s)
        await s.api.say(str(READER), "/start s-ru", READER)
        await s.expect(str(READER), "Your subscription to “Status”")
        await s.api.say(str(READER), "/stop", READER)
        await s.expect(str(READER), "You are unsubscribed")
        await s.api.say(str(READER), "/stop", READER)
        await s.expect(str(READER), "Вы не подписаны")  # nothing is known of this chat any more, so the page's first language
        await published(s)
        assert s._news(str(READER)) == []


async def test_nobody_else_can_press_their_buttons_and_theirs_do_nothing_elsewhere(tmp_path: Path):
    async with scene(tmp_path) as s:
        sent = await subscribe(s)
        assert (await s.api.press(sent, "Unsubscribe", OTHER))["text"] == "This button no longer works. /start brings new ones."
        forged = sign_text(b"x" * 32, "cx", "me", str(READER))
        assert "no longer works" in (await s.api.press(sent, "", READER, data=forged))["text"]
        elsewhere = sign_text(s.app.key, "cx", "me", str(OTHER))
        assert "no longer works" in (await s.api.press(sent, "", READER, data=elsewhere))["text"]
        assert await s.app.customers.subscribers.find("telegram", str(READER)) is not None


async def test_in_a_group_nobody_subscribes(tmp_path: Path):
    async with scene(tmp_path) as s:
        await s.api.say("-100555", "/start s-en", READER)
        await s.settle()
        assert await s.app.customers.subscribers.all("telegram") == []


async def test_who_blocks_the_bot_is_counted_and_forgotten_and_may_come_again(tmp_path: Path):
    async with scene(tmp_path) as s:
        await subscribe(s)
        s.api.fail("sendMessage", BLOCKED, chat=str(READER))
        card = await published(s)
        assert "1 of 1 messages were refused" in card.text or "0/1" in card.text, card.text
        assert await s.app.customers.subscribers.all("telegram") == []
        await subscribe(s)


async def test_an_account_that_writes_without_end_is_not_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("receiver.chat.subscribing.MOST_AN_HOUR", 3)
    async with scene(tmp_path) as s:
        await subscribe(s)
        for _ in range(6):
            await s.api.say(str(READER), "/start s-en", READER)
        await s.expect(str(READER), "Your subscription")
        await s.expect(str(READER), "Your subscription")
        await s.api.say(str(OTHER), "/start s-en", OTHER)  # later in the same queue
        await s.expect(str(OTHER), "You are subscribed")
        assert s._news(str(READER)) == []


async def test_where_no_word_goes_to_private_chats_nobody_can_subscribe(tmp_path: Path):
    async with scene(tmp_path, NOTICES) as s:
        assert "t.me" not in (await s.http.get("/status/en/updates")).text
        await s.api.say(str(READER), "/start s-en", READER)
        await s.expect(str(READER), "nothing to subscribe to")


async def test_a_publishing_bot_of_its_own_hears_customers_and_the_working_bot_does_not(tmp_path: Path):
    async with story(tmp_path, rules=town(tmp_path / "rules", notices=WITH_CHAT), RECEIVER_TELEGRAM_PUBLIC_TOKEN="654321:AAE-public") as s:
        bots = s.app.customers.bots
        assert bots.shared is None
        assert isinstance(bots.desk, PublicDesk)
        await s.api.say(str(READER), "/start s-en", READER)  # to the working bot
        await s.expect(str(READER), "not valid")
        message = {"message_id": 1, "chat": {"id": READER, "type": "private"}, "from": {"id": READER, "is_bot": False}, "text": "/start"}
        assert bots.intake is not None
        assert await bots.intake.lead() == 0
        await bots.intake.push([{"update_id": 9001, "message": message}], 9002)
        (update,) = await bots.intake.take()
        assert await bots.customers.take(update) is True
        await s.expect(str(READER), "Вы подписаны")  # the first language of the page
        assert await Intake(s.app.client).take() == [], "each bot has a queue of its own"


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_what_the_bot_says_reads_as_written(tmp_path: Path, language: str):
    async with scene(tmp_path) as s:
        first = await subscribe(s, f"s-{language}-checkout")
        texts = [first.text, " | ".join(first.labels())]
        await s.api.say(str(READER), "/start", READER)
        texts.append((await s.expect(str(READER))).text)
        await s.api.say(str(READER), f"/start s-{language}", READER)
        texts.append((await s.expect(str(READER))).text)
        await s.api.say(str(READER), "/stop", READER)
        texts.append((await s.expect(str(READER))).text)
        path = GOLDEN / f"{language}.txt"
        if os.environ.get("UPDATE_GOLDEN"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n---\n".join(texts) + "\n", "utf-8")
        assert "\n---\n".join(texts) + "\n" == path.read_text("utf-8"), f"read it, then UPDATE_GOLDEN=1: {path}"


def test_no_button_of_customers_is_taken_for_one_of_the_team():
    assert {subscribing.TOPIC, subscribing.TONGUE, subscribing.STOP}.isdisjoint({silence_words.MAKE, silence_words.ONE, silence_words.DROP, silence_words.UNDO})
    assert {subscribing.TOPIC, subscribing.TONGUE, subscribing.STOP}.isdisjoint({swap.OFFER, swap.TAKE, swap.WITHDRAW})
