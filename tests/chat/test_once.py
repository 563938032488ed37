"""One update, one answer: whatever crashes, repeats or fails in between."""

import json

from receiver.app.derived import webhook_secret
from receiver.store.intake import Update
from tests.chat.test_commands import OWN, ask, deeds, here, paged
from tests.fakes.bot_api import DROP, PERFORM_THEN_DROP, THROTTLED, refusal
from tests.harness import ANNA, DEVOPS


def answers(s, chat: str = OWN):
    return [m for m in s.api.sends() if m.chat == chat]


async def test_two_replicas_answer_each_update_once(tmp_path):
    async with here(tmp_path, replicas=2) as s:
        for _ in range(8):
            await ask(s, "/status")
        await s.settle()
        assert len(answers(s)) == 8


async def test_an_update_that_comes_again_after_its_answer_is_not_answered_again(tmp_path):
    async with here(tmp_path) as s:
        await paged(s)
        body = {"update_id": 77, "message": {"message_id": 5, "chat": {"id": ANNA, "type": "private"}, "from": {"id": ANNA}, "text": "/ack INC-1"}}
        await s.app.intake.add(body)
        await s.expect(OWN, "INC-1 is yours")
        await s.app.intake.add(body)  # what a crash before its acknowledgement leaves
        await s.app.intake.add({**body, "update_id": 78})
        await s.expect(OWN, "Already taken by Anna")
        await s.expect_nothing()
        assert len(answers(s)) == 2
        assert [d for d in await deeds(s) if d[1] == "ack"] == [("anna", "ack", "INC-1", "acknowledged"), ("anna", "ack", "INC-1", "already_acknowledged")]
        await s.advance(seconds=5)


async def test_an_answer_that_was_not_sent_is_tried_again_and_one_that_may_have_been_is_not(tmp_path):
    async with here(tmp_path) as s:
        post, asked = (
            s.app.chat.desk,
            {"update_id": 9, "message": {"message_id": 5, "chat": {"id": ANNA, "type": "private"}, "from": {"id": ANNA}, "text": "/help"}},
        )
        for n, (fault, is_over) in enumerate([(THROTTLED, False), (refusal(401, "Unauthorized"), False), (PERFORM_THEN_DROP, True), (DROP, True)]):
            s.api.fail("sendMessage", fault)
            update = Update(b"1-0", {**asked, "update_id": n})
            from receiver.chat.update import read_command

            spoken = read_command(update.body, "test_bot")
            assert spoken
            assert await post._answered(update, spoken) is is_over
            s.clock.advance(seconds=60)
            assert await post._answered(update, spoken) is True
        assert len(answers(s)) == 3
        for _ in range(3):
            await s.expect(OWN)


async def test_a_replayed_command_is_ignored(tmp_path):
    async with here(tmp_path, RECEIVER_TELEGRAM_MODE="webhook", RECEIVER_PUBLIC_URL="https://receiver.example") as s:
        message = {"message_id": 5, "chat": {"id": ANNA, "type": "private"}, "from": {"id": ANNA}, "text": "/status"}
        content = json.dumps({"update_id": 7, "message": message}).encode()
        for _ in range(3):
            given = {"x_telegram_bot_api_secret_token": webhook_secret(s.app.settings)}
            assert (await s.post(content, "/telegram/webhook", **given)).status_code == 200
        await s.expect(OWN, "Nothing is open")
        await s.expect_nothing()


async def test_a_slow_answer_holds_up_no_press(tmp_path):
    async with here(tmp_path) as s:
        told = await paged(s)
        s.api.fail("sendMessage", *[PERFORM_THEN_DROP.__class__(then="hang")] * 3, chat=OWN)
        for _ in range(3):
            await s.api.say(OWN, "/status", ANNA)
        assert (await s.api.press(told, "✅", ANNA))["text"] == "INC-1 is yours"
        await s.advance(seconds=5)
        assert [m.chat for m in s.api.sends()] == [DEVOPS]
