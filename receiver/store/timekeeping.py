"""One time for all replicas: the store's, counted on by each by steady seconds. Asked by `workers.storewatch`.

The store's clock may be set as well: whoever starts after that would begin where the others were long ago. So the latest instant that
any replica lived through is kept, and nobody stays behind it.
"""

from datetime import UTC, datetime, timedelta

from redis.asyncio import Redis
from redis.exceptions import RedisError

from receiver.clock import TOO_FAR, Clock
from receiver.core.errors import StoreUnavailableError
from receiver.store.keys import META
from receiver.store.scripts import Script

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_agree = Script("agree")


async def agree_on_time(client: Redis, clock: Clock) -> None:
    """Take in what the store's clock says; half a round trip is the error. Raises StoreUnavailableError."""
    try:
        before = clock.now()
        told = await client.time()
        seconds, micros = next(iter(told.values())) if isinstance(told, dict) else told  # a cluster says it node by node
        after = clock.now()
    except (RedisError, OSError, TimeoutError) as fault:
        raise StoreUnavailableError(f"{type(fault).__name__}: {fault}") from fault
    await follow(client, clock, datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=micros) + (after - before) / 2)


async def follow(client: Redis, clock: Clock, stores: datetime) -> None:
    """The store's clock says `stores` now. Raises StoreUnavailableError."""
    clock.correct(stores - clock.now())
    args = [_ms(clock.now()), _ms(stores), _ms(_EPOCH + TOO_FAR)]
    clock.catch_up(_EPOCH + timedelta(milliseconds=int(await _agree.run(client, [META], args))))


def _ms(instant: datetime) -> int:
    return int((instant - _EPOCH) / timedelta(milliseconds=1))
