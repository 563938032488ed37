"""What people type to the bot, and the commands that the bot offers them: a part of the far end in `bot_api`."""

import re
from typing import Any, Protocol


class Updated(Protocol):
    """What this part needs of the far end."""

    commands: dict[tuple[str, str], dict[str, str]]
    next_message: int
    pinned: dict[str, set[int]]
    messages: dict[Any, Any]

    async def say(self, chat: str, text: str, user: int, name: str = "Anna", **more: Any) -> None: ...

    async def update(self, content: dict[str, Any]) -> None: ...


class Spoken:
    """Mixed into `BotApi`."""

    async def say(self: Updated, chat: str, text: str, user: int, name: str = "Anna", **more: Any) -> None:
        """Somebody writes in a chat."""
        number = int(chat)
        place = {"id": number, "type": "private" if number > 0 else "supergroup", "title": "chat", "first_name": "x"}
        self.next_message += 1
        sender = {"id": user, "is_bot": False, "first_name": name}
        await self.update({"message": {"message_id": self.next_message - 1, "date": 1, "chat": place, "from": sender, "text": text, **more}})

    async def _do_setmycommands(self: Updated, p: dict[str, Any]) -> tuple[int, Any]:
        if any(not re.fullmatch(r"[a-z0-9_]{1,32}", c["command"]) or not 1 <= len(c["description"]) <= 256 for c in p["commands"]):
            return 400, {"ok": False, "error_code": 400, "description": "Bad Request: BOT_COMMAND_INVALID"}
        self.commands[p["scope"]["type"], p.get("language_code", "")] = {c["command"]: c["description"] for c in p["commands"]}
        return 200, True

    async def reply(self: Updated, sent: Any, text: str, user: int, name: str = "Anna") -> None:
        """Somebody answers one of the bot's messages."""
        answered = {"message_id": sent.id, "date": 1, "chat": {"id": int(sent.chat), "type": "supergroup"}, "text": sent.text}
        await self.say(sent.chat, text, user, name, reply_to_message=answered)

    async def _do_pinchatmessage(self: Updated, p: dict[str, Any]) -> tuple[int, Any]:
        self.pinned.setdefault(str(p["chat_id"]), set()).add(int(p["message_id"]))
        return 200, True

    async def _do_unpinchatmessage(self: Updated, p: dict[str, Any]) -> tuple[int, Any]:
        self.pinned.setdefault(str(p["chat_id"]), set()).discard(int(p["message_id"]))
        return 200, True

    async def _do_deletemessage(self: Updated, p: dict[str, Any]) -> tuple[int, Any]:
        gone = self.messages.pop((str(p["chat_id"]), int(p["message_id"])), None)
        return (200, True) if gone else (400, {"ok": False, "error_code": 400, "description": "Bad Request: message to delete not found"})

    async def _do_editmessagereplymarkup(self: Updated, p: dict[str, Any]) -> tuple[int, Any]:
        self.messages[str(p["chat_id"]), int(p["message_id"])].buttons = (p.get("reply_markup") or {}).get("inline_keyboard", [])
        return 200, True
