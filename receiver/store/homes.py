"""In which partition an alert lives, whatever the rules make of its group meanwhile. Called by `homing`, on a cluster only.

A claim is a key of its own, its tag the alert: replicas whose rules differ for a moment agree on it before either of them opens anything.
It is believed while the index of that partition has the alert as firing, and just after it was made, when the alert is still on its way.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from receiver.clock import Clock
from receiver.core.errors import StoreUnavailableError
from receiver.store.keys import Partition, Partitions, home
from receiver.store.scripts import Script

KEPT = timedelta(days=90)  # since a replica last asked; it asks again after every start and every change of rules
ON_ITS_WAY = timedelta(seconds=5)  # between a claim and the alert's admission


class Homes:
    """The claims of one store."""

    def __init__(self, client: Redis, clock: Clock, partitions: Partitions) -> None:
        self._client, self._clock, self._partitions = client, clock, partitions
        self._replace = Script("replace")

    async def find(self, firing: Mapping[str, Partition], ended: Collection[str]) -> dict[str, Partition]:
        """Where each of these lives, by member. One that fires and lives nowhere moves in where it wants to; one that ended has no place then.

        Raises StoreUnavailableError.
        """
        now = int(self._clock.now().timestamp() * 1000)
        claims = await self._claim(firing, ended, now)
        doubted, found = {}, {}
        for member, claim in claims.items():
            number, _, since = claim.partition(" ")
            place = self._partitions.numbered(int(number))
            if place is firing.get(member) or now - int(since) < ON_ITS_WAY / timedelta(milliseconds=1):
                found[member] = place
            else:
                doubted[member] = place
        lives = await self._together(lambda pipe: [pipe.hexists(place.of("ix"), member) for member, place in doubted.items()]) if doubted else []
        for (member, place), is_there in zip(doubted.items(), lives, strict=True):
            if is_there:
                found[member] = place
            elif member in firing:
                mine = _claim(firing[member], now)
                said = str(await self._replace.run(self._client, [home(member)], [claims[member], mine, int(KEPT.total_seconds())]), "ascii")
                found[member] = self._partitions.numbered(int(said.partition(" ")[0]))
        return found

    async def _claim(self, firing: Mapping[str, Partition], ended: Collection[str], now: int) -> dict[str, str]:
        kept = int(KEPT.total_seconds())

        def ask(pipe: Any) -> None:
            for member, place in firing.items():
                pipe.set(home(member), _claim(place, now), nx=True, get=True, ex=kept)
            for member in firing:
                pipe.expire(home(member), kept)
            for member in ended:
                pipe.get(home(member))

        said = await self._together(ask)
        claims = {member: str(was, "ascii") if was else _claim(place, now) for (member, place), was in zip(firing.items(), said, strict=False)}
        return claims | {member: str(was, "ascii") for member, was in zip(ended, said[2 * len(firing) :], strict=True) if was}

    async def _together(self, ask: Callable[[Any], object]) -> list[Any]:
        """All that is asked in one trip to each server, answers in order."""
        try:
            async with self._client.pipeline(transaction=False) as pipe:
                ask(pipe)
                return list(await pipe.execute())
        except (RedisError, OSError, TimeoutError, AttributeError) as fault:  # the client forgets its writer when a node goes while it writes
            raise StoreUnavailableError(f"homes: {fault}") from fault


def _claim(place: Partition, now: int) -> str:
    return f"{place.number} {now}"
