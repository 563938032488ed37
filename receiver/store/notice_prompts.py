"""Questions the bot asked about notices and still waits for: who edits what, for a quarter of an hour. Used by `chat`."""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec
from redis.asyncio import Redis

from receiver.store.answer import ask
from receiver.store.keys import NOTICE

KEEP = timedelta(minutes=15)
_ENDS = f"{NOTICE}prompts"


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """One question: `field` is title, body, correct, retract or glass; `text` what a person wrote while somebody else was faster."""

    chat: str
    message_id: str
    notice: str
    field: str
    person: str
    name: str = ""
    language: str = ""
    revision: str = ""
    text: str = ""
    token: str = ""


class NoticePrompts:
    """Every method raises StoreUnavailableError."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def keep(self, prompt: Prompt, now: datetime) -> Prompt:
        """Remember a question by its message; answered with the token buttons carry."""
        kept = prompt if prompt.token else replace(prompt, token=secrets.token_hex(4))
        raw, seconds = msgspec.json.encode(kept), int(KEEP.total_seconds())
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.set(_key(kept.chat, kept.message_id), raw, ex=seconds)
            pipe.set(f"{NOTICE}prompt:{kept.token}", raw, ex=seconds)
            pipe.zadd(_ENDS, {f"{kept.chat}|{kept.message_id}": int((now + KEEP).timestamp())})
            await ask(pipe.execute())
        return kept

    async def of(self, chat: str, message_id: str) -> Prompt | None:
        """The question somebody replied to; none when it is answered, over or was never asked."""
        raw = await ask(self._client.get(_key(chat, message_id)))
        return msgspec.json.decode(raw, type=Prompt) if raw else None

    async def by_token(self, token: str) -> Prompt | None:
        """The question a button is about."""
        raw = await ask(self._client.get(f"{NOTICE}prompt:{token}"))
        return msgspec.json.decode(raw, type=Prompt) if raw else None

    async def forget(self, prompt: Prompt) -> None:
        """It is answered."""
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.delete(_key(prompt.chat, prompt.message_id), f"{NOTICE}prompt:{prompt.token}")
            pipe.zrem(_ENDS, f"{prompt.chat}|{prompt.message_id}")
            await ask(pipe.execute())

    async def overdue(self, now: datetime) -> list[tuple[str, str]]:
        """Chat and message of the questions nobody answered; each is given once."""
        found = await ask(self._client.zrangebyscore(_ENDS, "-inf", int(now.timestamp())))
        taken = [member for member in found if await ask(self._client.zrem(_ENDS, member))]
        return [tuple(member.decode().split("|", 1)) for member in taken]


def _key(chat: str, message_id: str) -> str:
    return f"{NOTICE}edit:{chat}:{message_id}"
