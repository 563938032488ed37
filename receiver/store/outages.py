"""What can't be reached, and since when; shared by all replicas, so that each is told once. Written by `workers.reach`, told by `chat.outage`."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
from redis.asyncio import Redis

from receiver.core.outage import Outage
from receiver.store.answer import ask
from receiver.store.keys import REACH

_STANDS, _OVER, _PROOF, _LAST = f"{REACH}stands", f"{REACH}over", f"{REACH}proof", f"{REACH}last"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Outages:
    """One entry for each address and channel. `standing` is what this process last saw, `last` the newest of each channel that is over; every
    method raises StoreUnavailableError.
    """

    def __init__(self, client: Redis) -> None:
        self._client = client
        self.standing: Mapping[str, Outage] = {}
        self.last: Mapping[str, Outage] = {}

    async def refresh(self) -> Mapping[str, Outage]:
        """Read again what stands, by key."""
        self.standing = {key.decode(): _decode(raw) for key, raw in (await ask(self._client.hgetall(_STANDS))).items()}
        self.last = {key.decode(): _decode(raw) for key, raw in (await ask(self._client.hgetall(_LAST))).items()}
        return self.standing

    def was_out(self, channel: str, instant: datetime) -> bool:
        """True when this whole channel was out then, by what this process last saw."""
        found = (self.standing.get(channel), self.last.get(channel))
        return any(one is not None and one.since <= instant and (one.over_at is None or instant <= one.over_at) for one in found)

    async def begin(self, outage: Outage) -> None:
        """It stands from now on; whichever replica said so first says since when and why."""
        await ask(self._client.hsetnx(_STANDS, outage.key, msgspec.json.encode(outage)))
        await self.refresh()

    async def end(self, key: str, now: datetime) -> None:
        """It is over; its end is to be told."""
        raw = await ask(self._client.hget(_STANDS, key))
        if raw is not None:
            over = replace(_decode(raw), over_at=now)
            async with self._client.pipeline(transaction=True) as pipe:
                pipe.hdel(_STANDS, key)
                pipe.hsetnx(_OVER, over.identity, msgspec.json.encode(over))
                if over.is_channel:
                    pipe.hset(_LAST, key, msgspec.json.encode(over))
                await ask(pipe.execute())
        await self.refresh()

    async def forget(self, key: str) -> None:
        """Nobody uses that address any more: nothing is to be told."""
        await ask(self._client.hdel(_STANDS, key))
        await self.refresh()

    async def over(self) -> list[Outage]:
        """Those whose end is not told yet."""
        return [_decode(raw) for raw in (await ask(self._client.hgetall(_OVER))).values()]

    async def told(self, outage: Outage) -> None:
        """Its end was told."""
        await ask(self._client.hdel(_OVER, outage.identity))

    async def prove(self, channel: str, now: datetime) -> None:
        """Its far end answered some replica."""
        await ask(self._client.hset(_PROOF, channel, int(now.timestamp() * 1000)))

    async def proved_at(self, channel: str) -> datetime | None:
        """When its far end last answered some replica, within a few seconds; UTC."""
        found = await ask(self._client.hget(_PROOF, channel))
        return _EPOCH + timedelta(milliseconds=int(found)) if found else None


def _decode(raw: bytes) -> Outage:
    return msgspec.json.decode(raw, type=Outage)
