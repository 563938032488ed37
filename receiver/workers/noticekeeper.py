"""Slow looks at open notices: do far ends show what we said, which questions were never answered, what was
published while we were down. Any number of replicas may run this."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from receiver.clock import Clock
from receiver.core.errors import ReceiverError
from receiver.store.notice_desk import NoticeDesk
from receiver.store.notice_prompts import NoticePrompts
from receiver.telemetry.logs import get_logger
from receiver.workers.offline_words import OfflineWords
from receiver.workers.publisher import Publisher

EVERY = timedelta(minutes=1)
COMPARE_EVERY = 3  # turns
log = get_logger(__name__)

TakeAway = Callable[[str, str], Awaitable[None]]
"""Deletes a message of ours: chat and message."""


class NoticeKeeper:
    """Runs until cancelled."""

    def __init__(self, desk: NoticeDesk, prompts: NoticePrompts, publisher: Publisher, take_away: TakeAway, offline: OfflineWords, clock: Clock) -> None:
        self._desk, self._prompts, self._publisher, self._take_away, self._clock = desk, prompts, publisher, take_away, clock
        self.offline = offline

    async def run(self) -> None:
        """Loop: a turn, then a minute's sleep."""
        turn = 0
        while True:
            await self._clock.sleep(EVERY.total_seconds())
            turn += 1
            try:
                await self.turn(compares=turn % COMPARE_EVERY == 0)
            except ReceiverError as fault:
                log.warning("notices not looked at", error=str(fault))

    async def turn(self, *, compares: bool) -> None:
        """Take in what was published offline, take unanswered questions away; every few minutes compare what far ends show. Raises
        StoreUnavailableError.
        """
        await self.offline.look()
        for chat, message_id in await self._prompts.overdue(self._clock.now()):
            await self._take_away(chat, message_id)
        if compares:
            for notice in await self._desk.open():
                await self._publisher.compare(notice)
