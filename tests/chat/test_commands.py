"""Commands in Telegram: what is asked is answered once, in the reader's language, to those who may ask."""

from dataclasses import replace

import pytest

from tests.builders import rules_files, wire
from tests.harness import ADMINS, ANNA, BORIS, DEVOPS, STRANGER, SVETA, Story, story

OWN = str(ANNA)
SCHEDULES = """version: 1
schedules:
  primary:
    timezone: Europe/Moscow
    layers: [{people: [anna, boris], rotate: weekly, handoff: {day: monday, time: "10:00"}, starts: "2026-11-16"}]
"""


def here(directory, replicas: int = 1, **environ: str):
    return story(directory, rules=rules_files(directory / "rules", schedules=SCHEDULES), replicas=replicas, **environ)


async def ask(s: Story, text: str, user: int = ANNA, chat: str = "", **more):
    """Write it and take the answer."""
    await s.api.say(chat or str(user), text, user, **more)
    return await s.expect(chat or str(user))


async def paged(s: Story):
    await s.fire(wire())
    await s.advance(seconds=10)
    return await s.expect(DEVOPS)


async def deeds(s: Story):
    return [(d.actor, d.verb, d.target, d.result) for d in reversed(await s.app.chat.audit.deeds())]


async def test_what_is_open_is_listed_worst_first_in_the_readers_language(tmp_path):
    async with here(tmp_path) as s:
        assert "Nothing is open" in (await ask(s, "/incidents")).text
        await s.fire(wire("b", service="shop-db", severity="warning"))
        await s.advance(seconds=10)
        await s.expect(ADMINS)
        await paged(s)
        text = (await ask(s, "/incidents")).text
        assert text.startswith("2 open incidents, 2 not taken\n\n🔴 INC-2 Shop API: 7.8 % of responses are HTTP 500\ncritical · since 03:02 · not taken")
        assert "🟠 INC-1 Shop DB" in text
        await s.api.say(str(BORIS), "/incidents", BORIS, "Boris")
        assert (await s.expect(str(BORIS))).text.startswith("Открытых инцидентов: 2, без ответа: 2\n\n🔴 INC-2 Shop API")


async def test_an_incident_is_taken_and_closed_by_command_once(tmp_path):
    async with here(tmp_path) as s:
        told = await paged(s)
        assert (await ask(s, "/ack inc-1")).text == "INC-1 is yours"
        assert (await s.incidents())[0].acknowledged_by == "Anna"
        assert (await ask(s, "/ack 1", BORIS)).text == "Уже в работе: Anna, только что"
        assert (await ask(s, "/ack INC-99")).text.startswith("There is no incident INC-99")
        assert (await ask(s, "/ack")).text == "Which incident? Write /ack INC-412"
        assert (await ask(s, "/resolve INC-1")).text == "INC-1 resolved"
        await s.advance(seconds=5)
        assert told.text.startswith("🟢")
        await s.expect(DEVOPS, "closed by Anna")
        assert await deeds(s) == [
            ("anna", "ack", "INC-1", "acknowledged"),
            ("boris", "ack", "INC-1", "already_acknowledged"),
            ("anna", "ack", "INC-99", "no such incident"),
            ("anna", "ack", "", "unclear"),
            ("anna", "resolve", "INC-1", "resolved_by_hand"),
        ]


async def test_who_may_look_may_not_take_and_a_stranger_learns_his_id_only(tmp_path):
    async with here(tmp_path) as s:
        await paged(s)
        assert "may not do this" in (await ask(s, "/ack INC-1", SVETA)).text
        assert "/ack" not in (await ask(s, "/help", SVETA)).text
        for _ in range(3):
            assert f"telegram: {STRANGER}" in (await ask(s, "/status", STRANGER)).text
        await s.api.say(str(STRANGER), "/status", STRANGER)
        await s.api.say(str(STRANGER), "/start", STRANGER)
        await s.expect_nothing()
        assert (await s.incidents())[0].state == "triggered"
        assert ("telegram:999", "status", "", "refused") in await deeds(s)


async def test_who_left_the_roster_a_moment_ago_may_not_command(tmp_path):
    async with here(tmp_path) as s:
        await paged(s)
        book = s.app.rules.current
        s.app.rules.current = replace(book, people={n: p for n, p in book.people.items() if n != "anna"})
        assert "I do not know this account" in (await ask(s, "/ack INC-1")).text
        assert (await s.incidents())[0].state == "triggered"


async def test_in_a_group_other_bots_commands_and_unknown_ones_are_left_alone(tmp_path):
    async with here(tmp_path) as s:
        for text in ("/status@other_bot", "/play", "status", "/", "/ack1 INC-1", "/статус@test_botx"):
            await s.api.say(ADMINS, text, ANNA)
        await s.api.say(ADMINS, "/status", ANNA, forward_origin={"type": "hidden_user", "date": 1, "sender_user_name": "x"})
        await s.api.say(ADMINS, "/status", ANNA, sender_chat={"id": 5, "type": "channel"})
        await s.api.say("-100777", "/status", ANNA)
        await s.api.say("-100777", "/status@test_bot", STRANGER)
        await s.expect_nothing()
        assert "Open: " not in (await ask(s, "/status", ANNA, ADMINS)).text
        assert "do not know this command" in (await ask(s, "/play@test_bot", ANNA, ADMINS)).text
        assert "-100777" in (await ask(s, "/status@TEST_BOT", ANNA, "-100777")).text


@pytest.mark.parametrize("text", ["/oncall", "/oncall primary", "/oncall primary 18:30", "/oncall 2026-11-25T10:00", "/oncall 2026-11-25 10:00"])
async def test_who_is_on_call_is_told_with_what_comes_then(tmp_path, text):
    async with here(tmp_path) as s:
        told = (await ask(s, text, BORIS)).text
        now_or_later = "Anna до 10:00, потом Борис" if text in ("/oncall", "/oncall primary") else "Борис до 30.11 10:00, потом Anna"
        assert told.splitlines()[-2:] == ["primary", now_or_later]
        assert "Дежурят на" in told


async def test_a_time_or_schedule_that_is_none_is_said_to_be(tmp_path):
    async with here(tmp_path) as s:
        assert '“primry” is neither a schedule nor a time (did you mean "primary"?)' in (await ask(s, "/oncall primry")).text


async def test_status_says_what_is_open_who_is_on_call_and_how_the_service_is(tmp_path):
    async with here(tmp_path) as s:
        assert (await ask(s, "/status")).text.startswith(
            "🟢 Nothing is open\n\nOn call\nprimary: Anna until 07:00, then Борис\n\nService\nReady\n1 replica · rules "
        )
        await paged(s)
        await s.post(b"{", "/webhooks/alertmanager")
        await s.advance(minutes=2)
        await s.expect(DEVOPS)
        text = (await ask(s, "/status")).text
        assert "🔴 Open: 2 (2 critical)\nNot taken: 2, the oldest for 2 min" in text
        assert "⚠ Dead letters: 1" in text


async def test_why_names_the_route_and_its_conditions(tmp_path):
    async with here(tmp_path) as s:
        await paged(s)
        text = (await ask(s, "/why INC-1", SVETA)).text
        assert 'routes.yaml:9 critical: severity="critical" ✓ — taken' in text
        assert "First message" not in text


async def test_a_long_list_has_pages_and_only_our_own_buttons_turn_them(tmp_path):
    async with here(tmp_path) as s:
        for n in range(23):
            await s.fire(wire(service=f"svc-{n:02}", severity="info"))
        await s.advance(seconds=10)
        for _ in range(5):
            await s.advance(minutes=1)
        for _ in s.api.sends():
            await s.expect(ADMINS)
        told = await ask(s, "/incidents")
        assert (told.labels(), told.text.count("INC-")) == (["›"], 10)
        await s.api.press(told, "›", ANNA)
        assert (told.labels(), "Page 2 of 3" in told.text) == (["‹", "›"], True)
        await s.api.press(told, "›", ANNA)
        assert (told.labels(), told.text.count("INC-")) == (["‹"], 3)
        before = told.text
        assert "may not" in (await s.api.press(told, "‹", STRANGER))["text"]
        forged = told.button("‹").replace("open-1", "open-0")
        assert "not valid here" in (await s.api.press(told, "", ANNA, data=forged))["text"]
        assert told.text == before


async def test_the_bot_offers_its_commands_in_both_languages(tmp_path):
    async with here(tmp_path) as s:
        await s.api.until(lambda: len(s.api.commands) == 6)
        assert s.api.commands["all_private_chats", "ru"]["oncall"] == "кто дежурит"
        assert s.api.commands["all_private_chats", ""]["oncall"] == "who is on call"
        assert "link" not in s.api.commands["all_group_chats", "en"]
