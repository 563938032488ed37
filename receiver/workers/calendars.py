"""Keeps the shifts of calendars in the rule book in force: reads every calendar again and again, and keeps the last good copy of each.

A calendar server that is away or sends nonsense changes nothing. Every replica reads for itself.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

from receiver.clients.calendar import CalendarUnavailableError, KeptCalendars, fetch
from receiver.clock import Clock
from receiver.core.rulebook import RuleBook
from receiver.engine import Rules
from receiver.rules.ics import MAX_BYTES, CalendarError, read_calendar
from receiver.rules.imported import Imported, coverage, import_calendars
from receiver.telemetry import metrics
from receiver.telemetry.logs import get_logger

READ_EVERY = 15 * 60.0
LOOK_EVERY = 1.0
log = get_logger(__name__)


async def read_again(book: RuleBook, secret: Callable[[str], str | None], kept: KeptCalendars) -> dict[str, str]:
    """Read every calendar of a rule book that lies elsewhere, and keep the good ones; the schedules that failed, and why."""
    failed: dict[str, str] = {}
    for name, link in book.calendars.items():
        if not link.secret:
            continue
        try:
            raw = await fetch(secret(link.secret) or "", MAX_BYTES)
            await asyncio.to_thread(read_calendar, raw)
            kept.save(name, raw)
        except (CalendarUnavailableError, CalendarError) as fault:
            failed[name] = str(fault) if secret(link.secret) else f"set RECEIVER_SECRET_{link.secret} to its address"
        except OSError as fault:
            log.warning("the copy of a calendar is kept in memory only", schedule=name, error=str(fault.strerror))
    return failed


class Calendars:
    """Runs until cancelled."""

    def __init__(self, rules: Rules, secret: Callable[[str], str | None], kept: KeptCalendars, clock: Clock) -> None:
        self._rules, self._secret, self._kept, self._clock = rules, secret, kept, clock
        self._seen: RuleBook | None = None
        self._read_at = 0.0

    async def run(self) -> None:
        """Loop: a rule book that is new gets its shifts at once, and all calendars are read every 15 minutes."""
        while True:
            await self.turn()
            await asyncio.sleep(LOOK_EVERY)

    async def turn(self) -> None:
        """Do what is due."""
        is_new = self._rules.current is not self._seen
        if is_new:
            await self._put_in(is_new=True)
        now = self._clock.monotonic()
        if not is_new and now - self._read_at < READ_EVERY:
            return
        self._read_at = now
        for name, reason in (await read_again(self._rules.current, self._secret, self._kept)).items():
            metrics.calendar_failures.labels(schedule=name).inc()
            log.warning("calendar not read, its last good copy holds", schedule=name, error=reason)
        await self._put_in(is_new=False)

    async def _put_in(self, *, is_new: bool) -> None:
        book = self._rules.current
        found = await asyncio.to_thread(import_calendars, book, self._kept.load, self._clock.now())
        if self._rules.current is not book:
            return  # somebody put in new rules meanwhile: the next turn is about them
        if found.book.schedules != book.schedules:
            self._rules.current = found.book
        self._seen = self._rules.current
        if is_new:
            _tell(found, self._clock.now())


def _tell(found: Imported, now: datetime) -> None:
    for note in (*found.notes, *coverage(found.book, now)):
        log.warning("on call", note=note)
