"""A far end in the process of a campaign: performs, then now and then loses the answer or hangs. What it performed is the oracle."""

import asyncio
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from receiver.channels.base import Evidence, Message, Outcome
from receiver.clock import ManualClock
from receiver.core.incident import Destination

MARK = "Possible repeat"


@dataclass(frozen=True, kw_only=True)
class Ring:
    """One new message to a person, as the far end performed it."""

    at: datetime
    incident: str
    person: str
    is_marked: bool
    is_silent: bool
    is_confirmed: bool
    is_held: bool = False  # it hung first, so others may have been sent meanwhile


class FarEnd:
    """Performs, then now and then loses the answer or hangs; what it performed is the truth. `asked` is when somebody was first to be rung
    for an incident: the lateness of a timer, without what this end adds by refusing.
    """

    name = "telegram"
    is_idempotent = False

    def __init__(self, clock: ManualClock, rng: random.Random, refused: Callable[[], None]) -> None:
        self._clock, self._random, self._refused = clock, rng, refused
        self.rings: list[Ring] = []
        self.asked: dict[tuple[str, str], datetime] = {}
        self.hangs = asyncio.Event()
        self.hangs.set()
        self._next = 0

    async def send(self, destination: Destination, message: Message, reply_to: str = "") -> Outcome:
        """Perform; the answer may be lost on its way."""
        await asyncio.sleep(0)
        is_held = not self.hangs.is_set()
        await self.hangs.wait()
        chance = self._random.random()
        found = re.search(r"INC-\d+", message.plain)
        if destination.person and found:
            self.asked.setdefault((found[0], destination.person), self._clock.now())
        if chance < 0.02:
            self._refused()
            return Outcome(evidence=Evidence.NOT_SENT, reason="connection refused")
        self._next += 1
        is_heard = chance >= 0.04
        if destination.person and found:
            self.rings.append(
                Ring(
                    at=self._clock.now(),
                    incident=found[0],
                    person=destination.person,
                    is_marked=MARK in message.plain,
                    is_silent=message.silent,
                    is_confirmed=is_heard,
                    is_held=is_held,
                )
            )
        await asyncio.sleep(0)
        return Outcome(evidence=Evidence.OK, ref=str(self._next)) if is_heard else Outcome(evidence=Evidence.UNKNOWN, reason="reset")

    async def edit(self, destination: Destination, ref: str, message: Message) -> Outcome:
        """Rings nobody."""
        await asyncio.sleep(0)
        return Outcome(evidence=Evidence.OK, ref=ref)

    async def edit_buttons(self, _chat: str, _ref: str, _rows: Any) -> None:
        """Rings nobody."""

    async def close(self) -> None:
        """Nothing is held."""
