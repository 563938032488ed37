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

    async def fire(self, name: str, english: str, russian: str, *, about: str = "", severity: str = "warning") -> None:
        """Say it, of one source or thing where `about` names it; again is harmless. Raises StoreUnavailableError: say it again later."""
        key = f"{name}:{about}" if about else name
        since = self._fired[key] = await self._replicas.stand(key, self._clock.now())
        webhook = own_webhook(_labels(name, about, severity), {"summary": english, "summary_ru": russian}, since=since)
        await self._engine.admit(OWN_SOURCE, webhook)

    async def end(self, name: str, english: str, russian: str, *, about: str = "", severity: str = "warning") -> None:
        """Say that it is over, if it stands. Raises StoreUnavailableError: say it again later."""
        key = f"{name}:{about}" if about else name
        since = await self._replicas.standing(key) or self._fired.get(key)
        if since is None:
            return
        webhook = own_webhook(_labels(name, about, severity), {"summary": english, "summary_ru": russian}, since=since, ended=self._clock.now())
        await self._engine.admit(OWN_SOURCE, webhook)
        await self._replicas.over(key)
        self._fired.pop(key, None)


def _labels(name: str, about: str, severity: str) -> dict[str, str]:
    return {"alertname": name, "severity": severity, **({"from_source": about} if about else {})}
