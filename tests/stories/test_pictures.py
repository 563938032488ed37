"""The picture of an incident: a silent reply to its living message, replaced in place, and never in the way of a text."""

from datetime import timedelta

from receiver.core.plan import Kind
from tests.builders import NOW
from tests.fakes.bot_api import BLOCKED, PERFORM_THEN_DROP, PERFORM_THEN_HANG, THROTTLED, refusal
from tests.fakes.bot_pictures import size_of
from tests.fakes.prometheus_history import prometheus_with
from tests.harness import ADMINS, DEVOPS, story

HOURS = 4.0
ERRORS = {'errors_ratio{service="shop-api",instance="shop-api-2"}': lambda h: 0.4 if h < HOURS else 7.8}
RULES = {"ShopApiErrorRateHigh": 'errors_ratio{service="shop-api"} > 1'}
ALERT = {
    "status": "firing",
    "labels": {
        "alertname": "ShopApiErrorRateHigh",
        "service": "shop-api",
        "instance": "shop-api-2",
        "severity": "warning",
        "signal": "errors",
        "environment": "prod",
    },
    "annotations": {"summary": "7.8 % of responses are HTTP 500", "unit": "%"},
    "startsAt": "2026-11-23T03:01:30Z",
}
QUIET = {**ALERT, "labels": {**ALERT["labels"], "alertname": "NobodyKnowsThis"}}


def history(directory, curves=ERRORS):
    directory.mkdir(exist_ok=True)
    return prometheus_with(directory, curves, RULES, NOW - timedelta(hours=4), NOW + timedelta(hours=2))


async def slot_of(told, destination, kind=Kind.PICTURE):
    (incident,) = await told.incidents()
    found = [slot for slot in await told.app.outbox.slots(incident.id) if slot["kind"] == kind.value and slot["to"] == destination]
    return found[0] if found else {}


async def until_slot(told, destination, **wanted):
    for _ in range(1000):
        slot = await slot_of(told, destination)
        if all(slot.get(name) == value for name, value in wanted.items()):
            return slot
        told.app.nudge.pictures.set()
        await told.settle()
    raise AssertionError(slot)


async def until_shown(told):
    """Both chats have it, and that is written down."""
    for place in ("admin-chat", "devops"):
        await until_slot(told, place, st="sent")


async def opened(told, *alerts):
    await told.fire(*(alerts or (ALERT,)))
    await told.advance(seconds=12)
    admins, devops = await told.expect(ADMINS), await told.expect(DEVOPS)
    await told.advance(seconds=6)
    return admins, devops


async def test_the_picture_is_a_silent_reply_that_is_replaced_while_the_incident_lives_and_once_at_its_end(tmp_path):
    async with history(tmp_path / "past") as url, story(tmp_path, RECEIVER_PROMETHEUS_URL=url) as told:
        admins, _ = await opened(told)
        await until_shown(told)
        (picture,) = told.api.pictures(ADMINS)
        assert (picture.reply_to, picture.silent, size_of(picture.picture)) == (admins.id, True, (1080, 720))
        assert picture.text.startswith("Shop API: 7.8 % of responses are HTTP 500\nINC-1 · с 06:0")
        first, edits = picture.picture, lambda: [verb for verb, _ in told.api.log].count("media")
        await told.advance(minutes=4)
        assert [verb for verb, _ in told.api.log if verb in ("photo", "media")] == ["photo", "photo"], "not yet"
        await told.advance(minutes=2)
        await told.api.until(lambda: picture.picture != first and edits() == 2)
        await until_shown(told)
        second = picture.picture
        await told.fire({**ALERT, "status": "resolved", "endsAt": "2026-11-23T03:09:00Z"})
        await told.advance(seconds=20)
        await told.advance(seconds=6)
        await told.api.until(lambda: picture.picture != second and edits() == 4)
        assert "закончилось в" in picture.text
        await told.advance(minutes=20)
        assert len(told.api.pictures(ADMINS)) == 1, "one for the incident's whole life"
        assert edits() == 4, "what is over is drawn once"
        (incident,) = await told.incidents()
        assert "pictured" not in [entry.reason for entry in await told.app.incidents.timeline(incident.id)], "no news"


async def test_without_values_there_is_no_picture_and_the_slot_says_why(tmp_path):
    async with history(tmp_path / "past") as url, story(tmp_path, RECEIVER_PROMETHEUS_URL=url) as told:
        await opened(told, QUIET)
        slot = await until_slot(told, "admin-chat", st="skipped")
        assert slot["reason"] == "Prometheus has no values of its alerts"
        assert told.api.pictures() == []
        assert await told.app.quarantine.count() == 0


async def test_without_an_answer_from_prometheus_only_the_picture_is_missing(tmp_path):
    async with story(tmp_path, RECEIVER_PROMETHEUS_URL="http://127.0.0.1:9") as told:
        await opened(told)
        slot = await until_slot(told, "admin-chat", st="skipped")
        assert slot["reason"].startswith("Prometheus: no answer")
        assert told.api.pictures() == []


async def test_without_a_prometheus_nothing_is_asked_for(tmp_path):
    async with story(tmp_path) as told:
        await opened(told)
        await told.advance(minutes=6)
        assert await slot_of(told, "admin-chat") == {}


async def test_an_unknown_outcome_is_repeated_and_no_more_than_twice(tmp_path):
    async with history(tmp_path / "past") as url, story(tmp_path, RECEIVER_PROMETHEUS_URL=url) as told:
        told.api.fail("sendPhoto", *[PERFORM_THEN_DROP] * 9, chat=ADMINS)
        await opened(told)
        for seconds in (0, 10, 30, 30):
            await told.advance(seconds=seconds)
            await told.api.until(lambda: len(told.api.pictures(DEVOPS)) == 1)
        slot = await until_slot(told, "admin-chat", st="skipped")
        assert len(told.api.pictures(ADMINS)) == 3, slot


async def test_a_chat_that_takes_no_pictures_keeps_its_texts_and_nobody_else_is_bothered(tmp_path):
    async with history(tmp_path / "past") as url, story(tmp_path, RECEIVER_PROMETHEUS_URL=url) as told:
        told.api.fail("sendPhoto", refusal(400, "Bad Request: not enough rights to send photos to the chat"), chat=ADMINS)
        told.api.fail("sendPhoto", BLOCKED, chat=DEVOPS)
        sent, _ = await opened(told)
        for place in ("admin-chat", "devops"):
            slot = await until_slot(told, place, st="skipped")
            assert "rights" in slot["reason"] or "blocked" in slot["reason"]
        (incident,) = await told.incidents()
        assert incident.failed == {}
        await told.api.press(sent, "Беру", 111111111)
        await told.api.until(lambda: "🟡" in told.api.messages[sent.chat, sent.id].text)


async def test_the_picture_waits_for_a_message_that_a_throttled_chat_delays(tmp_path):
    async with history(tmp_path / "past") as url, story(tmp_path, RECEIVER_PROMETHEUS_URL=url) as told:
        told.api.fail("sendMessage", THROTTLED, THROTTLED, THROTTLED, chat=ADMINS)
        await told.fire(ALERT)
        await told.advance(seconds=12)
        await told.expect(DEVOPS)
        for _ in range(2):
            await told.advance(seconds=6)
            waiting = await until_slot(told, "admin-chat", st="new", reason="its message is still on its way")
            assert waiting["attempts"] == "0", "nobody's failure"
        for _ in range(4):
            await told.advance(seconds=8)
        admins = await told.expect(ADMINS)
        await told.advance(seconds=3)
        await until_slot(told, "admin-chat", st="sent")
        (picture,) = told.api.pictures(ADMINS)
        assert picture.reply_to == admins.id


async def test_the_picture_does_not_wait_for_a_message_that_was_given_up(tmp_path):
    async with history(tmp_path / "past") as url, story(tmp_path, RECEIVER_PROMETHEUS_URL=url) as told:
        told.api.fail("sendMessage", refusal(400, "Bad Request: message text is empty"), chat=ADMINS)
        await told.fire(ALERT)
        await told.advance(seconds=12)
        await told.expect(DEVOPS)
        await told.advance(seconds=6)
        await until_slot(told, "admin-chat", st="skipped", reason="no message to reply to")


async def test_a_text_does_not_wait_for_a_picture_that_hangs(tmp_path):
    async with history(tmp_path / "past") as url, story(tmp_path, RECEIVER_PROMETHEUS_URL=url) as told:
        told.api.fail("sendPhoto", PERFORM_THEN_HANG, PERFORM_THEN_HANG)
        sent, _ = await opened(told)
        await told.api.until(lambda: "photo" in [verb for verb, _ in told.api.log])
        await told.api.press(sent, "Беру", 111111111)
        await told.api.until(lambda: "🟡" in told.api.messages[sent.chat, sent.id].text)
        verbs = [verb for verb, _ in told.api.log]
        assert verbs.index("photo") < verbs.index("edit")
