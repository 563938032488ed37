"""The one contract of channels: each fault of the wire, and the evidence it is classified as. Real HTTP to a far end that speaks the Bot API."""

import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from receiver.channels.base import Button, Channel, Evidence, Message, Outcome
from receiver.channels.browser import BrowserChannel
from receiver.channels.telegram import TelegramChannel
from receiver.clock import ManualClock
from receiver.core.incident import Destination
from receiver.store.browserchat import BrowserChat
from receiver.store.connection import connect
from receiver.telemetry.logs import configure, get_logger
from tests.builders import NOW
from tests.fakes import bot_api
from tests.fakes.bot_api import BotApi, Fault, refusal
from tests.harness import TOKEN, free_port, redis_server

CHAT = Destination(name="devops", channel="telegram", address={"chat": -1002})
TOPIC = Destination(name="devops", channel="telegram", address={"chat": -1002, "topic": 7})
HELLO = Message(html="<b>7 &lt; 8</b>", plain="7 < 8", buttons=((Button(label="Why?", data="v1:why:INC-1:tag"),),))
BUDGET = 1.0


@dataclass
class Place:
    """A channel, its far end as an outside observer sees it, and how to make a message vanish there."""

    channel: Channel
    texts: Callable[[], Awaitable[list[str]]]
    forget: Callable[[str], Awaitable[None]]


@contextlib.asynccontextmanager
async def telegram() -> AsyncIterator[tuple[TelegramChannel, BotApi]]:
    async with BotApi() as api:
        channel = TelegramChannel(TOKEN, api.url, budget=BUDGET)
        try:
            yield channel, api
        finally:
            await channel.close()


@contextlib.asynccontextmanager
async def place(name: str, directory) -> AsyncIterator[Place]:
    if name == "telegram":
        async with telegram() as (channel, api):

            async def forget(ref: str) -> None:
                api.messages.pop(("-1002", int(ref)))

            async def texts() -> list[str]:
                return [sent.text for sent in api.messages.values()]

            yield Place(channel, texts, forget)
        return
    with redis_server(directory) as url:
        client = connect(url)
        board = BrowserChat(client, ManualClock(NOW))
        try:

            async def shown() -> list[str]:
                return [m.html for m in await board.changed(0)]

            async def drop(ref: str) -> None:
                await client.hdel("{chat}:messages", ref)

            yield Place(BrowserChannel(board), shown, drop)
        finally:
            await client.aclose()


# What holds for every channel


@pytest.fixture(params=["telegram", "browser"])
async def here(request, tmp_path):
    async with place(request.param, tmp_path) as found:
        yield found


async def test_a_message_is_sent_and_named(here):
    outcome = await here.channel.send(CHAT, HELLO)
    assert (outcome.evidence, outcome.reason) == (Evidence.OK, "")
    assert outcome.ref
    assert len(await here.texts()) == 1


async def test_an_edit_replaces_the_text_and_makes_no_second_message(here):
    ref = (await here.channel.send(CHAT, HELLO)).ref
    assert (await here.channel.edit(CHAT, ref, Message(html="later", plain="later"))).evidence is Evidence.OK
    assert await here.texts() == ["later"]


async def test_an_edit_that_changes_nothing_is_ok(here):
    ref = (await here.channel.send(CHAT, HELLO)).ref
    assert (await here.channel.edit(CHAT, ref, HELLO)).evidence is Evidence.OK


async def test_a_message_that_is_gone_can_not_be_edited(here):
    ref = (await here.channel.send(CHAT, HELLO)).ref
    await here.forget(ref)
    assert (await here.channel.edit(CHAT, ref, Message(html="later", plain="later"))).evidence is Evidence.UNEDITABLE


async def test_a_reply_to_a_message_that_is_gone_is_sent_all_the_same(here):
    ref = (await here.channel.send(CHAT, HELLO)).ref
    await here.forget(ref)
    assert (await here.channel.send(CHAT, HELLO, ref)).evidence is Evidence.OK


async def test_a_board_whose_store_is_gone_may_have_shown_the_message(tmp_path):
    board = BrowserChat(connect(f"unix://{tmp_path}/nobody.sock"), ManualClock(NOW))
    channel = BrowserChannel(board)
    assert (await channel.send(CHAT, HELLO)).evidence is Evidence.UNKNOWN
    assert (await channel.edit(CHAT, "1", HELLO)).evidence is Evidence.UNKNOWN


# What the Bot API may answer


@dataclass
class Row:
    """One line of the table: the faults of one attempt's requests, and what must come of it."""

    faults: tuple[Fault, ...]
    evidence: Evidence
    says: str = ""
    performed: int = 0
    ref: str = ""
    retry_after: timedelta | None = None
    edits: Evidence | None = field(default=None)


def bad(text: str) -> Fault:
    return refusal(400, f"Bad Request: {text}")


ENTITIES = bad("can't parse entities: Unsupported start tag")
TABLE = {
    "ok": Row((), Evidence.OK, performed=1),
    "429-with-parameters": Row((bot_api.THROTTLED,), Evidence.THROTTLED, retry_after=timedelta(seconds=7)),
    "429-without-parameters": Row((bot_api.BARE_429,), Evidence.THROTTLED),
    "429-html": Row((Fault(status=429, body="<html>slow down</html>"),), Evidence.THROTTLED),
    "403-blocked": Row((bot_api.BLOCKED,), Evidence.DEAD, "blocked"),
    "403-kicked": Row((refusal(403, "Forbidden: bot was kicked from the supergroup chat"),), Evidence.DEAD, "kicked"),
    "403-deactivated": Row((refusal(403, "Forbidden: user is deactivated"),), Evidence.DEAD, "deactivated"),
    "403-can-not-initiate": Row((refusal(403, "Forbidden: bot can't initiate conversation with a user"),), Evidence.DEAD),
    "400-chat-not-found": Row((bot_api.NO_CHAT,), Evidence.DEAD, "chat not found"),
    "400-no-rights": Row((bad("not enough rights to send text messages to the chat"),), Evidence.DEAD),
    "400-other": Row((bad("BUTTON_DATA_INVALID"),), Evidence.REFUSED, "BUTTON_DATA_INVALID"),
    "entities": Row((ENTITIES,), Evidence.OK, "plain_text", performed=1),
    "entities-then-blocked": Row((ENTITIES, bot_api.BLOCKED), Evidence.DEAD, "blocked"),
    "entities-then-500": Row((ENTITIES, bot_api.SERVER_ERROR), Evidence.UNKNOWN, "plain_text"),
    "too-long": Row((bad("message is too long"),), Evidence.OK, "one_line", performed=1),
    "migrated": Row((refusal(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-1009),), Evidence.MOVED, ref="-1009"),
    "401": Row((bot_api.UNAUTHORIZED,), Evidence.DOWN),
    "404": Row((refusal(404, "Not Found"),), Evidence.DOWN),
    "500": Row((bot_api.SERVER_ERROR,), Evidence.UNKNOWN),
    "502-html": Row((bot_api.HTML_502,), Evidence.UNKNOWN),
    "504-empty": Row((Fault(status=504, body=""),), Evidence.UNKNOWN),
    "200-html": Row((Fault(status=200, body="<html>a proxy's login page</html>"),), Evidence.UNKNOWN),
    "200-half": Row((Fault(status=200, body='{"ok": true, "resu'),), Evidence.UNKNOWN),
    "200-not-a-message": Row((Fault(status=200, body={"ok": True, "result": {"foo": 1}}),), Evidence.UNKNOWN),
    "200-true": Row((Fault(status=200, body={"ok": True, "result": True}),), Evidence.UNKNOWN, edits=Evidence.OK),
    "200-list": Row((Fault(status=200, body="[]"),), Evidence.UNKNOWN),
    "200-not-utf8": Row((Fault(status=200, body="\udcff"),), Evidence.UNKNOWN),
    "dropped-before": Row((bot_api.DROP,), Evidence.UNKNOWN),
    "dropped-after": Row((bot_api.PERFORM_THEN_DROP,), Evidence.UNKNOWN, performed=1),
    "silent-after": Row((bot_api.PERFORM_THEN_HANG,), Evidence.UNKNOWN, "timed out", performed=1),
}


@pytest.mark.parametrize("case", TABLE)
async def test_what_a_send_proves(case):
    row = TABLE[case]
    async with telegram() as (channel, api):
        api.fail("sendMessage", *row.faults)
        outcome = await channel.send(CHAT, HELLO)
        assert outcome.evidence is row.evidence
        assert row.says.lower() in outcome.reason.lower()
        assert len(api.sends()) == row.performed
        if row.evidence is not Evidence.OK:
            assert (outcome.ref, outcome.retry_after) == (row.ref, row.retry_after)
        else:
            assert outcome.ref == str(api.sends()[0].id)


@pytest.mark.parametrize("case", TABLE)
async def test_what_an_edit_proves(case):
    row = TABLE[case]
    async with telegram() as (channel, api):
        ref = (await channel.send(CHAT, HELLO)).ref
        api.fail("editMessageText", *row.faults)
        outcome = await channel.edit(CHAT, ref, Message(html="<b>later</b>", plain="later"))
        assert outcome.evidence is (row.edits or row.evidence)
        assert len(api.sends()) == 1, "an edit never makes a message"


@pytest.mark.parametrize("text", ["message to edit not found", "message can't be edited", "MESSAGE_ID_INVALID"])
async def test_what_can_not_be_edited(text):
    async with telegram() as (channel, api):
        ref = (await channel.send(CHAT, HELLO)).ref
        api.fail("editMessageText", bad(text))
        assert (await channel.edit(CHAT, ref, HELLO)).evidence is Evidence.UNEDITABLE


@pytest.mark.parametrize("text", ["message thread not found", "TOPIC_CLOSED", "TOPIC_DELETED"])
async def test_without_its_topic_a_message_goes_to_the_chat_itself(text):
    async with telegram() as (channel, api):
        api.fail("sendMessage", bad(text))
        outcome = await channel.send(TOPIC, HELLO)
        assert (outcome.evidence, outcome.reason) == (Evidence.OK, "topic is gone, sent without it")
        assert [sent.topic for sent in api.sends()] == [0]
        assert (await channel.send(TOPIC, HELLO)).reason == ""
        assert api.sends()[1].topic == 7


async def test_a_message_that_can_not_be_parsed_arrives_as_plain_text_with_its_buttons():
    async with telegram() as (channel, api):
        outcome = await channel.send(CHAT, Message(html="<b>7 <8</b>", plain="7 <8", buttons=HELLO.buttons))
        assert outcome.evidence is Evidence.OK
        assert "an't parse entities" in outcome.reason
        assert (api.sends()[0].text, api.sends()[0].labels()) == ("7 <8", ["Why?"])


async def test_a_long_message_is_cut_before_it_is_sent():
    async with telegram() as (channel, api):
        assert (await channel.send(CHAT, Message(html=f"<b>{'🔴' * 3000}</b>", plain="x"))).reason == ""
        assert api.sends()[0].text.endswith("🔴…")


async def test_a_message_the_far_end_still_finds_too_long_is_one_line():
    async with telegram() as (channel, api):
        api.fail("sendMessage", bad("message is too long"))
        await channel.send(CHAT, Message(html="<b>first</b>\nsecond", plain="first\nsecond"))
        assert api.sends()[0].text == "first"


@pytest.mark.parametrize("url", ["http://127.0.0.1:{closed}", "https://127.0.0.1:{plain}", "http://no-such-host.invalid:80"], ids=["refused", "tls", "dns"])
async def test_what_never_left_is_known_to_be_unsent(url):
    async with BotApi() as api:
        channel = TelegramChannel(TOKEN, url.format(closed=free_port(), plain=api.url.rpartition(":")[2]), budget=4)
        try:
            outcome = await channel.send(CHAT, HELLO)
            assert outcome.evidence is Evidence.NOT_SENT
            assert TOKEN not in repr(outcome)
        finally:
            await channel.close()
        assert api.sends() == []


async def test_a_server_that_never_reads_is_known_to_be_unsent():
    """A body larger than the socket's buffers stays here."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        channel = TelegramChannel(TOKEN, f"http://127.0.0.1:{deaf.getsockname()[1]}", budget=0.5)
        buttons = tuple((Button(label="x" * 100_000, data=f"{n}"),) for n in range(60))
        try:
            assert (await channel.send(CHAT, Message(html="x", plain="x", buttons=buttons))).evidence is Evidence.NOT_SENT
        finally:
            await channel.close()


@pytest.mark.parametrize(
    ("fault", "evidence"),
    [(bad("query is too old and response timeout expired or query ID is invalid"), Evidence.REFUSED), (bot_api.SERVER_ERROR, Evidence.UNKNOWN)],
    ids=["too-old", "500"],
)
async def test_an_answer_that_fails_is_an_outcome_and_no_exception(fault, evidence):
    async with telegram() as (channel, api):
        api.fail("answerCallbackQuery", fault)
        assert (await channel.answer("1", "yours")).evidence is evidence


async def test_two_pollers_are_told_apart_from_an_unreachable_far_end():
    async with telegram() as (channel, api):
        api.fail("getUpdates", refusal(409, "Conflict: terminated by other getUpdates request"))
        with pytest.raises(OSError, match="another program polls"):
            await channel.updates(0, 0)


async def test_the_token_is_in_no_outcome_and_no_log_line(capsys):
    root, level = logging.getLogger(), logging.getLogger().level
    kept = root.handlers[:]
    configure("DEBUG")
    try:
        outcomes: list[Outcome] = []
        async with telegram() as (channel, api):
            faults = [f for row in TABLE.values() for f in row.faults if f.then != "hang"]
            api.fail("sendMessage", *faults, refusal(400, f"Bad Request: no bot {TOKEN}"), refusal(401, f"Unauthorized: {TOKEN}"))
            outcomes.extend([await channel.send(CHAT, HELLO) for _ in range(len(faults) + 2)])
            api.fail("getUpdates", refusal(500, f"no bot {TOKEN}"))
            with pytest.raises(OSError, match="no bot") as raised:
                await channel.updates(0, 0)
        for outcome in outcomes:
            get_logger("test").warning("delivery", reason=outcome.reason, outcome=repr(outcome), url=f"{api.url}/bot{TOKEN}/sendMessage")
        printed = "".join(capsys.readouterr())
        assert "delivery" in printed
        assert TOKEN not in printed + "".join(map(repr, outcomes)) + repr(raised.value)
    finally:
        root.handlers[:] = kept
        root.setLevel(level)
