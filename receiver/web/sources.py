"""`/api/v1/sources`: who sends alerts, and a test alert through the very way a real one takes. Called by `receiver sources` and the operator's page."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar import Router, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, JSONBody
from litestar.types import Receive, Scope
from pydantic import AwareDatetime, BaseModel

from receiver.clock import Clock
from receiver.core.alert import AlertId, identify
from receiver.core.errors import UnknownIncidentError
from receiver.core.rulebook import RuleBook
from receiver.core.source import Source
from receiver.sources.reading import read
from receiver.sources.sample import sample
from receiver.store.incidents import Incidents
from receiver.store.quarantine import Quarantine
from receiver.web.auth import bearer_guard
from receiver.web.kinds import path_of, sign

Handle = Callable[[str, Scope, Receive, str], Awaitable[tuple[int, bytes]]]
SecretOf = Callable[[str], str | None]
_LOOKED_AT = 50


class TestRequest(BaseModel):
    """What to send: an alert that fires now, or the end of the one that fires since then."""

    __test__ = False
    since: AwareDatetime | None = None


class Sources:
    """What the handlers need, gathered once."""

    def __init__(
        self, rules: Callable[[], RuleBook], handle: Handle, token_of: SecretOf, secret_of: SecretOf, incidents: Incidents, quarantine: Quarantine, clock: Clock
    ) -> None:
        self._rules, self._handle, self._token_of, self._secret_of = rules, handle, token_of, secret_of
        self._incidents, self._quarantine, self._clock = incidents, quarantine, clock

    async def listing(self) -> list[dict[str, Any]]:
        """Every source of the rules. Raises StoreUnavailableError."""
        return [await self._line(source) for source in self._rules().sources.values()]

    async def _line(self, source: Source) -> dict[str, Any]:
        return {
            "name": source.name,
            "kind": source.kind,
            "path": path_of(source.kind, source.name),
            "auth": "signature" if source.signature else "own token" if source.auth_secret else "token" if self._token_of(source.name) else "none",
            "heard": "in the last day" if await self._quarantine.was_heard(source.name) else "not in the last day",
        }

    async def test(self, source: Source, since: datetime | None) -> dict[str, Any]:
        """Send one alert through the webhook route with this source's credentials; the answer and the incident it came to."""
        started = since or self._clock.now()
        body = sample(source.name, source, started, self._clock.now() if since else None)
        status, answer = await self._handle(source.name, self._scope(source, body), _receive(body), source.kind)
        return {
            "path": path_of(source.kind, source.name),
            "status": status,
            "answer": msgspec.json.decode(answer),
            "since": started.isoformat(),
            "incident": await self._find(source, body) if status == 202 else None,
        }

    def _scope(self, source: Source, body: bytes) -> Scope:
        headers = [(b"content-type", b"application/json")]
        token = self._secret_of(source.auth_secret) if source.auth_secret else self._token_of(source.name)
        if token:
            headers.append((b"authorization", b"Bearer " + token.encode()))
        if source.signature:
            timestamp = str(int(self._clock.now().timestamp()))
            signature = sign(source.signature, self._secret_of(source.signature.secret) or "", body, timestamp)
            headers += [(source.signature.header.encode(), signature.encode()), (source.signature.timestamp_header.encode(), timestamp.encode())]
        return {"type": "http", "method": "POST", "path": path_of(source.kind, source.name), "headers": headers}  # type: ignore[return-value]

    async def _find(self, source: Source, body: bytes) -> str | None:
        webhook = read(source.name, source, body, self._clock.now())
        labels = webhook.alerts[0].labels
        told = {name: labels.get(name, "") for name in webhook.identity} if webhook.identity else labels
        identity = AlertId(identify(source.name, told, source.ignore_labels))
        for incident_id in await self._incidents.recent(_LOOKED_AT):
            try:
                if identity in (await self._incidents.load(incident_id)).alerts:
                    return incident_id
            except UnknownIncidentError:
                continue
        return None


def _receive(body: bytes) -> Receive:
    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def sources_router(sources: Sources, rules: Callable[[], RuleBook], token: str) -> Router:
    """All handlers under `/api/v1/sources`."""

    @get("/")
    async def listing() -> list[dict[str, Any]]:
        return await sources.listing()

    @post("/{name:str}/test", status_code=200)
    async def test(name: FromPath[str], data: JSONBody[TestRequest]) -> dict[str, Any]:
        source = rules().sources.get(name)
        if source is None:
            raise NotFoundException(f"no source {name} in sources.yaml")
        return await sources.test(source, data.since.astimezone(UTC) if data.since else None)

    return Router(path="/api/v1/sources", route_handlers=[listing, test], guards=[bearer_guard(token)])
