"""When each source's Watchdog was last heard of, and whether it is lost; shared by all replicas. Used by `engine` and `workers.watchdog`."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from receiver.core.errors import StoreUnavailableError

_TAG = "{src}:"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """What is kept of one source; instants in UTC. `watched_from` is since when somebody waits for it, the others are `core.signal.Signal`'s."""

    alive_at: datetime | None = None
    since: datetime | None = None
    lost_at: datetime | None = None
    watched_from: datetime | None = None


_FIELDS = tuple(Sighting.__slots__)


class Sightings:
    """One hash per source. Every write converges: replicas say nearly the same, and the newest stands."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def see(self, source: str, *, alive_at: datetime, starts_at: datetime, gap: timedelta) -> None:
        """The Watchdog fires and proves life at `alive_at`; a start later than what is known, or a gap longer than `gap`, begins a new life.

        Raises StoreUnavailableError.
        """
        held = await self.of(source)
        since = held.since or starts_at
        if held.alive_at and alive_at - held.alive_at > gap:
            since = max(since, alive_at)
        fields: dict[Any, Any] = {
            "alive_at": _ms(max(alive_at, held.alive_at or alive_at)),
            "since": _ms(max(since, starts_at)),
        }
        await self._ask(self._client.hset(_key(source), mapping=fields))
        await self._ask(self._client.sadd(f"{_TAG}all", source))

    async def hear(self, source: str, receiver: str) -> None:
        """Alertmanager sends us what it routes to this receiver of its own. Raises StoreUnavailableError."""
        await self._ask(self._client.sadd(f"{_TAG}receivers:{source}", receiver))

    async def receivers(self, source: str) -> frozenset[str]:
        """The receivers whose alerts come to us. Raises StoreUnavailableError."""
        return frozenset(name.decode() for name in await self._ask(self._client.smembers(f"{_TAG}receivers:{source}")))

    async def watch(self, source: str, now: datetime) -> None:
        """A source is watched from now on, unless it was before: what was never seen is missing from then. Raises StoreUnavailableError."""
        await self._ask(self._client.hsetnx(_key(source), "watched_from", _ms(now)))
        await self._ask(self._client.sadd(f"{_TAG}all", source))

    async def lose(self, source: str, now: datetime) -> None:
        """It is missing; since when stays as the first replica said. Raises StoreUnavailableError."""
        await self._ask(self._client.hsetnx(_key(source), "lost_at", _ms(now)))

    async def regain(self, source: str) -> None:
        """It is back. Raises StoreUnavailableError."""
        await self._ask(self._client.hdel(_key(source), "lost_at"))

    async def of(self, source: str) -> Sighting:
        """What is kept of one source. Raises StoreUnavailableError."""
        held = await self._ask(self._client.hgetall(_key(source)))
        return Sighting(**{name: _EPOCH + timedelta(milliseconds=int(held[name.encode()])) for name in _FIELDS if name.encode() in held})

    async def all(self) -> dict[str, Sighting]:
        """Every source that was ever seen or watched. Raises StoreUnavailableError."""
        names = sorted(name.decode() for name in await self._ask(self._client.smembers(f"{_TAG}all")))
        return {name: await self.of(name) for name in names}

    @staticmethod
    async def _ask(question: Any) -> Any:
        try:
            return await question
        except (RedisError, OSError) as fault:
            raise StoreUnavailableError(str(fault)) from fault


def _key(source: str) -> str:
    return f"{_TAG}watchdog:{source}"


def _ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)
