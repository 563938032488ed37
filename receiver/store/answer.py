"""One question to the store, and the one fault that everybody above it knows. Used by the files of `store` that ask by single commands."""

from typing import Any

from redis.exceptions import RedisError

from receiver.core.errors import StoreUnavailableError


async def ask(question: Any) -> Any:
    """What the store answers to a command of its client; raises StoreUnavailableError."""
    try:
        return await question
    except (RedisError, OSError) as fault:
        raise StoreUnavailableError(str(fault)) from fault
