"""Telegram by the Bot API: one request, its wire evidence, one classified outcome. Used by `workers.sender`, `workers.poller`, `chat`.

python-telegram-bot gives the methods, types and errors; the request class is ours, because only a trace of the socket can tell "never
sent" from "perhaps performed". Error texts are the Bot API server's (github.com/tdlib/telegram-bot-api, read in source).
"""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    ReplyParameters,
)
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.request import BaseRequest, RequestData

from receiver.channels.base import NOT_MODIFIED, Button, Evidence, Message, Outcome
from receiver.channels.text import cut_html, cut_plain, plain_text
from receiver.core.incident import Destination

BUDGET = 12.0
CONNECT = 5.0
# What the library raises for an answer that is JSON and yet no answer, such as a proxy's.
UNREADABLE = (AttributeError, KeyError, TypeError, ValueError)
os.environ.setdefault("PTB_TIMEDELTA", "1")  # the library warns at every 429 that its seconds will become timedeltas; take those now
_DEAD = re.compile(
    r"chat not found|user is deactivated|bot was (blocked|kicked)|bot is not a member|have no rights|not enough rights|CHAT_WRITE_FORBIDDEN", re.I
)
_ENTITIES = re.compile(r"can't parse entities", re.I)  # the library changes the case of the server's texts
_TOO_LONG = re.compile(r"message is too long|MESSAGE_TOO_LONG", re.I)
_NO_TOPIC = re.compile(r"thread not found|TOPIC_CLOSED|TOPIC_DELETED", re.I)
_GONE = re.compile(r"message to (edit|be edited) not found|message can't be edited|MESSAGE_ID_INVALID", re.I)


@dataclass(slots=True)
class _Wire:
    """What happened on the socket during one request."""

    is_body_sent: bool = False
    status: int = 0


_wire: ContextVar[_Wire] = ContextVar("_wire")


class _Request(BaseRequest):
    """httpx with a trace of whether the request body was completely written."""

    def __init__(self, proxy: str | None) -> None:
        limits = httpx.Limits(max_connections=20, keepalive_expiry=30)
        self._http = httpx.AsyncClient(trust_env=False, proxy=proxy, limits=limits)

    @property
    def read_timeout(self) -> float:
        return BUDGET

    async def initialize(self) -> None:
        """Nothing to do: connections open when needed."""

    async def shutdown(self) -> None:
        await self._http.aclose()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = None,
        write_timeout: Any = None,
        connect_timeout: Any = None,
        pool_timeout: Any = None,
    ) -> tuple[int, bytes]:
        wire = _wire.get(_Wire())

        async def trace(event: str, _: dict[str, Any]) -> None:
            if event.endswith("send_request_body.complete"):
                wire.is_body_sent = True

        read = read_timeout if isinstance(read_timeout, int | float) else BUDGET
        timeout = httpx.Timeout(BUDGET, connect=CONNECT, read=read, pool=CONNECT)
        data = request_data.json_parameters if request_data else None
        answer = await self._http.request(method, url, data=data, timeout=timeout, extensions={"trace": trace}, follow_redirects=False)
        wire.status = answer.status_code
        return answer.status_code, answer.content


class TelegramChannel:
    """One bot; an attempt is over after `budget` seconds, well within the slot's lease."""

    name = "telegram"
    is_idempotent = False

    def __init__(self, token: str, api_url: str, proxy: str | None = None, budget: float = BUDGET) -> None:
        self._budget = budget
        self._request = _Request(proxy)
        self._polls = _Request(proxy)
        self._bot = Bot(token, base_url=f"{api_url.rstrip('/')}/bot", request=self._request, get_updates_request=self._polls)

    async def send(self, destination: Destination, message: Message, reply_to: str = "") -> Outcome:
        """A new message; entity faults and lost topics are mended within the same attempt."""
        chat, topic = destination.address["chat"], destination.address.get("topic")
        options: dict[str, Any] = {"message_thread_id": topic} if isinstance(topic, int) else {}
        if reply_to:
            options["reply_parameters"] = ReplyParameters(message_id=int(reply_to), allow_sending_without_reply=True)

        async def attempt(text: str, mode: str | None) -> str:
            sent = await self._bot.send_message(
                chat_id=chat,
                text=text,
                parse_mode=mode,
                disable_notification=message.silent,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
                reply_markup=_answers(message),
                protect_content=message.protected,
                **options,
            )
            return str(sent.message_id)

        outcome = await self._try(attempt, message)
        if outcome.evidence is Evidence.REFUSED and _NO_TOPIC.search(outcome.reason) and options.pop("message_thread_id", None):
            return _mended("topic is gone, sent without it", await self._try(attempt, message))
        return outcome

    async def edit(self, destination: Destination, ref: str, message: Message) -> Outcome:
        """Replace text and buttons; "not modified" is success."""

        async def attempt(text: str, mode: str | None) -> str:
            await self._bot.edit_message_text(
                chat_id=destination.address["chat"],
                message_id=int(ref),
                text=text,
                parse_mode=mode,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
                reply_markup=_keyboard(message.buttons),
            )
            return ref

        return await self._try(attempt, message)

    async def _try(self, attempt: Callable[[str, str | None], Awaitable[str]], message: Message) -> Outcome:
        text = cut_html(message.html)
        outcome = await self._classified(lambda: attempt(text, "HTML"))
        if outcome.evidence is not Evidence.REFUSED:
            return outcome
        if _ENTITIES.search(outcome.reason):
            plain = cut_plain(message.plain)
            return _mended(f"plain_text: {outcome.reason}", await self._classified(lambda: attempt(plain, None)))
        if _TOO_LONG.search(outcome.reason):
            line = plain_text(message.html).split("\n", 1)[0][:500]
            return _mended("one_line: too long", await self._classified(lambda: attempt(line, None)))
        return outcome

    async def pin(self, destination: Destination, ref: str, *, is_pinned: bool) -> Outcome:
        """Pin a message without a sound, or take the pin away; both may be asked again."""

        async def call() -> str:
            chat = destination.address["chat"]
            if is_pinned:
                await self._bot.pin_chat_message(chat_id=chat, message_id=int(ref), disable_notification=True)
            else:
                await self._bot.unpin_chat_message(chat_id=chat, message_id=int(ref))
            return ref

        return await self._classified(call)

    async def delete(self, destination: Destination, ref: str) -> Outcome:
        """Take a message of ours away; one that is gone is no failure."""

        async def call() -> str:
            await self._bot.delete_message(chat_id=destination.address["chat"], message_id=int(ref))
            return ref

        return await self._classified(call)

    async def updates(self, offset: int, timeout: int) -> list[dict[str, Any]]:
        """Long poll, as raw objects; raises OSError when the far end is away or another poller is there."""
        try:
            found = await self._bot.get_updates(offset=offset, timeout=timeout, read_timeout=timeout + 5, allowed_updates=["callback_query", "message"])
        except Conflict as fault:
            raise OSError("another program polls with this token") from fault
        except (TelegramError, *UNREADABLE) as fault:
            raise OSError(_scrub(repr(fault))) from None
        return [update.to_dict() for update in found]

    async def answer(self, callback_id: str, text: str, alert: bool = False) -> Outcome:
        """Tell the presser; "query is too old" is nobody's fault, the press has counted."""

        async def call() -> str:
            await self._bot.answer_callback_query(callback_query_id=callback_id, text=text, show_alert=alert)
            return ""

        return await self._classified(call)

    async def me(self) -> Outcome:
        """The bot's name in `ref`."""

        async def call() -> str:
            return (await self._bot.get_me()).username or ""

        return await self._classified(call)

    async def set_commands(self, commands: Sequence[tuple[str, str]], scope: str, language: str) -> Outcome:
        """What clients offer while somebody types "/": in private chats or in groups, for one language or (empty) for all others."""
        where = BotCommandScopeAllPrivateChats() if scope == "private" else BotCommandScopeAllGroupChats()

        async def call() -> str:
            await self._bot.set_my_commands([BotCommand(name, text) for name, text in commands], scope=where, language_code=language or None)
            return ""

        return await self._classified(call)

    async def set_webhook(self, url: str, secret: str) -> Outcome:
        """Ask Telegram to post updates to us."""

        async def call() -> str:
            await self._bot.set_webhook(url=url, secret_token=secret, allowed_updates=["callback_query", "message"])
            return ""

        return await self._classified(call)

    async def close(self) -> None:
        """Release connections."""
        await self._request.shutdown()
        await self._polls.shutdown()

    async def _classified(self, call: Callable[[], Awaitable[str]]) -> Outcome:
        """Run one request and name what the wire proved."""
        wire = _Wire()
        _wire.set(wire)
        try:
            async with asyncio.timeout(self._budget):
                return Outcome(evidence=Evidence.OK, ref=await call())
        except TimeoutError:
            return Outcome(evidence=Evidence.UNKNOWN if wire.is_body_sent else Evidence.NOT_SENT, reason="timed out")
        except TelegramError as fault:
            return _named(fault, wire)
        except UNREADABLE as fault:
            evidence = Evidence.THROTTLED if wire.status == 429 else Evidence.UNKNOWN
            return Outcome(evidence=evidence, reason=f"unreadable answer, HTTP {wire.status}: {_scrub(repr(fault))}")


def _mended(how: str, outcome: Outcome) -> Outcome:
    """The outcome of a second try, which also says what was wrong with the first."""
    return replace(outcome, reason=f"{how}; {outcome.reason}" if outcome.reason else how)


def _named(fault: TelegramError, wire: _Wire) -> Outcome:
    reason = _scrub(str(fault))
    match fault:
        case RetryAfter():
            after = fault.retry_after
            return Outcome(evidence=Evidence.THROTTLED, reason=reason, retry_after=after if isinstance(after, timedelta) else timedelta(seconds=after))
        case ChatMigrated():
            return Outcome(evidence=Evidence.MOVED, ref=str(fault.new_chat_id), reason=reason)
        case _ if wire.status == 429:
            return Outcome(evidence=Evidence.THROTTLED, reason=reason)
        case Forbidden():
            return Outcome(evidence=Evidence.DEAD, reason=reason)
        case InvalidToken():
            return Outcome(evidence=Evidence.DOWN, reason="token or address of the Bot API is wrong")
        case BadRequest():
            return _bad_request(reason)
        case NetworkError():
            return Outcome(evidence=Evidence.UNKNOWN if wire.is_body_sent else Evidence.NOT_SENT, reason=reason)
        case _:
            return Outcome(evidence=Evidence.UNKNOWN, reason=reason)


def _bad_request(reason: str) -> Outcome:
    if "message is not modified" in reason.lower():
        return Outcome(evidence=Evidence.OK, reason=NOT_MODIFIED)
    if _GONE.search(reason):
        return Outcome(evidence=Evidence.UNEDITABLE, reason=reason)
    if _DEAD.search(reason):
        return Outcome(evidence=Evidence.DEAD, reason=reason)
    return Outcome(evidence=Evidence.REFUSED, reason=reason)


def _answers(message: Message) -> InlineKeyboardMarkup | ForceReply | None:
    """A question opens the reply field of whoever it mentions; buttons and a question exclude each other."""
    if message.prompt:
        return ForceReply(selective=True, input_field_placeholder=message.prompt[:64])
    return _keyboard(message.buttons)


def _keyboard(rows: tuple[tuple[Button, ...], ...]) -> InlineKeyboardMarkup | None:
    if not rows:
        return None
    return InlineKeyboardMarkup([[InlineKeyboardButton(b.label, callback_data=b.data or None, url=b.url or None) for b in row] for row in rows])


def _scrub(text: str) -> str:
    """The library's errors may quote the token."""
    return re.sub(r"\d{6,}:[A-Za-z0-9_-]{20,}", "***", text)[:300]
