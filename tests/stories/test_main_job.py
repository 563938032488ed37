"""The main job as people live it: an alert, one message, a button, the end."""

import asyncio
from datetime import timedelta

from receiver.core.event import Acknowledge
from tests.builders import NOW, body, wire
from tests.harness import ADMINS, ANNA, BORIS, DEVOPS, STRANGER, story


async def test_an_alert_is_told_taken_and_ended_in_one_message(tmp_path):
    async with story(tmp_path) as s:
        await s.fire(wire())
        await s.expect_nothing()
        await s.advance(seconds=10)
        paged = await s.expect(DEVOPS, "🔴", "INC-")
        told = await s.expect(ADMINS, "🔴", "INC-")
        assert [label[:1] for label in told.labels()] == ["✅", "🟢", "🔇", "👤", "💤", "⤴", "❔"]

        answer = await s.api.press(told, "✅", ANNA)
        assert "INC-" in answer["text"]
        await s.advance(seconds=5)
        assert told.text.startswith("🟡")
        assert "Анна" in told.text
        assert paged.text.startswith("🟡")

        await s.fire(wire(status="resolved", ended=NOW + timedelta(minutes=5)))
        await s.advance(seconds=5)
        assert told.text.startswith("🟢")
        assert told.labels() == ["❔ Почему?"]
        await s.expect(DEVOPS, "🟢")
        await s.expect(ADMINS, "🟢")


async def test_the_second_to_press_is_told_who_was_first(tmp_path):
    async with story(tmp_path) as s:
        await s.fire(wire())
        await s.advance(seconds=10)
        told = await s.expect(DEVOPS)
        await s.expect(ADMINS)
        data = told.button("✅")
        await s.api.press(told, "✅", ANNA)
        answer = await s.api.press(told, "", BORIS, "Boris", data=data)
        assert "Анна" in answer["text"]


async def test_a_stranger_and_a_forger_change_nothing(tmp_path):
    async with story(tmp_path) as s:
        await s.fire(wire())
        await s.advance(seconds=10)
        told = await s.expect(DEVOPS)
        other = await s.expect(ADMINS)
        assert "people.yaml" in (await s.api.press(told, "✅", STRANGER))["text"]
        forged = told.button("✅")[:-2] + "xx"
        await s.api.press(told, "", ANNA, data=forged)
        await s.api.press(other, "", ANNA, data=told.button("✅"))
        (incident,) = await s.incidents()
        assert incident.state == "triggered"
        reasons = [e.reason for e in await s.app.incidents.timeline(incident.id)]
        assert "press_refused" in reasons


async def test_the_same_body_a_hundred_times_is_one_message(tmp_path):
    async with story(tmp_path) as s:
        reports = [await s.fire(wire()) for _ in range(100)]
        assert [r["transitions"] for r in reports] == [1] + [0] * 99
        await s.advance(seconds=10)
        await s.expect(DEVOPS)
        await s.expect(ADMINS)


async def test_the_same_firing_on_two_replicas_a_thousand_times_at_once_is_one_incident(tmp_path):
    async with story(tmp_path, replicas=2) as s:
        content = body(wire())
        answers = await asyncio.gather(*(s.post(content, replica=n % 2) for n in range(1000)))
        assert {a.status_code for a in answers} == {202}
        assert sum(a.json()["opened"] for a in answers) == 1
        await s.advance(seconds=10)
        await s.expect(DEVOPS)
        await s.expect(ADMINS)


async def test_a_body_nobody_can_read_is_kept_and_told_once(tmp_path):
    async with story(tmp_path) as s:
        for _ in range(3):
            assert (await s.post(b'{"alerts": [')).status_code == 400
        await s.advance(seconds=10)
        await s.expect(ADMINS, "incident-receiver")
        await s.expect(DEVOPS, "incident-receiver")
        assert len(await s.app.quarantine.letters()) == 3


async def test_a_source_whose_token_went_wrong_is_told_of_once_and_a_stranger_is_not(tmp_path):
    async with story(tmp_path, RECEIVER_WEBHOOK_TOKEN="hook-token") as s:
        assert (await s.post(b"{}", authorization="Bearer guess")).status_code == 401
        await s.advance(minutes=2)
        await s.expect_nothing()
        assert (await s.post(body(), authorization="Bearer hook-token")).status_code == 202
        refused = [await s.post(body(wire()), authorization="Bearer old") for _ in range(3)]
        assert {(a.status_code, a.text) for a in refused} == {(401, '{"error":"unauthorized"}')}
        await s.advance(seconds=10)
        await s.expect(ADMINS, "токен")
        await s.expect(DEVOPS, "токен")
        await s.advance(minutes=5)
        assert (await s.post(body(wire()), authorization="Bearer old")).status_code == 401


async def test_a_press_between_the_end_and_its_wake_up_does_not_lose_the_end(tmp_path):
    async with story(tmp_path) as s:
        await s.fire(wire())
        await s.advance(seconds=10)
        told = await s.expect(DEVOPS)
        await s.expect(ADMINS)
        (incident,) = await s.incidents()
        s.waker.cancel()  # the press must come first
        await s.fire(wire(status="resolved", ended=NOW + timedelta(minutes=5)))
        await s.app.engine.apply(incident.id, Acknowledge(by="anna", name="Анна"))
        s.restart_waker()
        await s.advance(seconds=10)
        await s.advance(seconds=5)
        assert told.text.startswith("🟢")
        for chat in (DEVOPS, ADMINS):
            await s.expect(chat, "🟢")


async def test_who_takes_it_during_the_group_wait_does_not_stop_the_others_from_hearing(tmp_path):
    async with story(tmp_path) as s:
        await s.fire(wire())
        (incident,) = await s.incidents()
        await s.app.engine.apply(incident.id, Acknowledge(by="cli:root", name="root"))
        await s.settle()
        s._seen.update(range(len(s.api.sends())))  # an early press tells at once
        await s.fire(wire("b"))
        await s.advance(seconds=15)
        (incident,) = await s.incidents()
        assert incident.announced_at
        for m in s.api.messages.values():
            assert "root" in m.text
            assert "2 активных" in m.text
