"""The whole way, through the running application: from the first alert to the last word, in both languages; and alerts that vanish."""

from datetime import timedelta
from typing import Any

import pytest

from tests.builders import NOW, wire
from tests.harness import Story, story
from tests.notices.town import ANNA, CHANNEL, LEO, OLEG, SUPPORT, SVETA, town

ADMINS = "-1001000000001"
RUSSIAN = "Часть заказов не проходит. Каталог и оплаченные заказы не затронуты. Мы разбираемся. Напишем снова до 06:35."
ENGLISH = "Some orders in Checkout fail. The catalogue and paid orders are fine. We are working on it and will write again before 06:35."


@pytest.fixture
async def told(tmp_path):
    async with story(tmp_path, rules=town(tmp_path / "rules")) as found:
        yield found
        for at, _ in found._news(ADMINS):  # what the administrators hear is another story
            found._seen.add(at)


async def first_card(s: Story, *alerts: dict[str, Any]) -> Any:
    """An alert fires, the hold passes, the card comes."""
    await s.fire(*(alerts or (wire(),)))
    await s.advance(seconds=11)
    await s.expect(ADMINS)
    await s.advance(minutes=3)
    return await s.expect(SUPPORT, "DRAFT", "Checkout — partial outage", "Approvals: 0 of 2")


async def press(s: Story, card: Any, label: str, user: int) -> str:
    answer = await s.api.press(card, label, user)
    await s.settle()
    return str(answer.get("text", ""))


async def reply(s: Story, sent: Any, text: str, user: int) -> None:
    await s.api.reply(sent, text, user)
    for _ in range(3):
        await s.settle()


async def reads(s: Story, language: str, *parts: str) -> str:
    """What customers have before them on the page."""
    s.clock.advance(seconds=1)
    shown = (await s.http.get(f"/status/{language}")).text
    assert [part for part in parts if part not in shown] == [], shown
    return shown


async def test_from_the_first_alert_to_the_last_word_in_both_languages(told):
    s, card = told, await first_card(told)
    assert await s.app.notices.public.recent() == []

    # One agrees; then Sveta edits by replying to the card, and the approval is void.
    assert await press(s, card, "Approve", OLEG) == "1 of 2 — waiting for someone else"
    await reply(s, card, RUSSIAN.join(("ru: ", "")), SVETA)
    await s.expect(SUPPORT, "the text changed, so earlier approvals no longer count")
    assert "Approvals: 0 of 3" in card.text  # a stale language asks for one more
    assert "RU ready" in card.text
    assert "EN stale" in card.text
    assert "Changed:" in card.text
    await reply(s, card, ENGLISH, SVETA)
    assert "EN stale" not in card.text

    # Two people, neither of them alone, and twenty seconds to stop.
    assert await press(s, card, "Approve", SVETA) == "1 of 2 — waiting for someone else"
    assert await press(s, card, "Approve", SVETA) == "You have agreed already"
    assert await press(s, card, "Approve", OLEG) == "Publishing in 20 s. Stop takes it back"
    assert card.labels() == ["↩️ Stop"]
    await s.advance(seconds=20)
    post = await s.expect(CHANNEL, "🔴", "Разбираемся", "Часть заказов не проходит")
    assert "Some orders" not in post.text
    assert s.api.pinned[CHANNEL] == {post.id}
    (public,) = await s.app.notices.public.recent()
    assert (public.updates[0].texts["ru"].body, public.updates[0].texts["en"].body) == (RUSSIAN, ENGLISH)
    await reads(s, "ru", "Разбираемся", RUSSIAN.split(".")[0], "Следующее сообщение — до 06:35")
    await reads(s, "en", "Investigating", ENGLISH.split(".")[0], "Next update by 06:35")
    assert "INVESTIGATING" in card.text
    assert "page ✓  feeds ✓  telegram-ru ✓" in card.text

    # The promise comes near, comes, and is late.
    s.clock.advance(minutes=25)
    await s.settle()
    soon = await s.expect(SUPPORT, "we promised the next word at 06:35")
    assert soon.silent
    await s.advance(minutes=5)
    await s.expect(SUPPORT, "the promised time has come", "Oleg")
    await s.advance(minutes=10)
    late = await s.expect(SUPPORT, "the promised word is late", "Leo")
    assert "overdue by 10 min" in card.text
    assert "Следующее сообщение" not in await reads(s, "ru", "Последнее сообщение — 40 мин назад")
    await reads(s, "en", "Last updated 40 min ago")
    assert await press(s, late, "Still working", ANNA) == "Publishing in 20 s. Stop takes it back"
    await s.advance(seconds=20)
    still = await s.expect(CHANNEL, "продолжаем работу")
    assert still.reply_to == post.id

    # The alerts are over, with proof: monitoring, then the end is offered after the quiet time.
    over = NOW + timedelta(minutes=45)
    await s.fire(wire(status="resolved", ended=over))
    await s.advance(seconds=30)
    assert "The alerts are over, with proof" in card.text
    assert await press(s, card, "Monitoring", ANNA) == "Publishing in 20 s. Stop takes it back"
    await s.advance(seconds=20)
    await s.expect(CHANNEL, "Наблюдаем")
    assert "🟡 Наблюдаем" in post.text

    # It returns.
    await s.fire(wire(since=NOW + timedelta(minutes=47)))
    await s.advance(seconds=31)
    await s.expect(SUPPORT, "the trouble is back")
    await s.expect(ADMINS)
    assert "problem is back" in card.text
    await press(s, card, "Approve", ANNA)  # a phrase that makes nothing worse needs one
    await s.advance(seconds=20)
    await s.expect(CHANNEL, "проблема вернулась")
    await reads(s, "en", "the problem is back")

    # And is over, for good.
    await s.fire(wire(since=NOW + timedelta(minutes=47), status="resolved", ended=NOW + timedelta(minutes=50)))
    await s.advance(seconds=30)
    await s.advance(minutes=16)
    assert "It has been quiet long enough" in card.text
    assert await press(s, card, "nothing lost", ANNA) == "Publishing in 20 s. Stop takes it back"
    await s.advance(seconds=20)
    end = await s.expect(CHANNEL, "всё снова работает", "Заказы и оплаты не потеряны")
    assert end.reply_to == post.id
    assert "🟢 Решено" in post.text
    await reads(s, "ru", "Всё работает", "Решено")
    await reads(s, "en", "All systems are working", "Resolved")
    assert s.api.pinned[CHANNEL] == set()
    (public,) = await s.app.notices.public.recent()
    assert not public.is_open
    assert [u.phase.value for u in public.updates] == ["resolved", "investigating", "monitoring", "investigating", "investigating"]
    assert all(set(u.texts) == {"ru", "en"} for u in public.updates)
    told_as = await s.http.get(f"/api/v1/notices/{public.id}/sent", headers={"Authorization": f"Bearer {s.app.api_token}"})
    sent = [(one["target"], one["form"], one["evidence"]) for one in told_as.json()]
    assert sent.count(("telegram-ru", "post", "ok")) == len(public.updates)
    assert ("telegram-ru", "head", "ok") in sent
    assert RUSSIAN in told_as.json()[0]["said"], "as it was said, word by word"
    deeds = [deed.verb for deed in await s.app.chat.audit.deeds(200)]
    assert {"notice drafted", "notice edited", "notice approved", "notice published", "notice reminded", "notice returned"} <= set(deeds)


async def test_alerts_that_vanish_without_proof_offer_no_end(told):
    s, card = told, await first_card(told)
    await press(s, card, "Approve", ANNA)
    await press(s, card, "Approve", OLEG)
    await s.advance(seconds=20)
    await s.expect(CHANNEL)
    incident = (await s.incidents())[0]
    answer = await s.http.post(f"/api/v1/incidents/{incident.id}/resolve", json={"by": "x"}, headers={"Authorization": f"Bearer {s.app.api_token}"})
    assert answer.status_code == 200
    await s.expect(ADMINS)
    await s.advance(seconds=31)
    assert "no proof of recovery: somebody closed the incident by hand" in card.text
    assert not [label for label in card.labels() if "Resolve" in label]
    await s.advance(minutes=20)
    assert not [label for label in card.labels() if "Resolve" in label]


async def test_only_the_support_team_may_press_edit_and_approve(told):
    s, card = told, await first_card(told)
    for user in (111111116, 999):
        assert "may not" in await press(s, card, "Approve", user)
    await s.api.reply(card, "en: nobody asked me", 999)
    await s.settle()
    await reply(s, card, "en: I may not either, says Rita", 111111116)
    await s.expect(SUPPORT, "You may not do this")
    assert "some actions fail" in card.text
    assert "may not" in await press(s, card, "Publish alone", OLEG)


async def test_a_press_on_a_card_that_shows_an_older_text_is_refused(told):
    s, card = told, await first_card(told)
    old = card.button("Approve")
    await reply(s, card, ENGLISH, SVETA)
    assert (await s.api.press(card, "", OLEG, data=old))["text"] == "Text changed, look again"
    assert "Approvals: 0 of" in card.text


async def test_a_button_of_another_chat_or_another_notice_is_forged(told):
    s, card = told, await first_card(told)
    data = card.button("Approve")
    other = type(card)(chat=ADMINS, id=1, text="", markup="", buttons=[])
    assert card.id in s.api.protected  # a draft is not forwarded
    copied = type(card)(chat=SUPPORT, id=card.id + 70, text="", markup="", buttons=[])
    for sent, forged in ((other, data), (copied, data), (card, data.replace("approve", "stop"))):
        assert (await s.api.press(sent, "", OLEG, data=forged))["text"] == "This button is not valid here"


async def test_what_must_not_leave_is_blocked_with_the_reason(told):
    s, card = told, await first_card(told, wire(instance="shop-api-7"))
    await reply(s, card, "Checkout: shop-api-7 is down. We will write again before 06:35.", SVETA)
    assert "⛔ EN" in card.text
    assert "shop-api-7" in await press(s, card, "Approve", OLEG)
    assert await s.app.notices.public.recent() == []


async def test_editing_by_button_asks_the_person_and_takes_the_question_away(told):
    s, card = told, await first_card(told)
    await press(s, card, "Edit", SVETA)
    await press(s, card, "Title EN", SVETA)
    question = await s.expect(SUPPORT, "Sveta, write the new title (EN) as a reply", "Checkout: some actions fail")
    assert "tg://user?id=111111113" in question.markup
    await reply(s, question, "Somebody else's title", OLEG)
    mine = await s.expect(SUPPORT, "This edit belongs to Sveta")
    assert "Somebody else" not in card.text
    await press(s, mine, "Take over", OLEG)
    await reply(s, question, "Checkout has trouble", OLEG)
    assert "Checkout has trouble" in card.text
    assert (SUPPORT, question.id) not in s.api.messages


async def test_two_who_edit_at_once_both_see_it(told):
    s, card = told, await first_card(told)
    await press(s, card, "Edit", SVETA)
    await press(s, card, "Text EN", SVETA)
    question = await s.expect(SUPPORT, "write the new text")
    await reply(s, card, ENGLISH, OLEG)
    await reply(s, question, "My own words about Checkout. We will write again before 06:35.", SVETA)
    choice = await s.expect(SUPPORT, "The text changed while you were writing")
    assert "Some orders" in card.text
    await press(s, choice, "Use mine", SVETA)
    assert "My own words" in card.text


async def test_not_for_customers_needs_a_reason_and_a_name(told):
    s, card = told, await first_card(told)
    await press(s, card, "Not for customers", SVETA)
    assert "Noted" in await press(s, card, "False alarm", SVETA)
    assert "not for customers: false alarm (Sveta)" in card.text
    await s.advance(hours=2)
    assert await s.app.notices.public.recent() == []


async def test_a_lead_publishes_alone_and_everybody_hears_why(told):
    s, card = told, await first_card(told)
    await press(s, card, "Publish alone", LEO)
    question = await s.expect(SUPPORT, "why do you publish alone?")
    await reply(s, question, "nobody else is awake", LEO)
    await s.expect(SUPPORT, "Leo publishes alone. Reason: nobody else is awake")
    await s.advance(seconds=20)
    await s.expect(CHANNEL)


async def test_a_flap_or_an_internal_service_never_reaches_the_support_chat(told):
    s = told
    await s.fire(wire(), wire(service="batch", instance="b"))
    await s.advance(seconds=11)
    await s.expect(ADMINS)
    await s.expect(ADMINS)
    await s.fire(wire(status="resolved", ended=NOW + timedelta(minutes=1)))
    await s.advance(minutes=10)
    await s.expect(ADMINS, "back to normal")
    assert [n.stage.value for n in await s.app.notices.desk.recent()] == ["dropped"]


async def test_another_incident_of_the_component_attaches_to_the_one_card(told):
    s, card = told, await first_card(told)
    await s.fire(wire(instance="db", service="shop-db"))
    await s.advance(seconds=11)
    await s.expect(ADMINS)
    await s.advance(seconds=1)
    assert "2 alerts fire, INC-1, INC-2" in card.text
