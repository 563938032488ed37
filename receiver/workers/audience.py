"""How many would be told, and how much was said within the hour: shown on the card, and a brake on mistakes. Called by `notice_engine`."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from receiver.clock import Clock
from receiver.core.notice_rules import NoticeChannel
from receiver.core.subscriber import EMAIL, TELEGRAM, WEBHOOK
from receiver.store.subscribers import Subscribers

KINDS = {"email": EMAIL, "telegram-private": TELEGRAM, "webhooks": WEBHOOK}  # of channels that go to subscribers
FRESH = timedelta(seconds=10)


class Audience:
    """Counts are read at most every few seconds: decisions are many."""

    def __init__(self, subscribers: Subscribers, clock: Clock) -> None:
        self._subscribers, self._clock = subscribers, clock
        self._held: dict[str, tuple[datetime, int]] = {}

    async def count(self, channels: Sequence[NoticeChannel]) -> Mapping[str, int]:
        """Recipients by name of channel; channels that are one place are left out."""
        return {one.name: await self._of(KINDS[one.kind]) for one in channels if one.kind in KINDS}

    async def said(self) -> int:
        """How many messages subscribers were sent in this hour."""
        return await self._subscribers.said(self._clock.now())

    async def _of(self, kind: str) -> int:
        now = self._clock.now()
        at, number = self._held.get(kind, (now - FRESH, 0))
        if now - at >= FRESH:
            number = len(await self._subscribers.all(kind))
            self._held[kind] = (now, number)
        return number
