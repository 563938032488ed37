"""Swaps of shifts and planned work that people began in the chat. Used by `chat` and `workers.amender`."""

from dataclasses import dataclass
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from receiver.core.amendment import AdHocWindow, Swap
from receiver.core.errors import CommitConflictError, StoreUnavailableError
from receiver.store.keys import AMENDED, AMENDMENTS
from receiver.store.promise import Promise
from receiver.store.scripts import Script

_KINDS: dict[bytes, type[AdHocWindow] | type[Swap]] = {b"w": AdHocWindow, b"s": Swap}


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """All items at one version; `swaps` include offers that nobody has taken."""

    version: int
    windows: tuple[AdHocWindow, ...] = ()
    swaps: tuple[Swap, ...] = ()


class AmendmentStore:
    """The items of one installation, in the order they begin."""

    def __init__(self, client: Redis, promise: Promise) -> None:
        self._client, self._promise = client, promise
        self._amend = Script("amend")

    async def held(self) -> Held:
        """Everything, as it stood at one moment. Raises StoreUnavailableError."""
        try:
            async with self._client.pipeline(transaction=True) as pipe:
                pipe.get(AMENDED)
                pipe.hgetall(AMENDMENTS)
                version, items = await pipe.execute()
        except (RedisError, OSError) as fault:
            raise StoreUnavailableError(str(fault)) from fault
        found: list[Any] = [msgspec.json.decode(raw, type=_KINDS[name[:1]]) for name, raw in items.items()]
        found.sort(key=lambda one: (one.start, one.id))
        windows = tuple(one for one in found if isinstance(one, AdHocWindow))
        return Held(version=int(version or 0), windows=windows, swaps=tuple(one for one in found if isinstance(one, Swap)))

    async def put(self, item: AdHocWindow | Swap, version: int) -> None:
        """Write it if nothing has changed since that version; raises CommitConflictError, StoreUnavailableError."""
        await self._write(_name(item), msgspec.json.encode(item), version)

    async def remove(self, item: AdHocWindow | Swap, version: int) -> None:
        """Remove it if nothing has changed since that version; raises CommitConflictError, StoreUnavailableError."""
        await self._write(_name(item), b"", version)

    async def _write(self, name: str, item: bytes, version: int) -> None:
        if int(await self._amend.run(self._client, [AMENDMENTS, AMENDED], [version, name, item], self._promise)) < 0:
            raise CommitConflictError(f"{name} was changed by somebody else meanwhile")


def _name(item: AdHocWindow | Swap) -> str:
    return f"{'w' if isinstance(item, AdHocWindow) else 's'}:{item.id}"
