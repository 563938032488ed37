"""Forum topics as the Bot API has them (https://core.telegram.org/bots/api#createforumtopic and the methods after it). Part of `bot_api`."""

from dataclasses import dataclass
from typing import Any

from tests.fakes.bot_parts import error


@dataclass
class Topic:
    """One topic as people see it."""

    name: str
    is_closed: bool = False


class Topics:
    """Chats in `forums` are forums where the bot may manage topics, those in `powerless` are forums where it may not."""

    forums: set[str]
    powerless: set[str]
    topics: dict[tuple[str, int], Topic]
    messages: dict[Any, Any]
    next_message: int

    def thread_fault(self, p: dict[str, Any]) -> str:
        """What a forum says of a message for a topic it does not have."""
        chat, topic = str(p["chat_id"]), int(p.get("message_thread_id", 0))
        is_lost = topic and chat in self.forums and (chat, topic) not in self.topics
        return "Bad Request: message thread not found" if is_lost else ""

    def delete_topic(self, chat: str, topic: int) -> None:
        """Somebody deletes a topic by hand, and its messages with it."""
        del self.topics[chat, topic]
        for key in [key for key, sent in self.messages.items() if (sent.chat, sent.topic) == (chat, topic)]:
            del self.messages[key]

    async def _do_createforumtopic(self, p: dict[str, Any]) -> tuple[int, Any]:
        chat = str(p["chat_id"])
        if fault := self._no_forum(chat, "create a topic"):
            return fault
        if not 1 <= len(p.get("name", "")) <= 128:
            return 400, error(400, "Bad Request: TOPIC_TITLE_EMPTY")
        number, self.next_message = self.next_message, self.next_message + 1
        self.topics[chat, number] = Topic(name=p["name"])
        return 200, {"message_thread_id": number, "name": p["name"], "icon_color": 7322096}

    async def _do_editforumtopic(self, p: dict[str, Any]) -> tuple[int, Any]:
        return self._change(p, "name", p.get("name", ""))

    async def _do_closeforumtopic(self, p: dict[str, Any]) -> tuple[int, Any]:
        return self._change(p, "is_closed", True)

    async def _do_reopenforumtopic(self, p: dict[str, Any]) -> tuple[int, Any]:
        return self._change(p, "is_closed", False)

    def _change(self, p: dict[str, Any], field: str, value: Any) -> tuple[int, Any]:
        chat = str(p["chat_id"])
        if fault := self._no_forum(chat, "manage topics"):
            return fault
        topic = self.topics.get((chat, int(p["message_thread_id"])))
        if topic is None:
            return 400, error(400, "Bad Request: TOPIC_ID_INVALID")
        if getattr(topic, field) == value:
            return 400, error(400, "Bad Request: TOPIC_NOT_MODIFIED")
        setattr(topic, field, value)
        return 200, True

    def _no_forum(self, chat: str, what: str) -> tuple[int, Any] | None:
        if chat in self.powerless:
            return 400, error(400, f"Bad Request: not enough rights to {what}")
        return None if chat in self.forums else (400, error(400, "Bad Request: the chat is not a forum"))
