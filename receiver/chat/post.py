"""Says one thing once, outside incidents: an answer to a command, an announcement. Used by `chat.desk` and `chat.announcer`.

At most once where the outcome is unknown: whoever asked may ask again, and nobody is told a thing twice. What certainly was not sent is
tried again by whoever comes back with the same identity.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from receiver.channels.base import Channel, Evidence, Message, Outcome
from receiver.clock import Clock
from receiver.core.incident import Destination
from receiver.store.once import Once
from receiver.store.outbox import Outbox, Pace, pace_of
from receiver.telemetry.logs import get_logger

KEPT = timedelta(hours=48)
MOST_TRIES = 20
AGAIN = {Evidence.NOT_SENT, Evidence.THROTTLED, Evidence.DOWN, Evidence.MOVED}
log = get_logger(__name__)


class Post:
    """One bot's voice outside the outbox; it keeps to the same rate limits."""

    def __init__(self, channels: Mapping[str, Channel], once: Once, outbox: Outbox, paces: Mapping[str, Pace], clock: Clock) -> None:
        self._channels, self._once, self._outbox, self._paces, self._clock = channels, once, outbox, paces, clock

    async def say(self, identity: str, destination: Destination, message: Message, reply_to: str = "", kept: timedelta = KEPT) -> bool:
        """True when nothing remains to be done; False: come back with the same identity. Raises StoreUnavailableError."""
        channel = self._channels.get(destination.channel)
        if channel is None or not await self._once.begin(identity, kept):
            return True
        destination = await self._readdress(destination)
        wait = await self._wait(destination)
        outcome = Outcome(evidence=Evidence.NOT_SENT, reason="rate limit") if wait else await channel.send(destination, message, reply_to)
        if outcome.evidence is Evidence.OK:
            return True
        log.warning("not said", what=identity, evidence=outcome.evidence.value, reason=outcome.reason)
        if outcome.evidence not in AGAIN:
            return True
        await self._aftermath(destination, outcome)
        return await self._once.take_back(identity) >= MOST_TRIES

    async def change(self, destination: Destination, ref: str, message: Message) -> None:
        """Edit what was said; failing to is no failure of what was done."""
        channel = self._channels.get(destination.channel)
        outcome = await channel.edit(destination, ref, message) if channel else None
        if outcome and outcome.evidence is not Evidence.OK:
            log.warning("not changed", chat=destination.address.get("chat"), evidence=outcome.evidence.value, reason=outcome.reason)

    async def _readdress(self, destination: Destination) -> Destination:
        new = (await self._outbox.addresses_moved()).get(_chat(destination), "")
        return replace(destination, address={**destination.address, "chat": int(new)}) if new.lstrip("-").isdigit() else destination

    async def _wait(self, destination: Destination) -> timedelta:
        pace, chat = self._paces.get(destination.channel), _chat(destination)
        if pace is None:
            return timedelta(0)
        return await self._outbox.throttle(chat, destination.channel, self._clock.now(), pace_of(pace, chat), is_page=False)

    async def _aftermath(self, destination: Destination, outcome: Outcome) -> None:
        now = self._clock.now()
        if outcome.evidence is Evidence.THROTTLED and outcome.retry_after:
            await self._outbox.cool(_chat(destination), now + outcome.retry_after, now)
        if outcome.evidence is Evidence.MOVED:
            await self._outbox.moved(destination.channel, str(destination.address.get("chat", "")), outcome.ref)


def _chat(destination: Destination) -> str:
    return f"{destination.channel}:{destination.address.get('chat', '')}"
