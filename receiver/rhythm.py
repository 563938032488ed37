"""How workers go on: look and sleep, or work until there is none and wait for a nudge. Used by `workers` and `chat`, for neither knows the other.

A store that is away stops nobody: what was not done is done at the next look.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

from receiver.core.errors import ReceiverError, StoreUnavailableError

Sleep = Callable[[float], Awaitable[None]]
Look = Callable[[], Awaitable[object]]


async def keep_looking(look: Look, sleep: Sleep, every: float, log: Any, missed: str, passing: type[ReceiverError] = StoreUnavailableError) -> NoReturn:
    """Until cancelled: look, then sleep for `every` seconds. A fault that passes is a warning in `log`, `missed` says what was not done."""
    while True:
        try:
            await look()
        except passing as fault:
            log.warning(missed, error=str(fault))
        await sleep(every)


async def wait_for_nudge(nudge: asyncio.Event, seconds: float) -> None:
    """Return when nudged, or after the seconds; clears the nudge."""
    try:
        # Not wait_for: on Python 3.11 it swallows a cancellation that comes together with the nudge, and the worker never ends.
        async with asyncio.timeout(seconds):
            await nudge.wait()
    except TimeoutError:
        return
    nudge.clear()
