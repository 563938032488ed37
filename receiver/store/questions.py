"""What is only read around a decision. What is asked in one turn of the loop shares a trip to each partition. Used by the store's readers."""

import asyncio
from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis

from receiver.core.errors import StoreUnavailableError
from receiver.store.keys import Partition
from receiver.store.scripts import FAULTS, Argument, send_all
from receiver.telemetry.logs import get_logger

Command = Sequence[Argument]
log = get_logger(__name__)
_Waiting = tuple[Sequence[Command], "asyncio.Future[list[Any]]"]


class Questions:
    """Collects commands: a decision asks in three places at once, and each trip of its own would cost more than its answer."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._waiting: dict[Partition, list[_Waiting]] = {}
        self._under_way: set[asyncio.Task[None]] = set()  # the loop holds tasks weakly; callers await them through their futures

    def ask(self, at: Partition, *commands: Command) -> "asyncio.Future[list[Any]]":
        """The answers in their order; the future ends in StoreUnavailableError where one of these is refused or the store does not answer."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[Any]] = loop.create_future()
        if at not in self._waiting:
            carry = loop.create_task(self._carry(at))
            self._under_way.add(carry)
            carry.add_done_callback(self._under_way.discard)
        self._waiting.setdefault(at, []).append((commands, future))
        return future

    async def _carry(self, at: Partition) -> None:
        asked = self._waiting.pop(at)
        try:
            found = iter(await send_all(self._client, at.of("wake"), [words for commands, _ in asked for words in commands]))
        except Exception as fault:  # whatever it is: who decides about a page must not wait for an answer that never comes
            if not isinstance(fault, FAULTS):
                log.exception("questions were not carried")
            found = iter([fault] * sum(len(commands) for commands, _ in asked))
        for commands, future in asked:
            answers = [next(found) for _ in commands]
            refused = next((one for one in answers if isinstance(one, Exception)), None)
            if future.done():  # whoever asked has gone
                continue
            if refused is None:
                future.set_result(answers)
            else:
                future.set_exception(StoreUnavailableError(str(refused)))
