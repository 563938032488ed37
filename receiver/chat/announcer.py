"""Tells what comes of schedules: a time with nobody on call, a day ahead and once; a change of who is on call, where the schedule wants it.

Every replica runs this; the store keeps what was told, so one of them tells it, and a restart tells nothing twice. A gap is an alert
of the product's own: it goes where the rules send it, somebody may take it, and it ends when somebody covers it or it is over.
"""

import asyncio
from datetime import datetime, timedelta

from receiver.channels.base import Message
from receiver.channels.render import to_plain
from receiver.channels.words import clock
from receiver.chat.asked import shown
from receiver.chat.post import Post
from receiver.clock import Clock
from receiver.core.incident import Destination
from receiver.core.oncall import find_duty
from receiver.core.rulebook import RuleBook
from receiver.core.schedule import Schedule, Shift
from receiver.engine import Engine, Rules
from receiver.rhythm import keep_looking
from receiver.sources.own import OWN_SOURCE, own_webhook
from receiver.store.announced import Announced
from receiver.telemetry.logs import get_logger

EVERY = 20.0
AHEAD = timedelta(hours=24)
LATE = timedelta(hours=1)
KEPT = timedelta(days=7)
GAP = "OnCallGap"
log = get_logger(__name__)


class Announcer:
    """Runs until cancelled."""

    def __init__(self, rules: Rules, announced: Announced, engine: Engine, post: Post, clock: Clock, *, language: str, timezone: str) -> None:
        self._rules, self._announced, self._engine, self._post, self._clock = rules, announced, engine, post, clock
        self._language, self._timezone = language, timezone

    async def run(self) -> None:
        """Loop: look, sleep; a store that is away is no reason to stop."""
        await keep_looking(self.turn, asyncio.sleep, EVERY, log, "store unavailable, schedules are announced later")

    async def turn(self) -> None:
        """Tell what is due. Raises StoreUnavailableError."""
        book, now = self._rules.current, self._clock.now()
        gaps = {_gap_name(one, gap, now): (one, gap) for one in book.schedules.values() if _is_known(book, one) for gap in one.gaps(now, now + AHEAD)}
        standing = await self._announced.gaps()
        for name in gaps.keys() - standing.keys():
            await self._gap(name, *gaps[name])
        for name in standing.keys() - gaps.keys():
            await self._covered(name, standing[name])
        for schedule in book.schedules.values():
            if place := book.destinations.get(schedule.announce):
                await self._change(book, schedule, place, now)

    async def _gap(self, name: str, schedule: Schedule, gap: Shift) -> None:
        now = self._clock.now()
        end, zone = schedule.next_change(gap.start), schedule.zone.key
        start_en, start_ru = (_dated(gap.start, zone, language) for language in ("en", "ru"))
        english = f"Nobody is on call in {schedule.name} from {start_en}" + (f" to {_dated(end, zone, 'en')}" if end else " on") + f" ({zone})"
        russian = f"В расписании {schedule.name} никто не дежурит с {start_ru}" + (f" до {_dated(end, zone, 'ru')}" if end else "") + f" ({zone})"
        notes = {
            "summary": english,
            "summary_ru": russian,
            "description": f"Add a person or an override: {schedule.where}",
            "description_ru": f"Добавьте дежурного или замену: {schedule.where}",
        }
        since = await self._announced.stand(name, now)
        await self._engine.admit(OWN_SOURCE, own_webhook(_labels(name), notes, since=since))

    async def _covered(self, name: str, since: datetime) -> None:
        notes = {"summary": "The gap is covered or over", "summary_ru": "Дежурный есть, или это время прошло"}
        await self._engine.admit(OWN_SOURCE, own_webhook(_labels(name), notes, since=since, ended=self._clock.now()))
        await self._announced.over(name)

    async def _change(self, book: RuleBook, schedule: Schedule, place: Destination, now: datetime) -> None:
        before, *_, last = [None, *schedule.shifts(now - LATE, now + timedelta(seconds=1))][-2:]
        if before is None or last is None or not last.people:
            return  # nothing changed within the hour, or to nobody: that was told as a gap
        duty, language = find_duty(book, schedule, now), place.language or self._language
        people = ", ".join(shown(person.name) for person in duty.people)
        until = clock(duty.until, place.timezone or self._timezone, now, language) if duty.until else ""
        who = {"en": f"{people} until {until}" if until else people, "ru": f"{people} до {until}" if until else people}
        earlier = ", ".join(shown(person.name) for person in book.named(before.people))
        texts = {
            "en": f"On call in {shown(schedule.name)}: {who['en']}" + (f"\nBefore: {earlier}" if earlier else ""),
            "ru": f"Дежурит ({shown(schedule.name)}): {who['ru']}" + (f"\nДо этого: {earlier}" if earlier else ""),
        }
        text = f"🔁 {texts['ru' if language == 'ru' else 'en']}"
        await self._post.say(f"shift:{schedule.name}:{last.start.isoformat()}", place, Message(html=text, plain=to_plain(text), silent=True), kept=KEPT)


def _dated(at: datetime, zone: str, language: str) -> str:
    """`23 Nov 08:00`, `23.11 08:00`: with its day, as the text may be read on another one."""
    return clock(at, zone, at + timedelta(days=2), language)


def _is_known(book: RuleBook, schedule: Schedule) -> bool:
    """A schedule whose calendar was never read is not blamed."""
    link = book.calendars.get(schedule.name)
    return link is None or link.raw is not None


def _gap_name(schedule: Schedule, gap: Shift, now: datetime) -> str:
    """One that is under way has the name it had when it was ahead."""
    start = gap.start if gap.start > now else schedule.last_change(now)
    return f"{schedule.name} {f'{start:%Y-%m-%dT%H:%MZ}' if start else 'always'}"


def _labels(name: str) -> dict[str, str]:
    schedule, _, start = name.rpartition(" ")
    return {"alertname": GAP, "severity": "warning", "schedule": schedule, "starts": start}
