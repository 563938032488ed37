"""What the far end of `bot_api` is made of: a message as people see it, and how the server answers."""

from dataclasses import dataclass, field
from typing import Any

from tests.fakes.bot_entities import BadEntitiesError, parse_entities

SAME = "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message"


@dataclass
class Sent:
    """One message as people see it now; `edits` are its earlier texts."""

    chat: str
    id: int
    text: str
    markup: str
    buttons: list[list[dict[str, str]]]
    reply_to: int = 0
    topic: int = 0
    silent: bool = False
    edits: list[str] = field(default_factory=list)
    picture: bytes = b""

    def button(self, label: str) -> str:
        """The data of the button whose label contains this."""
        return next(b["callback_data"] for row in self.buttons for b in row if label in b["text"])

    def labels(self) -> list[str]:
        return [b["text"] for row in self.buttons for b in row]


def chat_of(chat: str) -> dict[str, Any]:
    number = int(chat) if chat.lstrip("-").isdigit() else -1
    return {"id": number, "type": "private" if number > 0 else "supergroup", "title": "chat", "first_name": "x"}


def text_of(p: dict[str, Any]) -> tuple[str, str]:
    text = p.get("text", "")
    if str(p.get("parse_mode", "")).upper() == "HTML":
        try:
            text = parse_entities(text)
        except BadEntitiesError as fault:
            return "", f"Bad Request: can't parse entities: {fault}"
    length = len(text.encode("utf-16-le", "surrogatepass")) // 2
    if not text.strip():
        return "", "Bad Request: message text is empty"
    if length > 4096:
        return "", "Bad Request: message is too long"
    if any(not 1 <= len(b.get("callback_data", "x").encode()) <= 64 for row in buttons_of(p) for b in row):
        return "", "Bad Request: BUTTON_DATA_INVALID"
    return text.strip(), ""


def buttons_of(p: dict[str, Any]) -> list[list[dict[str, str]]]:
    return list((p.get("reply_markup") or {}).get("inline_keyboard", []))


def error(code: int, text: str, **parameters: Any) -> dict[str, Any]:
    return {"ok": False, "error_code": code, "description": text, **({"parameters": parameters} if parameters else {})}
