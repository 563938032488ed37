"""Programs' tokens in the store: digests only, with when each was last used. Used by `web.tokens`."""

import secrets
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
from redis.asyncio import Redis

from receiver.core.token import PREFIX, Scope, Token, digest, parts
from receiver.store.answer import ask
from receiver.store.keys import TOKENS, TOKENS_USED

_NOBODY = Token(id="", name="", scopes=frozenset(), digest="", by="", created_at=datetime.min, expires_at=datetime.min)  # noqa: DTZ901 - compares with nobody's


class Tokens:
    """All of them; every method raises StoreUnavailableError."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def add(self, name: str, scopes: Iterable[Scope], lasts: timedelta, by: str, now: datetime) -> str:
        """A new one; its text is told now and never again. One of the same name is replaced."""
        await self.remove(name)
        token_id, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
        made = Token(id=token_id, name=name, scopes=frozenset(scopes), digest=digest(secret), by=by, created_at=now, expires_at=now + lasts)
        await ask(self._client.hset(TOKENS, token_id, msgspec.json.encode(made)))
        return f"{PREFIX}_{token_id}_{secret}"

    async def all(self) -> list[Token]:
        """By name, with when each was last used."""
        held = await ask(self._client.hvals(TOKENS))
        used = await ask(self._client.hgetall(TOKENS_USED))
        found = [msgspec.json.decode(raw, type=Token) for raw in held]
        return sorted((replace(one, last_used_at=_instant(used.get(one.id.encode()))) for one in found), key=lambda one: one.name)

    async def remove(self, name: str) -> bool:
        """Revoke it; False when there is none of this name."""
        gone = [one.id for one in await self.all() if one.name == name]
        if gone:
            await ask(self._client.hdel(TOKENS, *gone))
            await ask(self._client.hdel(TOKENS_USED, *gone))
        return bool(gone)

    async def holder(self, text: str, now: datetime) -> Token | None:
        """Whose it is; none for one that is wrong, over or revoked. Noted as used."""
        found = parts(text)
        if found is None:
            return None
        raw = await ask(self._client.hget(TOKENS, found[0]))
        held = msgspec.json.decode(raw, type=Token) if raw else _NOBODY
        if not held.is_valid(found[1], now if raw else datetime.max):  # noqa: DTZ901 - nobody's is over
            return None
        await ask(self._client.hset(TOKENS_USED, held.id, int(now.timestamp()) // 60 * 60))
        return held


def _instant(raw: bytes | None) -> datetime | None:
    return datetime.fromtimestamp(int(raw), UTC) if raw else None
