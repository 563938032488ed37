"""Firing alerts that may be stale, set aside until Alertmanager's word or for a few seconds. Used by `vetting`, decided by `workers.suspicion`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from receiver.core.errors import StoreUnavailableError

_KEY = "{src}:suspects"


@dataclass(frozen=True, kw_only=True, slots=True)
class Suspect:
    """One alert as it came, and until when (UTC) it may be waited for."""

    source: str
    receiver: str
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: str
    due_at: datetime

    @property
    def name(self) -> str:
        """The same for the same alert: coming again does not set it aside twice."""
        return f"{self.source}\n{self.starts_at}\n{sorted(self.labels.items())}"


class Suspects:
    """All that are set aside, durable like everything that was answered `202`."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def hold(self, suspects: list[Suspect]) -> None:
        """Set aside; one that is there already keeps its time. Raises StoreUnavailableError."""
        for one in suspects:
            await self._ask(self._client.hsetnx(_KEY, one.name, msgspec.json.encode(one)))

    async def all(self) -> list[Suspect]:
        """Every one. Raises StoreUnavailableError."""
        return [msgspec.json.decode(text, type=Suspect) for text in await self._ask(self._client.hvals(_KEY))]

    async def drop(self, suspect: Suspect) -> None:
        """Its matter is decided. Raises StoreUnavailableError."""
        await self._ask(self._client.hdel(_KEY, suspect.name))

    @staticmethod
    async def _ask(question: Any) -> Any:
        try:
            return await question
        except (RedisError, OSError) as fault:
            raise StoreUnavailableError(str(fault)) from fault
