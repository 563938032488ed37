"""Time and incidents become events for notices, and their due effects are carried out. Any number of replicas may run this.

Incidents that changed and whose routes tell customers are considered; notices whose time has come wake; what is due of them is delivered.
"""

import asyncio

from receiver.clock import Clock
from receiver.core.errors import NoticesOffError, ReceiverError, StoreUnavailableError
from receiver.core.notice import NoticeId
from receiver.core.notice_delivery import due
from receiver.core.notice_event import Woke
from receiver.engine import Nudge
from receiver.notice_engine import NoticeEngine
from receiver.rhythm import wait_for_nudge
from receiver.store.incidents import Incidents
from receiver.store.notice_desk import NoticeDesk
from receiver.telemetry.logs import get_logger
from receiver.workers.publisher import Publisher

POLL = 0.5
MOST_STEPS = 24
log = get_logger(__name__)


class Noticer:
    """Runs until cancelled; what a crash leaves is taken up again after the lease."""

    def __init__(self, engine: NoticeEngine, desk: NoticeDesk, incidents: Incidents, publisher: Publisher, clock: Clock, nudge: Nudge) -> None:
        self._engine, self._desk, self._incidents, self._publisher = engine, desk, incidents, publisher
        self._clock, self._nudge = clock, nudge
        self.busy = 0

    async def run(self) -> None:
        """Loop: everything due, then sleep until nudged or the poll interval is over."""
        while True:
            self.busy = 1
            try:
                found = await self.turn()
            except StoreUnavailableError as fault:
                log.warning("store unavailable, notices wait", error=str(fault))
                found = 0
                await asyncio.sleep(1)
            self.busy = 0
            if not found:
                await wait_for_nudge(self._nudge.notices, POLL)

    async def turn(self) -> int:
        """Do what is due now; how much there was."""
        now = self._clock.now()
        changed = await self._incidents.lease_telling(now)
        for incident_id in changed:
            try:
                await self._engine.consider(incident_id)
            except StoreUnavailableError:
                raise
            except NoticesOffError:
                pass  # rules without notices.yaml: nobody is told
            except ReceiverError as fault:
                log.warning("incident not considered, comes again", incident=incident_id, error=str(fault))
                continue
            await self._incidents.told(incident_id, now)
        ready = await self._desk.lease_due(self._clock.now())
        for notice_id in ready:
            try:
                await self._one(notice_id)
            except StoreUnavailableError:
                raise
            except ReceiverError as fault:
                log.warning("notice put off", notice=notice_id, error=str(fault))
        return len(changed) + len(ready)

    async def _one(self, notice_id: NoticeId) -> None:
        """Wake it as long as something follows, then deliver what is due."""
        for _ in range(MOST_STEPS):
            plan = await self._engine.apply(notice_id, Woke())
            if plan.before.stage is plan.next.stage and plan.before.draft == plan.next.draft and plan.before.deliveries == plan.next.deliveries:
                break
        for key in due(plan.next.deliveries, self._clock.now()):
            await self._publisher.perform(notice_id, key)
