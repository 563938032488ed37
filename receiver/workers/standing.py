"""The product's own alerts that stand until they are over: told once by whichever replica sees it first, ended by whichever sees the end."""

from datetime import datetime

from receiver.clock import Clock
from receiver.engine import Engine
from receiver.sources.own import OWN_SOURCE, own_webhook
from receiver.store.replicas import Replicas


class Standing:
    """Fires and ends them; what stands is kept in the store, so an end after a restart finds its beginning."""

    def __init__(self, engine: Engine, replicas: Replicas, clock: Clock) -> None:
        self._engine, self._replicas, self._clock = engine, replicas, clock
        self._fired: dict[str, datetime] = {}  # by this process: its end must come even if another replica's end crossed it

    async def fire(self, name: str, english: str, russian: str) -> None:
        """Say it; again is harmless. Raises StoreUnavailableError: say it again later."""
        since = self._fired[name] = await self._replicas.stand(name, self._clock.now())
        webhook = own_webhook(_labels(name), {"summary": english, "summary_ru": russian}, since=since)
        await self._engine.admit(OWN_SOURCE, webhook)

    async def end(self, name: str, english: str, russian: str) -> None:
        """Say that it is over, if it stands. Raises StoreUnavailableError: say it again later."""
        since = await self._replicas.standing(name) or self._fired.get(name)
        if since is None:
            return
        webhook = own_webhook(_labels(name), {"summary": english, "summary_ru": russian}, since=since, ended=self._clock.now())
        await self._engine.admit(OWN_SOURCE, webhook)
        await self._replicas.over(name)
        self._fired.pop(name, None)


def _labels(name: str) -> dict[str, str]:
    return {"alertname": name, "severity": "warning"}
