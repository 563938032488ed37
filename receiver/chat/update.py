"""Reads updates: a command, or a press of a menu. Anybody may send anything, so whatever is not exactly one of these is nothing. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from receiver.chat.asked import Place

LONGEST = 500
LONGEST_REPLY = 4096


@dataclass(frozen=True, kw_only=True, slots=True)
class Spoken:
    """A command as it was typed. `is_addressed`: to this bot by name, or in a chat with nobody else; `is_for_whom_unknown`: to a bot by
    name, before we know our own."""

    name: str
    rest: str
    place: Place
    user: str
    message_id: str
    is_addressed: bool
    is_for_whom_unknown: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """A press of a menu's button, not yet believed."""

    callback_id: str
    data: str
    place: Place
    user: str
    message_id: str


def read_command(body: Mapping[str, Any], bot: str | None) -> Spoken | None:
    """The command in an update; none for other updates, for what is forwarded or sent in another's name, and for other bots' commands."""
    try:
        message = body["message"]
        text, sender = message["text"], message["from"]
        if any(name in message for name in ("forward_origin", "forward_date", "via_bot", "sender_chat")) or sender.get("is_bot"):
            return None
        head, _, rest = text.strip()[:LONGEST].partition(" ") if isinstance(text, str) else ("", "", "")
        head = head.split("\n", 1)[0]
        name, _, addressee = head.removeprefix("/").partition("@")
        if not head.startswith("/") or not name.isidentifier() or (addressee and bot is not None and addressee.lower() != bot.lower()):
            return None
        place = _place(body, message)
        return Spoken(
            name=name.lower(),
            rest=rest.strip(),
            place=place,
            user=str(sender["id"]),
            message_id=str(message["message_id"]),
            is_addressed=bool(addressee) or place.is_private,
            is_for_whom_unknown=bool(addressee) and bot is None,
        )
    except (KeyError, TypeError, AttributeError):
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """A text that answers one of our messages. Nobody else's forwarded words, no command."""

    place: Place
    user: str
    reply_to: str
    text: str


def read_reply(body: Mapping[str, Any]) -> Heard | None:
    """The reply in an update; none for other updates."""
    try:
        message = body["message"]
        text, sender, answered = message["text"], message["from"], message["reply_to_message"]
        if any(name in message for name in ("forward_origin", "forward_date", "via_bot", "sender_chat")) or sender.get("is_bot"):
            return None
        if not isinstance(text, str) or text.startswith("/"):
            return None
        return Heard(place=_place(body, message), user=str(sender["id"]), reply_to=str(answered["message_id"]), text=text[:LONGEST_REPLY])
    except (KeyError, TypeError, AttributeError):
        return None


def read_choice(body: Mapping[str, Any]) -> Chosen | None:
    """The press in an update; none for other updates and malformed ones."""
    try:
        query = body["callback_query"]
        message = query["message"]
        return Chosen(
            callback_id=str(query["id"]),
            data=str(query.get("data", "")),
            place=_place(body, message),
            user=str(query["from"]["id"]),
            message_id=str(message["message_id"]),
        )
    except (KeyError, TypeError, AttributeError):
        return None


def _place(body: Mapping[str, Any], message: Mapping[str, Any]) -> Place:
    chat = message["chat"]
    topic = message.get("message_thread_id") if message.get("is_topic_message") else None
    return Place(
        via=str(body.get("via", "telegram")),
        chat=str(chat["id"]),
        username=f"@{chat['username']}" if chat.get("username") else "",
        topic=topic if isinstance(topic, int) else None,
        is_private=chat.get("type") == "private",
        name=str(chat.get("name", "")) if body.get("via") == "browser" else "",
    )
