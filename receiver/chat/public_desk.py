"""Takes the updates of the bot that customers see, where it is another one than the working bot. Run by `app.run`."""

import asyncio

from receiver.chat.subscribing import Subscribing
from receiver.core.errors import ReceiverError, StoreUnavailableError
from receiver.store.intake import Intake
from receiver.telemetry.logs import get_logger

log = get_logger(__name__)


class PublicDesk:
    """Consumes stored updates until cancelled; what is nothing to it is finished too."""

    def __init__(self, intake: Intake, customers: Subscribing) -> None:
        self._intake, self._customers = intake, customers

    async def run(self) -> None:
        """Loop: take, answer, finish."""
        while True:
            try:
                for update in await self._intake.take():
                    if await self._customers.take(update) is not False:
                        await self._intake.finish(update)
            except StoreUnavailableError as fault:
                log.warning("store unavailable, customers' chat waits", error=str(fault))
                await asyncio.sleep(1)
            except ReceiverError as fault:
                log.warning("customer not answered, comes again", error=str(fault))
