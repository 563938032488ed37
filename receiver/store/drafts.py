"""What somebody is about to confirm: too long for a button, kept for a quarter of an hour. Used by the menus of `chat`."""

import secrets
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any, TypeVar

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from receiver.core.errors import StoreUnavailableError
from receiver.store.keys import DRAFT

LIFE = timedelta(minutes=15)
T = TypeVar("T")


class Drafts:
    """Any value by an id that fits into a button. Reading does not use it up: what it becomes has its id, so twice is once."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def keep(self, value: Any) -> str:
        """Its id; raises StoreUnavailableError."""
        draft_id = secrets.token_hex(5)
        await _ask(self._client.set(DRAFT + draft_id, msgspec.json.encode(value), px=int(LIFE.total_seconds() * 1000)))
        return draft_id

    async def read(self, draft_id: str, kind: type[T]) -> T | None:
        """The value, or None when it is no longer kept or another's kind; raises StoreUnavailableError."""
        raw = await _ask(self._client.get(DRAFT + draft_id))
        try:
            return msgspec.json.decode(raw, type=kind) if raw else None
        except msgspec.ValidationError:
            return None


async def _ask(question: Awaitable[Any] | Any) -> Any:
    try:
        return await question
    except (RedisError, OSError) as fault:
        raise StoreUnavailableError(str(fault)) from fault
