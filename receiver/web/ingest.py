"""`POST /webhooks/KIND[/SOURCE]`: authenticate, read, parse, admit; `202` only once the store has it.

A bare ASGI handler in front of litestar: routing, middleware and a typed handler cost 10-150 us a request more, and this is the one
route where that counts. Answers: 202 durable · 400 undecodable (kept, an operator told) · 401 · 408 slow ·
413 too large · 415 wrong type · 503 not durable, come again. Never 429: Alertmanager takes any 4xx for a refusal of this flush.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send
from prometheus_client import Counter
from xxhash import xxh3_128_digest

from receiver.clock import Clock
from receiver.core.errors import StoreUnavailableError
from receiver.engine import Engine, Report
from receiver.sources.alertmanager import BadAlert, UndecodableError, parse
from receiver.store.quarantine import Quarantine
from receiver.store.recorder import Recorder
from receiver.store.spool import Spool, Spooled
from receiver.telemetry import metrics
from receiver.telemetry.logs import get_logger
from receiver.web.auth import is_authorized
from receiver.web.kinds import Kinds, named

MOST_BYTES = 16 * 1024 * 1024
PATIENCE = 10.0
TELL_ONCE_PER = timedelta(hours=1)
LETTERS_ADVICE = "To see it: receiver deadletters list", "Посмотреть: receiver deadletters list"
TOKEN_ADVICE = "Compare its token with RECEIVER_WEBHOOK_TOKEN", "Сверьте его токен с RECEIVER_WEBHOOK_TOKEN"
REJECTIONS_LOOKED_AT_EVERY = 60.0
MOST_COUNTERS = 256
ALERTMANAGER = "alertmanager"
_JSON = (b"content-type", b"application/json")
_CLOSE = ((b"connection", b"close"),)
_FURTHER = {408: _CLOSE, 413: _CLOSE, 503: ((b"retry-after", b"2"),)}
_SEED = secrets.randbits(64)  # of digests that never leave this process: nobody can make two bodies that look the same to it
log = get_logger(__name__)


class _Answer(Exception):  # noqa: N818 - not an error: the one way out of reading a request
    def __init__(self, status: int, body: dict[str, Any], raw: bytes = b"", reason: str = "") -> None:
        self.status, self.body, self.raw, self.reason = status, body, raw, reason


class Ingest:
    """The webhook route of one process."""

    def __init__(
        self,
        engine: Engine,
        quarantine: Quarantine,
        recorder: Recorder,
        clock: Clock,
        token_of: Callable[[str], str | None],
        is_ready: Callable[[], bool],
        kinds: Kinds,
        spool: Spool,
    ) -> None:
        self._engine, self._quarantine, self._recorder, self._clock = engine, quarantine, recorder, clock
        self._token_of, self._is_ready, self._kinds, self._spool = token_of, is_ready, kinds, spool
        self._noted_at: dict[str, float] = {}
        self._rejected_at: dict[str, float] = {}
        self._counters: dict[tuple[str, int], Counter] = {}

    def in_front_of(self, rest: ASGIApp) -> ASGIApp:
        """The whole HTTP side: this route first, everything else is answered by `rest`."""

        async def front(scope: Scope, receive: Receive, send: Send) -> None:
            kind, source = named(scope["path"]) if scope["type"] == ScopeType.HTTP else ("", "")
            if not source:
                await rest(scope, receive, send)
                return
            status, body = await self.handle(source, scope, receive, kind)
            self._counted(source, status).inc()
            await send({"type": "http.response.start", "status": status, "headers": headers_of(status, body)})
            await send({"type": "http.response.body", "body": body, "more_body": False})

        return front

    async def handle(self, source: str, scope: Scope, receive: Receive, kind: str = ALERTMANAGER) -> tuple[int, bytes]:
        """The whole life of one request; status and body of the answer."""
        return await _answered(source, self._admit(source, scope, receive, kind))

    async def take(self, source: str, headers: Mapping[bytes, bytes], body: bytes) -> tuple[int, bytes]:
        """The same for a webhook of Alertmanager's kind that is here already and `is_welcome`."""
        status, said = await _answered(source, self._admit_body(source, headers, body, ALERTMANAGER))
        self._counted(source, status).inc()
        return status, said

    def is_welcome(self, source: str, headers: Mapping[bytes, bytes]) -> bool:
        """Say whether the request shows the token of this source, where it needs one."""
        token = self._token_of(source)
        return not token or is_authorized(headers.get(b"authorization", b""), token)

    async def _admit(self, source: str, scope: Scope, receive: Receive, kind: str) -> Report:
        if scope.get("method") != "POST" and (kind == ALERTMANAGER or scope.get("method") != "PUT"):
            raise _Answer(405, {"error": "method_not_allowed", "what_to_do": "POST"})
        headers = dict(scope["headers"])
        if not self.is_welcome(source, headers):
            await self._rejected(source)
            raise _Answer(401, {"error": "unauthorized"})
        if kind != ALERTMANAGER and not self._kinds.is_at_home(kind, source):
            raise _Answer(404, {"error": "no_such_source", "what_to_do": f"name it in sources.yaml with kind: {kind}"})
        try:
            body = await _read(receive)
        except _Answer as answer:
            await self._keep(source, answer.reason, answer.raw)
            raise
        return await self._admit_body(source, headers, body, kind)

    async def _admit_body(self, source: str, headers: Mapping[bytes, bytes], body: bytes, kind: str) -> Report:
        if not _is_json(headers):
            await self._keep(source, "unsupported_type", body)
            raise _Answer(415, {"error": "unsupported_type", "what_to_do": "send application/json, not compressed"})
        if not self._kinds.is_signed(source, headers, body):
            await self._rejected(source)
            raise _Answer(401, {"error": "unauthorized"})
        try:
            return await self._admit_durably(source, body, kind)
        except StoreUnavailableError:
            await self._spool.keep(Spooled(source=source, at=self._clock.now(), is_firing=_may_fire(kind, body), body=body))
            raise

    async def _admit_durably(self, source: str, body: bytes, kind: str) -> Report:
        if not self._is_ready():
            raise StoreUnavailableError("the store can't promise durability")
        digest = source.encode() + xxh3_128_digest(body, _SEED)
        report = await self._engine.admit_again(digest) or await self._admit_parsed(source, body, digest, kind)
        self._recorder.record(source, body)
        if source not in self._noted_at or self._clock.monotonic() - self._noted_at[source] > TELL_ONCE_PER.total_seconds():
            await self._note_heard(source)
        return report

    async def _admit_parsed(self, source: str, body: bytes, digest: bytes, kind: str) -> Report:
        try:
            webhook = parse(body) if kind == ALERTMANAGER else self._kinds.read(source, body)
        except UndecodableError as fault:
            await self._keep(source, fault.reason, body)
            raise _Answer(400, {"error": fault.reason, "at": fault.at}) from None
        report = await self._engine.admit(source, webhook, digest)
        if webhook.bad:
            await self._keep_bad(source, webhook.bad)
        return report

    def _counted(self, source: str, status: int) -> Counter:
        """The counter of these labels; looking it up costs more than counting."""
        counter = self._counters.get((source, status))
        if counter is None:
            shown = "unauthenticated" if status in (401, 404) else source  # a stranger must not make up label values
            counter = metrics.webhooks.labels(source=shown, code=str(status))
            if len(self._counters) < MOST_COUNTERS:
                self._counters[source, status] = counter
        return counter

    async def _note_heard(self, source: str) -> None:
        """This source came in; a source that then shows a wrong token is a lost one, not a stranger."""
        self._noted_at[source] = self._clock.monotonic()
        await self._quarantine.note_heard(source)

    async def _rejected(self, source: str) -> None:
        """A wrong token of a source that was heard in the last day: pages are being lost, so somebody is told. The answer never differs."""
        now = self._clock.monotonic()
        if now - self._rejected_at.get(source, -1e9) < REJECTIONS_LOOKED_AT_EVERY:
            return
        if len(self._rejected_at) > 1000:
            self._rejected_at.clear()
        self._rejected_at[source] = now
        try:
            if await self._quarantine.was_heard(source) and await self._quarantine.is_first(source, "token", TELL_ONCE_PER):
                english = f"{source} has begun to send a wrong token: its alerts are refused and pages are being lost"
                russian = f"{source} начал присылать неверный токен: его алерты отклоняются, часть вызовов теряется"
                await self._tell(source, "WebhookTokenRejected", english, russian, "token", TOKEN_ADVICE)
        except StoreUnavailableError as fault:
            log.warning("a refused source could not be told of", source=source, error=str(fault))

    async def _keep(self, source: str, reason: str, body: bytes) -> None:
        """Quarantine a body nobody could read, and tell an operator once an hour per source and body."""
        digest = sha256(body).hexdigest()
        metrics.quarantined.labels(source=source, reason=reason.partition("@")[0]).inc()
        await self._quarantine.keep(source, reason, body, digest, self._clock.now())
        if await self._quarantine.is_first(source, digest, TELL_ONCE_PER):
            await self._unread(source, "UndecodableWebhook", reason, digest)

    async def _keep_bad(self, source: str, bad: list[BadAlert]) -> None:
        for one in bad:
            digest = sha256(one.raw).hexdigest()
            metrics.quarantined.labels(source=source, reason="bad_alert").inc()
            await self._quarantine.keep(source, one.reason, one.raw, digest, self._clock.now())
            if one.is_firing and await self._quarantine.is_first(source, digest, TELL_ONCE_PER):
                await self._unread(source, "UnreadableAlert", one.reason, digest)

    async def _unread(self, source: str, name: str, reason: str, digest: str) -> None:
        english = f"A webhook from {source} could not be read ({reason}): alerts may be missing"
        russian = f"Не удалось прочитать сообщение от {source} ({reason}): часть алертов могла потеряться"
        await self._tell(source, name, english, russian, digest[:12], LETTERS_ADVICE)

    async def _tell(self, source: str, name: str, english: str, russian: str, about: str, advice: tuple[str, str]) -> None:
        annotations = {"summary": english, "summary_ru": russian, "description": advice[0], "description_ru": advice[1]}
        await self._engine.tell(name, {"from_source": source, "about": about}, annotations)


def _may_fire(kind: str, body: bytes) -> bool:
    return kind not in (ALERTMANAGER, "grafana") or b'"firing"' in body or b'"alerting"' in body


async def _answered(source: str, admission: Awaitable[Report]) -> tuple[int, bytes]:
    try:
        report = await admission
    except _Answer as answer:
        return answer.status, msgspec.json.encode(answer.body)
    except StoreUnavailableError as fault:
        log.warning("webhook refused, store unavailable", source=source, error=str(fault))
        return 503, msgspec.json.encode({"error": "store_unavailable", "what_to_do": "send again"})
    return 202, msgspec.json.encode(report)


def headers_of(status: int, body: bytes) -> list[tuple[bytes, bytes]]:
    """What stands above an answer."""
    return [_JSON, (b"content-length", b"%d" % len(body)), *_FURTHER.get(status, ())]


async def _read(receive: Receive) -> bytes:
    """The body, at most MOST_BYTES of it, within PATIENCE seconds."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await _collect(receive)
    except TimeoutError:
        raise _Answer(408, {"error": "too_slow"}) from None


async def _collect(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Answer(400, {"error": "client_left"}, reason="client_left")
        part = bytes(message.get("body", b""))  # type: ignore[call-overload]  # litestar's union also holds messages without a body
        size += len(part)
        parts.append(part)
        if size > MOST_BYTES:
            text = {"error": "too_large", "limit": MOST_BYTES, "what_to_do": "set max_alerts on this webhook"}
            raise _Answer(413, text, raw=b"".join(parts)[:65536], reason="oversized")
        if not message.get("more_body"):
            return b"".join(parts)


def _is_json(headers: Mapping[bytes, bytes]) -> bool:
    """The type is checked before anything is parsed."""
    kind = headers.get(b"content-type", b"application/json").partition(b";")[0].strip().lower()
    return kind == b"application/json" and headers.get(b"content-encoding", b"identity").strip().lower() == b"identity"
