"""Public notices in the store: what the status page, feeds and subscribers read. Written by `store.notice_desk` within a notice's own commit.

All keys begin with `{notice}:public:`, so that a server for the public side alone can be given a store user that reads nothing else.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from redis.asyncio import Redis

from receiver.core.notice import PublicNotice
from receiver.store.answer import ask
from receiver.store.keys import NOTICE

DOCS, LIST, VERSION = (f"{NOTICE}public:{name}" for name in ("docs", "list", "version"))
_decoder = msgspec.json.Decoder(PublicNotice)


def encode_public(notice: PublicNotice) -> bytes:
    """As it is kept."""
    return msgspec.json.encode(notice)


class PublicNotices:
    """Reads `PublicNotice` and nothing else. Every method raises StoreUnavailableError."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def one(self, notice_id: str) -> PublicNotice | None:
        """The notice with this id, also a retracted one; None when there is none that was published."""
        raw = await ask(self._client.hget(DOCS, notice_id))
        return _decoder.decode(raw) if raw else None

    async def open(self) -> list[PublicNotice]:
        """Notices that are not over, planned work included; the newest first."""
        return [notice for notice in await self.recent() if notice.is_open]

    async def recent(self, limit: int = 500, before: datetime | None = None) -> list[PublicNotice]:
        """By the instant of publication, newest first; `before` (exclusive, UTC) goes further back."""
        top = f"({int(before.timestamp() * 1000)}" if before else "+inf"
        ids: Sequence[bytes] = await ask(self._client.zrevrangebyscore(LIST, top, "-inf", start=0, num=limit))
        return await self._load(ids)

    async def since(self, start: datetime) -> list[PublicNotice]:
        """All that were published at or after this instant, and those older ones that are still open; newest first."""
        ids: Sequence[bytes] = await ask(self._client.zrevrange(LIST, 0, -1))
        found = await self._load(ids)
        return [notice for notice in found if notice.is_open or notice.published_at >= start or (notice.resolved_at or start) > start]

    async def history(self, now: datetime, days: int = 90) -> list[PublicNotice]:
        """What `core.uptime.days` needs for so many days."""
        return await self.since(now - timedelta(days=days + 1))

    async def version(self) -> int:
        """Counts public changes; two reads with the same number between them read the same."""
        return int(await ask(self._client.get(VERSION)) or 0)

    async def _load(self, ids: Sequence[bytes]) -> list[PublicNotice]:
        raws = await ask(self._client.hmget(DOCS, [i.decode() for i in ids])) if ids else []
        return [_decoder.decode(raw) for raw in raws if raw]
