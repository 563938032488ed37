"""The browser chat's messages, kept in the store: a chat for people without a bot. Written by `channels.browser`, read by `web.browser`."""

import hashlib
import secrets
from dataclasses import asdict, dataclass
from typing import Any

import msgspec
from redis.asyncio import Redis

from receiver.clock import Clock
from receiver.store.answer import ask

KEPT = 500
ANSWER_SECONDS = 60
_P = "{chat}:"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """One message on the page; `seq` grows with every send and edit, `at` and `edited_at` are milliseconds since the epoch, `picture` is a
    digest of the one it shows."""

    id: str
    chat: str
    seq: int
    at: int
    edited_at: int = 0
    html: str
    buttons: list[list[dict[str, str]]]
    reply_to: str = ""
    is_silent: bool = False
    picture: str = ""


class BrowserChat:
    """All browser chats of this installation."""

    def __init__(self, client: Redis, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def send(self, chat: str, markup: str, buttons: list[list[dict[str, str]]], *, reply_to: str, is_silent: bool, picture: bytes = b"") -> str:
        """Add a message, with a PNG when there is a `picture`; its id."""
        seq, seen = await self._next(), _digest(picture)
        shown = Shown(id=str(seq), chat=chat, seq=seq, at=self._now(), html=markup, buttons=buttons, reply_to=reply_to, is_silent=is_silent, picture=seen)
        await self._put(shown, picture)
        old = await ask(self._client.zrange(_P + "order", 0, -KEPT - 1))
        if old:
            await ask(self._client.hdel(_P + "messages", *old))
            await ask(self._client.hdel(_P + "pictures", *old))
            await ask(self._client.zrem(_P + "order", *old))
        return shown.id

    async def edit(self, ref: str, markup: str, buttons: list[list[dict[str, str]]], picture: bytes = b"") -> bool:
        """Replace a message's text and buttons, and its picture when there is a new one; False when it is no longer kept."""
        raw = await ask(self._client.hget(_P + "messages", ref))
        if raw is None:
            return False
        was = msgspec.json.decode(raw, type=Shown)
        seen = _digest(picture) or was.picture
        if (was.html, was.buttons, was.picture) != (markup, buttons, seen):
            fields = {**asdict(was), "html": markup, "buttons": buttons, "seq": await self._next(), "edited_at": self._now(), "picture": seen}
            await self._put(Shown(**fields), picture)
        return True

    async def picture(self, ref: str) -> bytes:
        """A message's PNG, or nothing."""
        return bytes(await ask(self._client.hget(_P + "pictures", ref)) or b"")

    async def replace_buttons(self, ref: str, buttons: list[list[dict[str, str]]]) -> bool:
        """Replace a message's buttons; False when it is no longer kept."""
        raw = await ask(self._client.hget(_P + "messages", ref))
        return raw is not None and await self.edit(ref, msgspec.json.decode(raw, type=Shown).html, buttons)

    async def changed(self, after: int) -> list[Shown]:
        """What was sent or edited after that sequence number, oldest first."""
        ids = await ask(self._client.zrangebyscore(_P + "order", f"({after}", "+inf"))
        raws = await ask(self._client.hmget(_P + "messages", ids)) if ids else []
        return [msgspec.json.decode(raw, type=Shown) for raw in raws if raw]

    async def answer(self, callback_id: str, text: str, alert: bool = False) -> None:
        """Keep what the presser is told until the page has fetched it."""
        body = msgspec.json.encode({"text": text, "alert": alert})
        key = f"{_P}answer:{callback_id}"
        await ask(self._client.rpush(key, body))
        await ask(self._client.expire(key, ANSWER_SECONDS))

    async def answer_of(self, callback_id: str) -> dict[str, Any] | None:
        """Fetch and forget the answer; waits a second for it."""
        found = await ask(self._client.blpop([f"{_P}answer:{callback_id}"], timeout=1))
        return msgspec.json.decode(found[1]) if found else None

    @staticmethod
    def callback_id() -> str:
        """A fresh name for a press."""
        return secrets.token_hex(8)

    async def _put(self, shown: Shown, picture: bytes = b"") -> None:
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.hset(_P + "messages", shown.id, msgspec.json.encode(shown))
            pipe.zadd(_P + "order", {shown.id: shown.seq})
            if picture:
                pipe.hset(_P + "pictures", shown.id, picture)
            await ask(pipe.execute())

    async def _next(self) -> int:
        return int(await ask(self._client.incr(_P + "seq")))

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1000)


def _digest(picture: bytes) -> str:
    return hashlib.sha256(picture).hexdigest()[:12] if picture else ""
