"""Notices in the store, as the support team handles them: load, commit, lease what is due, list. Used by `notice_engine` and its workers.

One commit writes the document, its wake-up, the links to incidents and the public projection together. Notices have a tag of their own.
"""

import secrets
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
from redis.asyncio import Redis

from receiver.core.errors import UnknownNoticeError
from receiver.core.incident import IncidentId
from receiver.core.notice import NoticeId, PublicNotice
from receiver.core.notice_delivery import CARD
from receiver.core.notice_record import Notice
from receiver.store.answer import ask
from receiver.store.keys import NOTICE
from receiver.store.notices import encode_public
from receiver.store.promise import Promise
from receiver.store.scripts import Argument, Script

LEASE = timedelta(seconds=10)
TAKEN = -2
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # none that look alike
_decoder = msgspec.json.Decoder(Notice)
_WAKE, _LIST, _OPEN, _COVERS, _BY = (NOTICE + name for name in ("wake", "list", "open", "covers", "by"))


def new_notice_id() -> NoticeId:
    """Opaque: says nothing of how many there are."""
    return NoticeId("N" + "".join(secrets.choice(_ALPHABET) for _ in range(7)))


class NoticeDesk:
    """All notices of the installation. Every method raises StoreUnavailableError."""

    def __init__(self, client: Redis, promise: Promise) -> None:
        self._client = client
        self._promise = promise
        self._commit, self._wake = Script("notice"), Script("wake")

    async def load(self, notice_id: str) -> Notice:
        """One notice; raises UnknownNoticeError."""
        ver, doc = await ask(self._client.hmget(f"{NOTICE}doc:{notice_id}", "ver", "doc"))
        if doc is None:
            raise UnknownNoticeError(notice_id)
        return _read(ver, doc)

    async def commit(self, notice: Notice, public: PublicNotice | None, now: datetime) -> int:
        """Write it if the store still has `notice.version` (0: it is new); the new version, -1 when somebody was faster, or `TAKEN`
        when another open notice covers one of its components.
        """
        speaks = notice.is_open and notice.scheduled_for is None  # planned work does not speak of faults
        claimed = [name for name in notice.components if name not in notice.shares] if speaks else []
        linked = notice.incidents if notice.is_open else ()
        args: list[Argument] = [
            NOTICE,
            notice.id,
            notice.version,
            msgspec.json.encode(notice),
            _ms(notice.wake_at) if notice.wake_at else "",
            encode_public(public) if public else "",
            _ms(public.published_at) if public else "",
            _ms(now),
            "1" if notice.is_open else "0",
            len(claimed),
            *claimed,
            len(linked),
            *linked,
        ]
        return int(await self._commit.run(self._client, [_WAKE], args, self._promise))

    async def lease_due(self, now: datetime, limit: int = 32) -> list[NoticeId]:
        """Take the notices whose wake-up has come; whoever dies with one leaves it due again after the lease."""
        found = await self._wake.run(self._client, [_WAKE], [_ms(now), int(LEASE.total_seconds() * 1000), limit])
        return [NoticeId(i.decode()) for i in found]

    async def covering(self, component: str) -> NoticeId | None:
        """The open notice that speaks of a component."""
        found = await ask(self._client.hget(_COVERS, component))
        return NoticeId(found.decode()) if found else None

    async def of_incident(self, incident_id: IncidentId) -> NoticeId | None:
        """The open notice an incident is linked to."""
        found = await ask(self._client.hget(_BY, incident_id))
        return NoticeId(found.decode()) if found else None

    async def recent(self, limit: int = 100) -> list[Notice]:
        """Newest first, whatever became of them."""
        ids = await ask(self._client.zrevrange(_LIST, 0, limit - 1))
        return await self._many([i.decode() for i in ids])

    async def since(self, since: datetime, limit: int = 500) -> list[Notice]:
        """Those that began since then, newest first, whatever became of them."""
        ids = await ask(self._client.zrevrangebyscore(_LIST, "+inf", _ms(since), start=0, num=limit))
        return await self._many([i.decode() for i in ids])

    async def open(self) -> list[Notice]:
        """Those that are held, offered or published and not over."""
        ids = await ask(self._client.smembers(_OPEN))
        return await self._many(sorted(i.decode() for i in ids))

    async def by_card(self, message_id: str) -> Notice | None:
        """The open notice whose card, or a call beside it, is this message of the support chat."""
        for notice in await self.open():
            if any(d.target == CARD and d.ref == message_id for d in notice.deliveries.values()):
                return notice
        return None

    async def _many(self, ids: Collection[str]) -> list[Notice]:
        if not ids:
            return []
        async with self._client.pipeline(transaction=False) as pipe:
            for notice_id in ids:
                pipe.hmget(f"{NOTICE}doc:{notice_id}", "ver", "doc")
            rows = await ask(pipe.execute())
        return [_read(ver, doc) for ver, doc in rows if doc is not None]


def _ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)


def _read(ver: bytes, doc: bytes) -> Notice:
    return replace(_decoder.decode(doc), version=int(ver))
