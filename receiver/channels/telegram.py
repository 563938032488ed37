"""Telegram by the Bot API: messages, pictures, presses, updates; each one request and one classified outcome. Used by `workers.sender`,
`workers.painter`, `workers.poller`, `chat`. What a request proved is found by `channels.telegram_wire`.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    LinkPreviewOptions,
    ReplyParameters,
)
from telegram.error import Conflict, TelegramError

from receiver.channels.base import Button, Evidence, Message, Outcome
from receiver.channels.telegram_wire import BUDGET, UNREADABLE, TracedRequest, classified, scrub
from receiver.channels.text import CAPTION, LIMIT, cut_html, cut_plain, plain_text
from receiver.core.incident import Destination

_ENTITIES = re.compile(r"can't parse entities", re.I)  # the library changes the case of the server's texts
_TOO_LONG = re.compile(r"message is too long|MESSAGE_TOO_LONG", re.I)
NO_TOPIC = re.compile(r"thread not found|TOPIC_CLOSED|TOPIC_DELETED", re.I)


class TelegramChannel:
    """One bot; an attempt is over after `budget` seconds, well within the slot's lease."""

    name = "telegram"
    is_idempotent = False

    def __init__(self, token: str, api_url: str, proxy: str | None = None, budget: float = BUDGET) -> None:
        self._budget = budget
        self._request = TracedRequest(proxy)
        self._polls = TracedRequest(proxy)
        self._bot = Bot(token, base_url=f"{api_url.rstrip('/')}/bot", request=self._request, get_updates_request=self._polls)

    async def send(self, destination: Destination, message: Message, reply_to: str = "") -> Outcome:
        """A new message; entity faults and lost topics are mended within the same attempt."""
        chat, topic = destination.address["chat"], destination.address.get("topic")
        options: dict[str, Any] = {"message_thread_id": topic} if isinstance(topic, int) else {}
        if reply_to:
            options["reply_parameters"] = ReplyParameters(message_id=int(reply_to), allow_sending_without_reply=True)

        async def attempt(text: str, mode: str | None) -> str:
            if message.picture:
                shown = await self._bot.send_photo(
                    chat_id=chat, photo=message.picture, caption=text, parse_mode=mode, disable_notification=message.silent, filename="picture.png", **options
                )
                return str(shown.message_id)
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
        is_lost = outcome.evidence is Evidence.REFUSED and NO_TOPIC.search(outcome.reason) and not destination.address.get("is_own")
        if is_lost and options.pop("message_thread_id", None):
            return _mended("topic is gone, sent without it", await self._try(attempt, message))
        return outcome

    async def edit(self, destination: Destination, ref: str, message: Message) -> Outcome:
        """Replace text and buttons, or picture and caption; "not modified" is success."""

        async def attempt(text: str, mode: str | None) -> str:
            if message.picture:
                media = InputMediaPhoto(message.picture, caption=text, parse_mode=mode, filename="picture.png")
                await self._bot.edit_message_media(chat_id=destination.address["chat"], message_id=int(ref), media=media)
                return ref
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
        limit = CAPTION if message.picture else LIMIT
        text = cut_html(message.html, limit)
        outcome = await self._classified(lambda: attempt(text, "HTML"))
        if outcome.evidence is not Evidence.REFUSED:
            return outcome
        if _ENTITIES.search(outcome.reason):
            plain = cut_plain(message.plain, limit)
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
            raise OSError(scrub(repr(fault))) from None
        return [update.to_dict() for update in found]

    async def answer(self, callback_id: str, text: str, alert: bool = False) -> Outcome:
        """Tell the presser; "query is too old" is nobody's fault, the press has counted."""

        async def call() -> str:
            await self._bot.answer_callback_query(callback_query_id=callback_id, text=text, show_alert=alert)
            return ""

        return await self._classified(call)

    async def edit_buttons(self, chat: str, ref: str, rows: tuple[tuple[Button, ...], ...]) -> Outcome:
        """Replace the buttons of a message; its text stays."""

        async def call() -> str:
            await self._bot.edit_message_reply_markup(chat_id=chat, message_id=int(ref), reply_markup=_keyboard(rows))
            return ref

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
        return await classified(call, self._budget)


def _mended(how: str, outcome: Outcome) -> Outcome:
    """The outcome of a second try, which also says what was wrong with the first."""
    return replace(outcome, reason=f"{how}; {outcome.reason}" if outcome.reason else how)


def _answers(message: Message) -> InlineKeyboardMarkup | ForceReply | None:
    """A question opens the reply field of whoever it mentions; buttons and a question exclude each other."""
    if message.prompt:
        return ForceReply(selective=True, input_field_placeholder=message.prompt[:64])
    return _keyboard(message.buttons)


def _keyboard(rows: tuple[tuple[Button, ...], ...]) -> InlineKeyboardMarkup | None:
    if not rows:
        return None
    return InlineKeyboardMarkup([[InlineKeyboardButton(b.label, callback_data=b.data or None, url=b.url or None) for b in row] for row in rows])
