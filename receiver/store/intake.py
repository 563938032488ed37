"""Updates of chats, durable before they are confirmed: at-least-once in, applied once because every effect is a state.

Filled by `workers.poller` (long polling), the Telegram webhook and the browser chat; read by `chat.buttons`.
"""

import secrets
from dataclasses import dataclass
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from receiver.core.errors import StoreUnavailableError
from receiver.store.answer import ask
from receiver.store.keys import TELEGRAM_IN, TELEGRAM_OFFSET, TELEGRAM_POLLER, TELEGRAM_REFUSED, TELEGRAM_SEEN
from receiver.store.scripts import Script

GROUP = "chat"
POLLER_LEASE_MS = 45_000
STALE_MS = 8_000
REMEMBERED_MS = 48 * 3600 * 1000  # Telegram keeps an update for a day


@dataclass(frozen=True, slots=True)
class Update:
    """One update and the stream id that acknowledges it."""

    id: bytes
    body: dict[str, Any]


class Intake:
    """One instance per process and bot (the working bot has no name here); its token is the process's name in the lease and in the consumer group."""

    def __init__(self, client: Redis, bot: str = "") -> None:
        self._client = client
        suffix = f":{bot}" if bot else ""
        self._in, self._poller, self._offset = TELEGRAM_IN + suffix, TELEGRAM_POLLER + suffix, TELEGRAM_OFFSET + suffix
        self._token = secrets.token_hex(8)
        self._script, self._receive = Script("intake"), Script("receive")
        self._has_group = False

    async def lead(self) -> int | None:
        """Take or renew the poller's lease: the next offset, or None while another replica polls."""
        if not await self._push([], None):
            return None
        held = await ask(self._client.get(self._offset))
        return int(held or 0)

    async def push(self, updates: list[dict[str, Any]], next_offset: int) -> bool:
        """Store what was polled and move the offset, if the lease is still ours."""
        return await self._push([msgspec.json.encode(u) for u in updates], next_offset)

    async def add(self, update: dict[str, Any]) -> None:
        """Store one press of the browser chat."""
        await ask(self._client.xadd(self._in, {"u": msgspec.json.encode(update)}))

    async def receive(self, update_id: int, update: dict[str, Any]) -> bool:
        """Store one of Telegram's updates that came by HTTP; False for a replayed one, which is ignored."""
        keys = [self._in, f"{TELEGRAM_SEEN}:{update_id}"]
        return bool(await self._receive.run(self._client, keys, [msgspec.json.encode(update), REMEMBERED_MS]))

    async def count_refusal(self, user: str) -> int:
        """How many presses of this person were refused in this hour, with this one."""
        key = f"{TELEGRAM_REFUSED}:{user}"
        count = int(await ask(self._client.incr(key)))
        if count == 1:
            await ask(self._client.expire(key, 3600))
        return count

    async def release(self) -> None:
        """Let another replica poll at once."""
        if await ask(self._client.get(self._poller)) == self._token.encode():
            await ask(self._client.delete(self._poller))

    async def take(self, block_ms: int = 500) -> list[Update]:
        """New updates, and those whose consumer died with them."""
        if not self._has_group:
            await self._make_group()
        try:
            stale = await self._client.xautoclaim(self._in, GROUP, self._token, STALE_MS, "0-0", count=16)
            entries = list(stale[1])
            if not entries:
                fresh: Any = await self._client.xreadgroup(GROUP, self._token, {self._in: ">"}, count=16, block=block_ms)
                entries = fresh[0][1] if fresh else []
        except (RedisError, OSError) as fault:
            self._has_group = False
            raise StoreUnavailableError(str(fault)) from fault
        return [Update(i, msgspec.json.decode(f[b"u"])) for i, f in entries if f]

    async def finish(self, update: Update) -> None:
        """The update has had its effect."""
        await ask(self._client.xack(self._in, GROUP, update.id))
        await ask(self._client.xdel(self._in, update.id))

    async def _push(self, updates: list[bytes], next_offset: int | None) -> bool:
        args: list[Any] = [self._token, POLLER_LEASE_MS, "" if next_offset is None else next_offset, *updates]
        return bool(await self._script.run(self._client, [self._poller, self._offset, self._in], args))

    async def _make_group(self) -> None:
        try:
            await self._client.xgroup_create(self._in, GROUP, id="0", mkstream=True)
        except ResponseError as fault:
            if "BUSYGROUP" not in str(fault):
                raise StoreUnavailableError(str(fault)) from fault
        except (RedisError, OSError) as fault:
            raise StoreUnavailableError(str(fault)) from fault
        self._has_group = True
