"""How updates of Telegram come in: by webhook, or by long polling. One replica holds the lease, and an update is confirmed only after it is stored."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from receiver.channels.base import Evidence
from receiver.channels.telegram import TelegramChannel
from receiver.core.errors import StoreUnavailableError
from receiver.store.intake import Intake
from receiver.telemetry.logs import get_logger

LONG_POLL = 20
WAIT_FOR_LEASE = 3.0
log = get_logger(__name__)


class UpdateSource(Protocol):
    """What the poller needs of the Telegram channel."""

    async def updates(self, offset: int, timeout: int) -> list[dict[str, Any]]:
        """Updates from the offset on, after waiting for at most `timeout` seconds; raises OSError when the far end is away."""
        ...


class Poller:
    """Runs until cancelled."""

    def __init__(self, source: UpdateSource, intake: Intake, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._source = source
        self._intake = intake
        self._sleep = sleep

    async def run(self) -> None:
        """Loop: lease, poll, store, confirm by the next poll's offset."""
        while True:
            try:
                offset = await self._intake.lead()
                if offset is None:
                    await self._sleep(WAIT_FOR_LEASE)
                    continue
                updates = await self._source.updates(offset, LONG_POLL)
                if updates:
                    await self._intake.push(updates, max(int(u["update_id"]) for u in updates) + 1)
            except (StoreUnavailableError, OSError) as fault:
                log.warning("poller waits", error=str(fault))
                await self._sleep(1.0)


async def register_webhook(bot: TelegramChannel, public_url: str, secret: str) -> None:
    """Tell Telegram where to post; again until it has heard."""
    url = f"{public_url.rstrip('/')}/telegram/webhook"
    while (outcome := await bot.set_webhook(url, secret)).evidence is not Evidence.OK:
        log.warning("Telegram does not take the webhook yet", url=url, reason=outcome.reason)
        await asyncio.sleep(30)
