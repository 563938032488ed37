"""Which trace last brought something to a group, so that what is decided of it later, by any replica, belongs to that trace.

Left by `engine.admit` before admission and asked for by whoever decides; both only where somebody traces. A hint and never a promise: it
lasts an hour, and a store that can't be asked makes a decision the beginning of a trace of its own.
"""

import contextlib
from collections.abc import Iterable, Sequence
from datetime import timedelta

from redis.asyncio import Redis
from redis.exceptions import RedisError

from receiver.store.keys import Partitions
from receiver.telemetry import traces

KEEP = timedelta(hours=1)


class Trails:
    """The trails of all groups."""

    def __init__(self, client: Redis, partitions: Partitions) -> None:
        self._client, self._partitions = client, partitions

    async def leave(self, group_keys: Iterable[str]) -> None:
        """What comes of these groups from now on belongs to the current trace, if that is recorded."""
        if not (trace := traces.current()):
            return
        with contextlib.suppress(RedisError, OSError):
            async with self._client.pipeline(transaction=False) as pipe:
                for group_key in dict.fromkeys(group_keys):
                    pipe.set(self._key(group_key), trace, ex=KEEP)
                await pipe.execute()

    async def of(self, group_keys: Sequence[str]) -> list[str]:
        """The `traceparent` for each, empty where there is none."""
        if not traces.is_on() or not group_keys:
            return [""] * len(group_keys)
        try:
            async with self._client.pipeline(transaction=False) as pipe:
                for group_key in group_keys:
                    pipe.get(self._key(group_key))
                return [(found or b"").decode() for found in await pipe.execute()]
        except (RedisError, OSError):
            return [""] * len(group_keys)

    def _key(self, group_key: str) -> str:
        return self._partitions.of_group(group_key).of("trail", group_key)
