"""Lays what people added in the chat over the rules of this replica, within a second of when any replica took it. Run by `app.run`."""

import asyncio

from receiver.clock import Clock
from receiver.core.amendment import AdHocWindow, Amendments, Swap, is_over
from receiver.core.errors import CommitConflictError, StoreUnavailableError
from receiver.engine import Rules
from receiver.store.amendments import AmendmentStore, Held
from receiver.store.links import Links
from receiver.telemetry.logs import get_logger

EVERY = 1.0
log = get_logger(__name__)


class Amender:
    """Runs until cancelled."""

    def __init__(self, rules: Rules, links: Links, items: AmendmentStore, clock: Clock) -> None:
        self._rules, self._links, self._items, self._clock = rules, links, items, clock

    async def run(self) -> None:
        """Loop: look, sleep; a store that is away changes nothing."""
        while True:
            try:
                await self._sweep(await self.look())
            except (StoreUnavailableError, CommitConflictError) as fault:
                log.warning("amendments stay as they are", error=str(fault))
            await asyncio.sleep(EVERY)

    async def look(self) -> Held:
        """Take over what the store holds now. Raises StoreUnavailableError."""
        held = await self._items.held()
        taken = tuple(swap for swap in held.swaps if swap.taker)
        found = Amendments(accounts=await self._links.accounts(), windows=held.windows, swaps=taken)
        if found != self._rules.amendments:
            self._rules.amend(found)
        return held

    async def _sweep(self, held: Held) -> None:
        """Forget one thing that is long over; the rest another time."""
        now = self._clock.now()
        items: list[AdHocWindow | Swap] = [*held.windows, *held.swaps]
        old = next((item for item in items if is_over(item, now)), None)
        if old is not None:
            await self._items.remove(old, held.version)
