"""Subscribers in the store: addresses encrypted, found again by a keyed hash, forgotten when they should be. Used by `workers.subscriptions` and
`workers.mailing`; nothing of it is ever shown but to its own subscriber.
"""

import base64
import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from redis.asyncio import Redis

from receiver.core.subscriber import Standing, Subscriber
from receiver.store.answer import ask

TAG = "{sub}:"
DOCS, BY, PENDING, LEFT, ASKED = (TAG + name for name in ("docs", "by", "pending", "left", "asked"))
MOST_ASKED = 10_000
BOUNCED_FOR = timedelta(days=30)
_decoder = msgspec.json.Decoder(Subscriber)


class Subscribers:
    """All of them. `secret` is SECRET_KEY; keys for encryption and for finding are derived from it. Every method raises StoreUnavailableError."""

    def __init__(self, client: Redis, secret: bytes) -> None:
        self._client = client
        self._box = AESGCM(hmac.new(secret, b"subscribers", hashlib.sha256).digest())
        self._finder = hmac.new(secret, b"subscriber lookup", hashlib.sha256).digest()

    async def load(self, subscriber_id: str) -> Subscriber | None:
        """None for one that was removed, and for what another key encrypted."""
        return self._open(await ask(self._client.hget(DOCS, subscriber_id)))

    async def find(self, kind: str, address: str) -> Subscriber | None:
        """By the exact address."""
        found = await ask(self._client.hget(BY, self.mark(kind, address)))
        return await self.load(found.decode()) if found else None

    async def add(self, kind: str, address: str, language: str, components: tuple[str, ...], consent: str, now: datetime) -> Subscriber:
        """A pending one; when the address is known already, the one that is there, unchanged."""
        new_id = secrets.token_hex(8)
        mark = self.mark(kind, address)
        if not await ask(self._client.hsetnx(BY, mark, new_id)) and (known := await self.find(kind, address)):
            return known
        made = Subscriber(id=new_id, kind=kind, address=address, language=language, components=components, asked_at=now, consent=consent)
        await ask(self._client.hset(BY, mark, new_id))
        await self.save(made)
        return made

    async def save(self, one: Subscriber) -> None:
        """As it stands now."""
        await ask(self._client.hset(DOCS, one.id, self._close(msgspec.json.encode(one))))
        for name, standing, at in ((PENDING, Standing.PENDING, one.asked_at), (LEFT, Standing.LEFT, one.left_at or one.asked_at)):
            is_there = one.standing is standing
            await ask(self._client.zadd(name, {one.id: at.timestamp()}) if is_there else self._client.zrem(name, one.id))

    async def remove(self, one: Subscriber) -> None:
        """Nothing of it is left."""
        await ask(self._client.hdel(DOCS, one.id))
        await ask(self._client.hdel(BY, self.mark(one.kind, one.address)))
        await ask(self._client.zrem(PENDING, one.id))
        await ask(self._client.zrem(LEFT, one.id))

    async def quarantine(self, one: Subscriber) -> None:
        """What is sent there comes back: nothing more is sent, and nobody can ask for it anew for a while."""
        await self.save(replace(one, standing=Standing.QUARANTINED))
        await self.cool(one.kind, one.address, BOUNCED_FOR)

    async def forget(self, now: datetime, *, pending: timedelta, left: timedelta) -> int:
        """Those who have not answered, and those who have been gone, for so long; how many."""
        count = 0
        for name, standing, span in ((PENDING, Standing.PENDING, pending), (LEFT, Standing.LEFT, left)):
            for raw in await ask(self._client.zrangebyscore(name, "-inf", (now - span).timestamp())):
                one = await self.load(raw.decode())
                if one and one.standing is standing:
                    await self.remove(one)
                    count += 1
                await ask(self._client.zrem(name, raw))
        return count

    async def all(self, kind: str, standing: Standing = Standing.ACTIVE) -> list[Subscriber]:
        """By id, so that every attempt goes the same way through them."""
        docs: Mapping[bytes, bytes] = await ask(self._client.hgetall(DOCS))
        found = [one for raw in docs.values() if (one := self._open(raw)) and one.kind == kind and one.standing is standing]
        return sorted(found, key=lambda one: one.id)

    async def push_asked(self, wish: bytes) -> None:
        """What somebody asked for, whoever it is; looked at later, so that every answer takes the same time. A flood is cut off."""
        if await ask(self._client.llen(ASKED)) < MOST_ASKED:
            await ask(self._client.rpush(ASKED, self._close(wish)))

    async def next_asked(self) -> tuple[bytes, bytes] | None:
        """The oldest wish, as it is kept and as it was said; it stays until it is dropped."""
        raw = await ask(self._client.lindex(ASKED, 0))
        return (raw, self._decrypt(raw) or b"{}") if raw else None

    async def drop_asked(self, raw: bytes) -> None:
        """This wish is dealt with."""
        await ask(self._client.lrem(ASKED, 1, raw.decode()))

    async def cool(self, kind: str, address: str, span: timedelta) -> None:
        """Leave an address alone for so long, whoever asks."""
        await ask(self._client.set(f"{TAG}cool:{self.mark(kind, address)}", "1", ex=int(span.total_seconds())))

    async def is_cooling(self, kind: str, address: str) -> bool:
        """True while it is to be left alone."""
        return bool(await ask(self._client.exists(f"{TAG}cool:{self.mark(kind, address)}")))

    async def is_within(self, budget: str, most: int, window: timedelta, now: datetime) -> bool:
        """Count one more against a budget; false when it is spent. `budget` is hashed, so an address in it is not readable."""
        slot = int(now.timestamp() // window.total_seconds())
        key = f"{TAG}budget:{self.mark('budget', budget)}:{slot}"
        count = await ask(self._client.incr(key))
        await ask(self._client.expire(key, int(window.total_seconds()) + 60))
        return int(count) <= most

    async def begin(self, mailing: str, subscriber_id: str) -> str:
        """Claim one letter of a mailing: empty when it is ours to send, else how it stands."""
        key = f"{TAG}mailing:{mailing}"
        if await ask(self._client.hsetnx(key, subscriber_id, "begun")):
            await ask(self._client.expire(key, 7 * 86_400))
            return ""
        return (await ask(self._client.hget(key, subscriber_id)) or b"").decode()

    async def ended(self, mailing: str, subscriber_id: str, how: str) -> None:
        """`sent` or `failed`; empty gives the letter free for another attempt."""
        key = f"{TAG}mailing:{mailing}"
        await ask(self._client.hset(key, subscriber_id, how) if how else self._client.hdel(key, subscriber_id))

    async def tries(self, mailing: str, subscriber_id: str) -> int:
        """How often this word of a mailing was tried in vain, with this time."""
        key = f"{TAG}tries:{mailing}"
        count = await ask(self._client.hincrby(key, subscriber_id, 1))
        await ask(self._client.expire(key, 86_400))
        return int(count)

    async def note_said(self, now: datetime) -> None:
        """One more message of this hour."""
        key = f"{TAG}said:{int(now.timestamp()) // 3600}"
        await ask(self._client.incr(key))
        await ask(self._client.expire(key, 7200))

    async def said(self, now: datetime) -> int:
        """Messages of this hour."""
        return int(await ask(self._client.get(f"{TAG}said:{int(now.timestamp()) // 3600}")) or 0)

    def mark(self, kind: str, address: str) -> str:
        """A keyed hash: finds an address, tells nothing of it."""
        return hmac.new(self._finder, f"{kind}\n{address.strip().lower()}".encode(), hashlib.sha256).hexdigest()[:32]

    def _close(self, plain: bytes) -> bytes:
        nonce = secrets.token_bytes(12)
        return base64.b64encode(nonce + self._box.encrypt(nonce, plain, b""))

    def _decrypt(self, raw: bytes | None) -> bytes | None:
        try:
            whole = base64.b64decode(raw or b"")
            return self._box.decrypt(whole[:12], whole[12:], b"")
        except (InvalidTag, ValueError):
            return None

    def _open(self, raw: bytes | None) -> Subscriber | None:
        plain = self._decrypt(raw)
        return _decoder.decode(plain) if plain else None


def network_of(address: str) -> str:
    """The /24 or /64 an address is in: what one person can easily change is not what we count by."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return str(ipaddress.ip_network((found, 64 if found.version == 6 else 24), strict=False))
