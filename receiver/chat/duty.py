"""`/oncall [schedule] [time]`: who is on call, until when, and who is next. Called by `chat.commands`."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from receiver.channels.words import clock
from receiver.chat.asked import Answer, Asked, shown
from receiver.core.local import instant_at
from receiver.core.oncall import Duty, InstantError, find_duty, read_at
from receiver.core.rulebook import Person
from receiver.core.suggest import suggest

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def tell_duty(asked: Asked) -> Answer:
    """One schedule or all of them, now or at another time in the reader's zone."""
    book, words = asked.book, list(asked.words)
    if not book.schedules:
        return Answer(text=asked.say("There are no schedules: schedules.yaml is empty.", "Расписаний нет: файл schedules.yaml пуст."), result="no schedules")
    chosen = words.pop(0) if words and words[0] in book.schedules else ""
    now = asked.now
    if words:
        found = read_time(" ".join(words), asked.timezone, asked.now)
        if found is None:
            return Answer(text=_unclear(asked, words[0]), result="unclear")
        now = found
    wanted = [chosen] if chosen else list(book.schedules)
    told = [f"<b>{shown(name)}</b>\n{duty_line(asked, find_duty(book, book.schedules[name], now))}" for name in wanted]
    return Answer(text="\n\n".join([_head(asked, now), *told]), target=chosen)


def read_time(text: str, timezone: str, now: datetime) -> datetime | None:
    """`18:30` (the next time the clocks of this zone show it) or an instant as `receiver oncall --at` takes it; UTC."""
    zone = ZoneInfo(timezone)
    if found := _CLOCK.fullmatch(text):
        today = now.astimezone(zone).date()
        minute = int(found[1]) * 60 + int(found[2])
        return next(at for day in (0, 1, 2) if (at := instant_at(today + timedelta(days=day), minute, zone)) > now)
    try:
        return read_at(text.replace(" ", "T", 1), zone)
    except InstantError:
        return None


def duty_line(asked: Asked, duty: Duty) -> str:
    """`Anna until 30 Nov 10:00, then Boris`."""
    until = clock(duty.until, asked.timezone, asked.now, asked.language) if duty.until else ""
    who = names(asked, duty.people)
    if not until:
        return who
    after = names(asked, duty.next)
    return asked.say(f"{who} until {until}, then {after}", f"{who} до {until}, потом {after}")


def names(asked: Asked, people: tuple[Person, ...]) -> str:
    """The people's names; nobody in a gap."""
    return ", ".join(shown(person.name) for person in people) or asked.say("⚠ nobody", "⚠ никто")


def _head(asked: Asked, now: datetime) -> str:
    at = clock(now, asked.timezone, asked.now, asked.language)
    return asked.say(f"On call at {at} ({asked.timezone})", f"Дежурят на {at} ({asked.timezone})")


def _unclear(asked: Asked, word: str) -> str:
    english = f"“{shown(word)}” is neither a schedule nor a time ({suggest(word, asked.book.schedules)}).\n/oncall [schedule] [18:30 or 2026-12-31T18:30]"
    russian = f"«{shown(word)}» — это не расписание и не время. Расписания: {shown(', '.join(asked.book.schedules), 200)}.\n/oncall [расписание] [18:30 или 2026-12-31T18:30]"
    return asked.say(english, russian)
