"""Silences that people made here, and of which incident each is. Used by `chat.silence` and `chat.silencer`."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from receiver.core.errors import StoreUnavailableError
from receiver.store.keys import SILENCES


@dataclass(frozen=True, kw_only=True, slots=True)
class MadeSilence:
    """One silence until an instant (UTC); `silence_id` is Alertmanager's, empty until it has said it. `systems` are those of the incident then.

    `via`, `chat`, `place` and `ref` name the message that shows it.
    """

    id: str
    incident_id: str
    labels: Mapping[str, str]
    until: datetime
    by: str
    name: str
    systems: tuple[str, ...]
    silence_id: str = ""
    via: str = ""
    chat: str = ""
    place: str = ""
    ref: str = ""
    language: str = ""
    timezone: str = ""


class Silences:
    """All that are not over."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def keep(self, silence: MadeSilence) -> None:
        """Write it; raises StoreUnavailableError."""
        await _ask(self._client.hset(SILENCES, silence.id, msgspec.json.encode(silence)))

    async def held(self) -> dict[str, MadeSilence]:
        """By id; raises StoreUnavailableError."""
        found = await _ask(self._client.hgetall(SILENCES))
        return {name.decode(): msgspec.json.decode(raw, type=MadeSilence) for name, raw in found.items()}

    async def forget(self, silence_id: str) -> bool:
        """It is over; true for the one who said so first. Raises StoreUnavailableError."""
        return bool(await _ask(self._client.hdel(SILENCES, silence_id)))


async def _ask(question: Awaitable[Any] | Any) -> Any:
    try:
        return await question
    except (RedisError, OSError) as fault:
        raise StoreUnavailableError(str(fault)) from fault
