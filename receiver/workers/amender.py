"""Lays what people added in the chat over the rules of this replica, within a second of when any replica took it. Run by `app.run`."""

import asyncio

from receiver.core.amendment import Amendments
from receiver.core.errors import StoreUnavailableError
from receiver.engine import Rules
from receiver.store.links import Links
from receiver.telemetry.logs import get_logger

EVERY = 1.0
log = get_logger(__name__)


class Amender:
    """Runs until cancelled."""

    def __init__(self, rules: Rules, links: Links) -> None:
        self._rules, self._links = rules, links

    async def run(self) -> None:
        """Loop: look, sleep; a store that is away changes nothing."""
        while True:
            try:
                await self.look()
            except StoreUnavailableError as fault:
                log.warning("store unavailable, amendments stay as they are", error=str(fault))
            await asyncio.sleep(EVERY)

    async def look(self) -> None:
        """Take over what the store holds now. Raises StoreUnavailableError."""
        found = Amendments(accounts=await self._links.accounts())
        if found != self._rules.amendments:
            self._rules.amend(found)
