"""Which Telegram account is whose, for people whom people.yaml gives none: linked by a one-time code. Used by `chat` and `web`."""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta

from redis.asyncio import Redis

from receiver.store.answer import ask
from receiver.store.keys import ACCOUNT_CODE, ACCOUNT_GUESSES, ACCOUNTS

LIFE = timedelta(minutes=10)
MOST_GUESSES = 5
GUESSES_WITHIN = timedelta(hours=1)
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # none that looks like another
_LENGTH = 10


class Links:
    """Codes (kept as digests only) and the accounts they linked."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def new_code(self, person_id: str) -> str:
        """A code for this person: valid once, for LIFE."""
        code = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.hset(_key(code), "person", person_id)
            pipe.pexpire(_key(code), int(LIFE.total_seconds() * 1000))
            await ask(pipe.execute())
        return code

    async def redeem(self, code: str, account: str) -> str | None:
        """Whose code it is; from now on it is this account's alone. None for a wrong one and for an account that has guessed too often."""
        guesses = ACCOUNT_GUESSES + account
        if int(await ask(self._client.get(guesses)) or 0) >= MOST_GUESSES:
            return None
        held = await ask(self._client.hget(_key(code), "person"))
        if held is not None:
            await ask(self._client.hsetnx(_key(code), "by", account))  # the same account may come again: a crash loses no link
            if await ask(self._client.hget(_key(code), "by")) == account.encode():
                return str(held.decode())
        if await ask(self._client.incr(guesses)) == 1:
            await ask(self._client.expire(guesses, int(GUESSES_WITHIN.total_seconds())))
        return None

    async def link(self, account: int, person_id: str) -> None:
        """From now on this account is this person's, and no other account is."""
        others = [one for one, owner in (await self.accounts()).items() if owner == person_id and one != account]
        if others:
            await ask(self._client.hdel(ACCOUNTS, *map(str, others)))
        await ask(self._client.hset(ACCOUNTS, str(account), person_id))

    async def unlink(self, account: int) -> bool:
        """Forget it; False when it was not linked."""
        return bool(await ask(self._client.hdel(ACCOUNTS, str(account))))

    async def accounts(self) -> Mapping[int, str]:
        """Every linked account and its person's id."""
        found = await ask(self._client.hgetall(ACCOUNTS))
        return {int(account): owner.decode() for account, owner in found.items()}


def _key(code: str) -> str:
    return ACCOUNT_CODE + hashlib.sha256(code.strip().upper().encode()).hexdigest()
