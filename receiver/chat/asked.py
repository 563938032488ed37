"""What somebody asks in a chat, and what is answered: the two values between `desk` and every command. Pure."""

import html
from dataclasses import dataclass
from datetime import datetime

from receiver.channels.visible import visible
from receiver.core.incident import Destination
from receiver.core.rulebook import Person, RuleBook

# One button before it is signed: label, action, argument (no colon; with the action at most 40 bytes).
Choice = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A chat as an update names it. `name` is the destination's, empty when the rules know no such chat."""

    via: str
    chat: str
    username: str = ""
    topic: int | None = None
    is_private: bool = False
    name: str = ""

    def destination(self) -> Destination:
        """Where an answer goes."""
        chat: int | str = int(self.chat) if self.chat.lstrip("-").isdigit() else self.chat
        address: dict[str, str | int] = {"chat": chat} if self.topic is None else {"chat": chat, "topic": self.topic}
        return Destination(name=self.name, channel=self.via, address=address)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One question or press. `person` is none for somebody the rules do not know; language and zone are the reader's; `now` in UTC;
    `message_id` is the message that was pressed."""

    name: str
    words: tuple[str, ...]
    rest: str
    place: Place
    user: str
    person: Person | None
    language: str
    timezone: str
    now: datetime
    book: RuleBook
    message_id: str = ""

    @property
    def actor(self) -> str:
        """Who, for the audit and the timeline."""
        return self.person.id if self.person else f"{self.place.via}:{self.user}"

    def say(self, english: str, russian: str) -> str:
        """The one the reader reads."""
        return russian if self.language == "ru" else english


@dataclass(frozen=True, kw_only=True, slots=True)
class Elsewhere:
    """What is said in another chat than the one that asked."""

    there: Destination
    text: str
    rows: tuple[tuple[Choice, ...], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A message (`text` in Telegram's markup) with rows of choices; `result` and `target` are for the audit.

    To a press the message is edited when there is a `text`, and `popup` is what the presser sees at once.
    """

    text: str = ""
    rows: tuple[tuple[Choice, ...], ...] = ()
    result: str = "told"
    target: str = ""
    popup: str = ""
    elsewhere: tuple[Elsewhere, ...] = ()


def shown(text: str, longest: int = 80) -> str:
    """Somebody else's text inside a message: nothing hidden, nothing endless, no markup."""
    return html.escape(visible(text, longest), quote=False)
