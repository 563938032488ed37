"""Who has it: taken, still on it, given back, handed over, escalated, put off. As people press it in their chats."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from receiver.core.event import Acknowledge
from tests.builders import NOW, wire
from tests.harness import ADMINS, ANNA, BORIS, SPARE, STRANGER, SVETA
from tests.stories.paging import FILES, TO_ANNA, TO_BORIS, TO_VERA, VERA, opened, paging, reasons


async def taken(s, who: int = ANNA):
    page, chat = await opened(s, wire())
    await s.api.press(page, "✅", who)
    await s.advance(seconds=5)
    return page, chat


async def test_the_question_is_answered_with_one_press_and_the_lease_begins_anew(tmp_path):
    async with paging(tmp_path) as s:
        page, _ = await taken(s)
        await s.advance(hours=1, minutes=49)
        await s.expect_nothing()
        await s.advance(minutes=1)
        asked = await s.expect(TO_ANNA, "Are you still on INC-", "Taken 1 h 50 min ago")
        assert (asked.labels(), asked.reply_to, asked.silent) == (["✅ Yes, 2 h more", "↩ Release"], page.id, False)
        assert "for 2 h more" in (await s.api.press(asked, "✅", ANNA))["text"]
        await s.advance(hours=1, minutes=49)
        await s.expect_nothing()
        await s.advance(minutes=1)
        await s.expect(TO_ANNA, "Are you still on INC-")
        assert (await reasons(s))[-3:] == ["still_on_it", "kept", "still_on_it"]


async def test_a_question_without_an_answer_pages_the_policy_again(tmp_path):
    async with paging(tmp_path) as s:
        page, chat = await taken(s)
        await s.advance(hours=1, minutes=50)
        await s.expect(TO_ANNA, "Are you still on")
        await s.advance(minutes=10)
        await s.expect(TO_ANNA, "Anna took INC-", "no longer answers, your turn now")
        await s.advance(seconds=5)
        assert page.text.startswith("🔴")
        assert "paging Anna" in chat.text
        await s.advance(minutes=5)
        await s.expect(TO_BORIS, "Никто не взял")
        assert "lease_over" in await reasons(s)


async def test_a_worse_alert_that_joins_voids_the_acknowledgement_with_the_reason_said(tmp_path):
    async with paging(tmp_path) as s:
        page, _ = await _warned(s)
        await s.api.press(page, "✅", ANNA)
        await s.advance(seconds=5)
        await s.fire(wire("db", severity="critical", signal="errors", alertname="PoolExhausted"))
        await s.advance(seconds=5)
        await s.expect(TO_ANNA, "is critical now, worse than when Anna took it: please look again")
        await s.expect(ADMINS, "got worse, now critical")
        (incident,) = await s.incidents()
        assert (incident.state, incident.owner) == ("triggered", "")
        voided = next(e for e in await s.app.incidents.timeline(incident.id) if e.reason == "voided")
        assert voided.text == "worse-severity: critical"


async def _warned(s):
    await s.fire(wire(severity="warning", signal="errors"))
    await s.advance(seconds=10)
    return await s.expect(TO_ANNA), await s.expect(ADMINS)


async def test_a_new_alert_voids_it_too_and_only_where_the_policy_says_so(tmp_path):
    async with paging(tmp_path) as s:
        await taken(s)
        await s.fire(wire("b", alertname="MesApiDown", since=NOW + timedelta(seconds=1)))
        await s.advance(seconds=5)
        await s.expect(TO_ANNA, "MesApiDown has joined since Anna took it")
    lenient = FILES["escalation"].replace("void_on: [new-alert, worse-severity]", "void_on: []")
    async with paging(tmp_path / "lenient", files={"escalation": lenient}) as s:
        await taken(s)
        await s.fire(wire("b", alertname="MesApiDown"))
        await s.advance(seconds=5)
        (incident,) = await s.incidents()
        assert incident.state == "acknowledged"


async def test_who_gives_it_back_is_not_the_one_who_is_paged_next(tmp_path):
    async with paging(tmp_path) as s:
        page, chat = await taken(s)
        assert page.labels()[:2] == ["🟢 Resolve", "↩ Release"]
        assert (await s.api.press(page, "↩", ANNA))["text"].endswith(": paging Борис")
        await s.advance(seconds=5)
        await s.expect(TO_BORIS, "отпустили (Anna), он снова ничей — теперь ваша очередь")
        assert "paging Борис" in chat.text


async def test_handing_over_by_a_menu_pages_the_chosen_one_until_they_take_it(tmp_path):
    async with paging(tmp_path) as s:
        page, chat = await taken(s)
        own = page.labels()
        assert (await s.api.press(page, "👤", ANNA))["text"] == ""
        assert page.labels() == ["Борис", "Vera", "‹ Back"], "those who may take it, but not who has it"
        await s.api.press(page, "‹", ANNA)
        assert page.labels() == own
        await s.api.press(page, "👤", ANNA)
        assert (await s.api.press(page, "Vera", ANNA))["text"].endswith(": paging Vera")
        await s.advance(seconds=5)
        asked = await s.expect(TO_VERA, "Anna asks you to take INC-")
        assert "paging Vera" in chat.text
        assert page.labels()[0] == "✅ Acknowledge"
        await s.api.press(asked, "✅", VERA, "Vera")
        await s.advance(minutes=30)
        assert "Taken by Vera" in chat.text


async def test_an_assignment_nobody_takes_goes_on_with_the_policy(tmp_path):
    async with paging(tmp_path) as s:
        page, _ = await opened(s, wire())
        await s.api.press(page, "👤", ANNA)
        await s.api.press(page, "Vera", ANNA)
        await s.expect(TO_VERA)
        await s.advance(minutes=5)
        await s.expect(TO_BORIS, "Никто не взял")


async def test_escalating_by_hand_pages_the_next_step_now(tmp_path):
    async with paging(tmp_path) as s:
        page, _ = await opened(s, wire())
        await s.api.press(page, "⤴", ANNA)
        await s.advance(seconds=1)
        await s.expect(TO_BORIS, "эскалирован вручную (Anna) — теперь ваша очередь")
        assert "escalated_by_hand" in await reasons(s)


async def test_a_snooze_is_silent_to_its_end_and_begins_anew_then(tmp_path):
    async with paging(tmp_path) as s:
        page, chat = await opened(s, wire())
        await s.api.press(page, "💤", ANNA)
        assert page.labels() == ["30 min", "1 h", "2 h", "4 h", "until 09:00", "‹ Back"]
        assert "snoozed until 04:02" in (await s.api.press(page, "1 h", ANNA))["text"]
        await s.advance(seconds=5)
        assert page.text.startswith("⚪")
        assert "Snoozed until 04:02 by Anna" in chat.text
        await s.fire(wire("b"))
        await s.advance(minutes=59)
        await s.expect_nothing()
        await s.advance(minutes=1)
        await s.expect(TO_ANNA, "still fires and Anna’s snooze is over, your turn now")


async def test_a_snooze_until_the_morning_ends_at_nine_where_the_presser_lives(tmp_path):
    async with paging(tmp_path) as s:
        await opened(s, wire())
        await s.advance(minutes=5)
        page = await s.expect(TO_BORIS)
        await s.api.press(page, "💤", BORIS)
        await s.api.press(page, "до 09:00", BORIS)
        (incident,) = await s.incidents()
        assert incident.snoozed_until.isoformat() == "2026-11-23T06:00:00+00:00"
        await s.advance(seconds=5)


async def test_two_replicas_and_two_pressers_have_one_owner(tmp_path):
    async with paging(tmp_path, replicas=2) as s:
        await opened(s, wire())
        await s.advance(minutes=5)
        await s.expect(TO_BORIS)
        (incident,) = await s.incidents()
        presses = [Acknowledge(by=who, name=who) for who in ("anna", "boris")] * 10
        plans = await asyncio.gather(*(s.apps[n % 2].engine.apply(incident.id, press) for n, press in enumerate(presses)))
        assert [p.reason.value for p in plans].count("acknowledged") == 1
        (incident,) = await s.incidents()
        winner = next(press.by for press, plan in zip(presses, plans, strict=True) if plan.reason.value == "acknowledged")
        assert (incident.owner, (await reasons(s)).count("acknowledged")) == (winner, 1)
        await s.advance(minutes=30)


async def test_two_replicas_page_each_step_once(tmp_path):
    async with paging(tmp_path, replicas=2) as s:
        await opened(s, wire())
        await s.advance(minutes=5)
        await s.expect(TO_BORIS)
        await s.advance(minutes=10)
        for chat in (TO_ANNA, TO_BORIS, TO_VERA, ADMINS):
            await s.expect(chat)


async def test_who_left_the_roster_a_minute_ago_can_neither_press_nor_be_paged(tmp_path):
    async with paging(tmp_path) as s:
        page, _ = await opened(s, wire())
        book = s.app.rules.current
        s.app.rules.current = replace(book, people={n: p for n, p in book.people.items() if n != "boris"})
        for label in ("✅", "⤴", "👤", "💤"):
            assert "may not" in (await s.api.press(page, label, BORIS))["text"]
        await s.advance(minutes=5)
        await s.expect(TO_ANNA)  # the step of who is gone is passed over: the whole team
        await s.expect(TO_VERA)
        await s.expect(ADMINS)
        await s.advance(seconds=20)
        news = [m for m in s.api.sends() if "pressed buttons" in m.text or "нажал" in m.text]
        s._seen.update(n for n, m in enumerate(s.api.sends()) if m in news)
        s._seen.update(range(len(s.api.sends())))
        (incident, *_) = [i for i in await s.incidents() if i.source == "alertmanager"]
        assert incident.state == "triggered"


async def test_only_those_with_the_role_may_press_any_of_it(tmp_path):
    async with paging(tmp_path) as s:
        page, _ = await opened(s, wire())
        before = await s.incidents()
        for user in (SVETA, STRANGER):
            for label in ("✅", "🟢", "⤴"):
                assert "may not" in (await s.api.press(page, label, user))["text"]
        assert [(i.state, i.owner) for i in await s.incidents() if i.source == "alertmanager"] == [(i.state, i.owner) for i in before]
        s.clock.advance(seconds=15)
        await s.settle()
        s._seen.update(range(len(s.api.sends())))


async def test_the_api_and_the_command_line_ask_for_the_same(tmp_path):
    async with paging(tmp_path, RECEIVER_API_TOKEN="t" * 20) as s:
        await opened(s, wire())
        (incident,) = await s.incidents()
        head = {"authorization": "Bearer " + "t" * 20}

        async def ask(verb: str, status: int = 200, **said: str) -> str:
            answer = await s.http.post(f"/api/v1/incidents/{incident.id}/{verb}", json={"by": "cli:root", **said}, headers=head)
            assert answer.status_code == status, answer.text
            return answer.json().get("reason") or answer.json()["detail"]

        assert await ask("ack") == "acknowledged"
        assert await ask("keep") == "kept"
        assert await ask("release") == "released"
        await s.expect(TO_ANNA)
        assert await ask("escalate") == "escalated_by_hand"
        await s.expect(TO_BORIS)
        assert await ask("assign", to="vera") == "assigned"
        await s.expect(TO_VERA)
        assert await ask("snooze", **{"for": "2h"}) == "snoozed"
        await s.settle()
        assert "no person" in await ask("assign", 400, to="nobody")
        assert "`for`" in await ask("snooze", 400, **{"for": "soon"})
        assert "no verb" in await ask("explode", 400)
        shown = (await s.http.get(f"/api/v1/incidents/{incident.id}", headers=head)).json()
        assert (shown["state"], shown["snoozed_until"]) == ("snoozed", (NOW + timedelta(hours=2, seconds=10)).isoformat())
        assert {d["to"]: d["state"] for d in shown["deliveries"] if d["kind"] == "incident"} == dict.fromkeys(("anna", "boris", "vera", "admin-chat"), "sent")
        await s.advance(seconds=5)


async def test_the_proof_says_who_was_reached_when_who_answered_and_who_is_next(tmp_path):
    async with paging(tmp_path, RECEIVER_API_TOKEN="t" * 20) as s:
        head = {"authorization": "Bearer " + "t" * 20}
        page, _ = await opened(s, wire())
        (incident,) = await s.incidents()
        shown = (await s.http.get(f"/api/v1/incidents/{incident.id}", headers=head)).json()
        assert shown["next"] == {
            "policy": "devops",
            "step": 1,
            "steps": 3,
            "round": 1,
            "paging": ["anna"],
            "at": (NOW + timedelta(minutes=5, seconds=10)).isoformat(),
            "who": ["Борис"],
        }
        await s.advance(minutes=3)
        await s.api.press(page, "✅", ANNA)
        shown = (await s.http.get(f"/api/v1/incidents/{incident.id}", headers=head)).json()
        mine = next(d for d in shown["deliveries"] if d["to"] == "anna")
        assert (mine["sent_at"], mine["answered_at"], mine["answer"]) == (
            (NOW + timedelta(seconds=10)).isoformat(),
            (NOW + timedelta(minutes=3, seconds=10)).isoformat(),
            "acknowledged",
        )
        assert shown["next"] is None
        await s.advance(seconds=5)


async def test_without_a_policy_escalating_tells_the_fallback(tmp_path):
    routes = FILES["routes"].replace("destinations: [devops, admin-chat]", "destinations: [admin-chat]")
    async with paging(tmp_path, files={"routes": routes}) as s:
        await s.fire(wire())
        await s.advance(seconds=10)
        told = await s.expect(ADMINS)
        await s.api.press(told, "⤴", ANNA)
        await s.advance(seconds=1)
        await s.expect(ADMINS, "Anna has escalated INC-")
        await s.expect(SPARE, "🔴")
        await s.expect(SPARE, "Anna has escalated INC-")
