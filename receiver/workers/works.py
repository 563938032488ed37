"""Planned work of maintenance.yaml becomes drafts for the support chat: its announcement, its start, its overrun, its end. Run by `app.run`.

People agree to every word as to any other. The id of such a notice is made of window and start, so that any number of replicas and restarts
open it once.
"""

import base64
import hashlib
import hmac
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from receiver.clock import Clock
from receiver.core.alert import matched_labels
from receiver.core.errors import ReceiverError, UnknownNoticeError
from receiver.core.maintenance import MaintenanceWindow
from receiver.core.notice import NoticeId, Phase
from receiver.core.notice_event import HOUSE, Dismissed, Proposed
from receiver.core.notice_record import Dismissal, Notice, Stage
from receiver.engine import Rules
from receiver.notice_engine import NoticeEngine
from receiver.rhythm import keep_looking
from receiver.store.incidents import Incidents
from receiver.store.notice_desk import NoticeDesk
from receiver.telemetry.logs import get_logger

EVERY = 15.0
AHEAD = timedelta(hours=72)
WARN = timedelta(minutes=10)
AFTER = timedelta(days=2)  # how long an end nobody agreed to is still waited for
_UNDER_WAY = (Phase.IN_PROGRESS, Phase.VERIFYING)
log = get_logger(__name__)


class Works:
    """`key` makes the ids: they say nothing of windows."""

    def __init__(self, engine: NoticeEngine, desk: NoticeDesk, incidents: Incidents, rules: Rules, clock: Clock, key: bytes) -> None:
        self._engine, self._desk, self._incidents, self._rules, self._clock, self._key = engine, desk, incidents, rules, clock, key
        self._proposed: set[tuple[NoticeId, str]] = set()

    async def run(self) -> None:
        """Loop: look, sleep."""
        await keep_looking(self.look, self._clock.sleep, EVERY, log, "planned work not looked at", ReceiverError)

    async def look(self) -> None:
        """Every stretch of every window that customers are told of. Raises StoreUnavailableError."""
        book, now = self._rules.current, self._clock.now()
        if book.notices is None:
            return
        for window in book.maintenance:
            if window.component in book.notices.components:
                for start, end in window.time.between(now - AFTER, now + AHEAD):
                    await self._follow(window, start.astimezone(UTC), end.astimezone(UTC), now)

    async def _follow(self, window: MaintenanceWindow, start: datetime, end: datetime, now: datetime) -> None:
        notice_id = self._id(window, start)
        try:
            notice = await self._desk.load(notice_id)
        except UnknownNoticeError:
            if now < end and start < end:
                await self._announce(notice_id, window, start, end, now)
            return
        if end <= start and notice.stage is Stage.OPEN and not notice.is_published:
            await self._engine.apply(notice_id, Dismissed(actor=HOUSE, why=Dismissal.PLANNED))
            return
        key = await self._next(notice, window, start, end, now)
        is_there = notice.draft is not None and (notice.draft.origin == key or notice.draft.publish_at is not None)
        if key and not is_there and (notice_id, key) not in self._proposed:
            self._proposed.add((notice_id, key))
            await self._engine.apply(notice_id, Proposed(actor=HOUSE, key=key))

    async def _announce(self, notice_id: NoticeId, window: MaintenanceWindow, start: datetime, end: datetime, now: datetime) -> None:
        made = Notice(
            id=notice_id, opened_at=now, started_at=start, stage=Stage.OPEN, components=(window.component,), starter="planned",
            scheduled_for=start, scheduled_until=end,
        )  # fmt: skip
        if await self._desk.commit(made, None, now) > 0:
            log.info("planned work comes to the support chat", notice=notice_id, window=window.name)
            await self._engine.apply(notice_id, Proposed(actor=HOUSE, key="planned"))

    async def _next(self, notice: Notice, window: MaintenanceWindow, start: datetime, end: datetime, now: datetime) -> str:
        """The text whose time has come; empty for none. What was never announced is neither begun nor ended."""
        if notice.stage is not Stage.OPEN:
            return ""
        if notice.phase is Phase.SCHEDULED and end <= start:
            return "work-cancelled"
        if notice.phase is Phase.SCHEDULED and start <= now < end:
            return "work-started"
        if notice.phase not in _UNDER_WAY or now < end - WARN:
            return ""
        if await self._still_fires(window):
            return "work-overruns"
        return "work-done" if now >= end else ""

    async def _still_fires(self, window: MaintenanceWindow) -> bool:
        """True while something the work is about is not well."""
        found = await self._incidents.load_many(await self._incidents.held())
        alerts = [alert for incident in found if incident and incident.is_open for alert in incident.firing]
        return any(window.takes(matched_labels(alert.labels, alert.severity)) for alert in alerts)

    def _id(self, window: MaintenanceWindow, start: datetime) -> NoticeId:
        return work_id(self._key, (window.name, start.isoformat()))


def work_id(key: bytes, parts: Collection[str]) -> NoticeId:
    """Eight characters like those of every notice."""
    digest = hmac.new(key, "\n".join(("planned work", *parts)).encode(), hashlib.sha256).digest()
    return NoticeId("N" + base64.b32encode(digest).decode()[:7])
