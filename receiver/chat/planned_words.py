"""How planned work is asked for and shown in the chat: when it begins, what it is about, whom it is told. Used by `chat.planned`."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from receiver.channels.words import clock
from receiver.chat.asked import Asked, shown
from receiver.core.amendment import AdHocWindow

_AT = re.compile(r"at\s+(\S+)\s+")
_TELL = re.compile(r"\s+tell\s+([A-Za-z0-9._-]+)\s*$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """`[at TIME] LENGTH MATCHERS [tell COMPONENT]`, part by part."""

    at: str
    length: str
    matchers: str
    component: str


def split_words(rest: str) -> Said:
    """The parts of what was typed; those that are not there are empty."""
    at, tell = _AT.match(rest), _TELL.search(rest)
    inner = rest[at.end() if at else 0 : tell.start() if tell else len(rest)]
    length, _, matchers = inner.strip().partition(" ")
    return Said(at=at[1] if at else "", length=length, matchers=matchers, component=tell[1] if tell else "")


def when(text: str, asked: Asked) -> datetime | None:
    """`23:00` is the next one of the asker's zone, `2026-12-05T01:00` that instant there unless it has an offset; none for anything else."""
    zone = ZoneInfo(asked.timezone)
    local = asked.now.astimezone(zone)
    try:
        if re.fullmatch(r"\d\d:\d\d", text):
            found = local.replace(hour=int(text[:2]), minute=int(text[3:]), second=0, microsecond=0)
            return found if found > local else found + timedelta(days=1)
        given = datetime.fromisoformat(text)
    except ValueError:
        return None
    return given if given.tzinfo else given.replace(tzinfo=zone)


def span_of(window: AdHocWindow, asked: Asked) -> str:
    """From when, unless it begins now, and until when."""
    since, until = (clock(at, asked.timezone, asked.now, asked.language) for at in (window.start, window.end))
    if window.start <= asked.now:
        return asked.say(f"until {until}", f"до {until}")
    return asked.say(f"from {since} until {until}", f"с {since} до {until}")


def customers(window: AdHocWindow, asked: Asked) -> str:
    """What follows for customers; empty when they are told nothing."""
    rules = asked.book.notices
    component = rules.components.get(window.component) if rules and window.component else None
    if component is None:
        return ""
    name = shown(component.name(asked.language))
    return asked.say(
        f"\nCustomers ({name}): a draft of the announcement comes to the support chat; start and end follow.",
        f"\nКлиентам ({name}): черновик объявления придёт в чат поддержки, затем начало и конец.",
    )
