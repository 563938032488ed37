"""Learns from every delivery who and what can't be reached, and when that is over. Asked by `workers.sender`; `chat.outage` tells people.

An address is out of reach when its far end says so (blocked, kicked, no such chat), until a message gets there. A channel is, when nothing
but failures to connect was seen for a while, or its far end refuses the token; until it answers anything. One replica whose own way out is
broken proves nothing while another one gets answers.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from receiver.channels.base import Outcome
from receiver.channels.outage_words import banner
from receiver.clock import Clock
from receiver.core.delivery import Evidence
from receiver.core.destination import Destination
from receiver.core.errors import StoreUnavailableError
from receiver.core.outage import Outage
from receiver.store.outages import Outages
from receiver.telemetry.logs import get_logger

PATIENCE, MOST_FAILURES = timedelta(seconds=10), 3
PROVED_EVERY = timedelta(seconds=5)
ANSWERED = frozenset(Evidence) - {Evidence.NOT_SENT, Evidence.DOWN, Evidence.UNKNOWN}
log = get_logger(__name__)
Ask = Callable[[], Awaitable[Outcome]]


class Reach:
    """What this process has seen lately; what stands is in the store. `asks` are the channels that answer a question that nobody hears."""

    def __init__(self, outages: Outages, clock: Clock, asks: Mapping[str, Ask]) -> None:
        self.outages, self.asks, self._clock = outages, asks, clock
        self._failing: dict[str, tuple[datetime, int]] = {}
        self._proved: dict[str, datetime] = {}
        self._tries: dict[str, str] = {}

    def notes(self, destination: Destination, language: str, timezone: str) -> list[str]:
        """What a new message says below of channels that are out; the reader of the browser chat has it above everything."""
        now = self._clock.now()
        found = [one for one in self.outages.standing.values() if one.is_channel and destination.channel != "browser"]
        return [f"⚠ {banner(one, language, timezone, now)}" for one in found]

    def is_taken(self, slot: str, channel: str) -> bool:
        """True when another message tries already whether this channel is back: the one that gets through says that it was out."""
        return channel in self.outages.standing and self._tries.setdefault(channel, slot) != slot

    def put_down(self, slot: str, channel: str) -> None:
        """Its try is over: another one may try."""
        if self._tries.get(channel) == slot:
            del self._tries[channel]

    async def learn(self, destination: Destination, outcome: Outcome, *, is_edit: bool) -> None:
        """What one attempt proved; a store that is away is told by the next one."""
        try:
            await self._learn_place(destination, outcome, is_edit=is_edit)
            if destination.channel in self.asks:
                await self.learn_channel(destination.channel, outcome)
        except StoreUnavailableError as fault:
            log.warning("store unavailable, reach is learned later", destination=destination.name, error=str(fault))

    async def _learn_place(self, destination: Destination, outcome: Outcome, *, is_edit: bool) -> None:
        key, now = destination.spot, self._clock.now()
        if outcome.evidence is Evidence.DEAD and key not in self.outages.standing:
            place = Outage(key=key, channel=destination.channel, destination=destination.name, why=outcome.reason, since=now)
            await self.outages.begin(replace(place, person=destination.person, label=destination.label))
        elif outcome.evidence is Evidence.OK and not is_edit and key in self.outages.standing:
            await self.outages.end(key, now)

    async def learn_channel(self, channel: str, outcome: Outcome) -> None:
        """What one request proved of the whole channel. Raises StoreUnavailableError."""
        now = self._clock.now()
        if outcome.evidence in ANSWERED:
            self._failing.pop(channel, None)
            if now - self._proved.get(channel, now - PROVED_EVERY) >= PROVED_EVERY:
                await self.outages.prove(channel, now)
                self._proved[channel] = now
            if channel in self.outages.standing:
                await self.outages.end(channel, now)
        elif outcome.evidence is not Evidence.UNKNOWN and channel not in self.outages.standing:
            since, count = self._failing.get(channel, (now, 0))
            self._failing[channel] = since, count + 1
            is_long = now - since >= PATIENCE and count + 1 >= MOST_FAILURES
            if outcome.evidence is Evidence.DOWN or is_long:
                proved_at = await self.outages.proved_at(channel)
                if proved_at is None or proved_at <= since:
                    await self.outages.begin(Outage(key=channel, channel=channel, why=outcome.reason, since=since))
