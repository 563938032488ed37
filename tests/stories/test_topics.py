"""A forum gets a topic for each incident: made once, named by it, closed and opened with it; a chat that takes none gets its messages all the same."""

import pytest

from tests.builders import rules_files, wire
from tests.fakes.bot_api import PERFORM_THEN_DROP, THROTTLED, refusal
from tests.harness import ADMINS, story

PLACES = """version: 1
destinations:
  admin-chat: {channel: telegram, chat: -1001000000001, topic: TOPIC, language: en}
  devops: {channel: telegram, chat: -1001000000002, language: en}
  spare: {channel: telegram, chat: -1001000000003, language: en}
fallback: [spare]
"""
FIRES = wire("shop-api-2", severity="warning")
ENDS = wire("shop-api-2", "resolved", severity="warning")


def told_in(directory, topic="per-incident", **more):
    return story(directory, rules=rules_files(directory / "rules", destinations=PLACES.replace("TOPIC", topic)), **more)


async def first(told, forum=True):
    if forum:
        told.api.forums.add(ADMINS)
    await told.fire(FIRES)
    await told.advance(seconds=12)
    return await told.expect(ADMINS, "Shop API")


async def test_an_incident_has_its_topic_which_is_closed_and_opened_again_with_it(tmp_path):
    async with told_in(tmp_path) as told:
        sent = await first(told)
        ((number, topic),) = [(number, topic) for (_, number), topic in told.api.topics.items()]
        assert sent.topic == number
        assert topic.name.startswith("INC-1 Shop API: ")
        assert not topic.is_closed
        await told.fire(ENDS)
        await told.advance(seconds=5)
        await told.api.until(lambda: topic.is_closed)
        assert topic.name.startswith("🟢 INC-1 ")
        await told.advance(minutes=1)
        await told.fire(wire("shop-api-2", severity="warning", since=told.clock.now()))
        await told.advance(seconds=12)
        again = await told.expect(ADMINS, "fired again")
        assert again.topic == number
        await told.api.until(lambda: not topic.is_closed and topic.name.startswith("INC-1 "))
        assert len(told.api.topics) == 1


async def test_two_incidents_have_two_topics_and_replies_stay_in_theirs(tmp_path):
    async with told_in(tmp_path) as told:
        one = await first(told)
        await told.fire(wire("shop-db-1", severity="warning", service="shop-db"))
        await told.advance(seconds=12)
        other = await told.expect(ADMINS, "Shop DB")
        assert {one.topic, other.topic} == {number for _, number in told.api.topics}
        assert one.topic != other.topic


async def test_with_two_replicas_there_is_one_topic(tmp_path):
    async with told_in(tmp_path, replicas=2) as told:
        await first(told)
        assert len(told.api.topics) == 1


@pytest.mark.parametrize("why", ["no-forum", "no-right"])
async def test_a_chat_that_takes_no_topics_gets_the_messages_itself_and_the_operator_one_line(tmp_path, capsys, why):
    async with told_in(tmp_path) as told:
        told.api.powerless |= {ADMINS} if why == "no-right" else set()
        sent = await first(told, forum=False)
        assert (sent.topic, told.api.topics) == (0, {})
        await told.fire(wire("shop-db-1", severity="warning", service="shop-db"))
        await told.advance(seconds=12)
        assert (await told.expect(ADMINS, "Shop DB")).topic == 0
    assert capsys.readouterr().out.count("no topics in this chat") == 1


@pytest.mark.parametrize("fault", [PERFORM_THEN_DROP, THROTTLED, refusal(500, "Internal Server Error")], ids=["unknown", "throttled", "broken"])
async def test_what_is_not_known_to_be_made_is_made_no_second_time_and_no_message_waits_for_it(tmp_path, fault):
    async with told_in(tmp_path) as told:
        told.api.fail("createForumTopic", fault)
        sent = await first(told)
        assert sent.topic == 0
        del told.api.messages[ADMINS, sent.id]
        await told.fire(FIRES, wire("shop-api-3", severity="warning"))
        await told.advance(seconds=12)
        assert (await told.expect(ADMINS, "shop-api-3")).topic == 0, "said again, and where it was"
        await told.fire(ENDS, wire("shop-api-3", "resolved", severity="warning"))
        await told.advance(seconds=5)
        await told.advance(minutes=1)
        assert len(told.api.topics) == (1 if fault is PERFORM_THEN_DROP else 0)


async def test_a_topic_that_somebody_deleted_is_made_anew_while_the_incident_needs_somebody(tmp_path):
    async with told_in(tmp_path) as told:
        sent = await first(told)
        told.api.delete_topic(ADMINS, sent.topic)
        await told.fire(FIRES, wire("shop-api-3", severity="warning"))
        await told.advance(seconds=12)
        anew = await told.expect(ADMINS, "shop-api-3")
        ((_, number),) = told.api.topics
        assert anew.topic == number != sent.topic


async def test_a_maker_that_never_came_back_is_not_waited_for(tmp_path):
    async with told_in(tmp_path) as told:
        assert await told.app.channels["telegram"]._kept.claim("INC-1", ADMINS, told.clock.now())
        told.api.forums.add(ADMINS)
        await told.fire(FIRES)
        await told.advance(seconds=12)
        assert told.api.sends() == [], "somebody may be making it"
        for _ in range(6):
            await told.advance(seconds=5)
        assert (await told.expect(ADMINS, "Shop API")).topic == 0
        assert told.api.topics == {}


@pytest.mark.parametrize(("topic", "wanted"), [("7", 7), ("none", 0)])
async def test_a_fixed_topic_and_none_are_taken_as_they_are(tmp_path, topic, wanted):
    async with told_in(tmp_path, topic) as told:
        assert (await first(told, forum=False)).topic == wanted
        assert told.api.topics == {}
