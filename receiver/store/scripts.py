"""Lua scripts by file name, called by digest and sent whole when the server does not know them (after a restart)."""

import hashlib
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from redis.asyncio import Redis, RedisCluster
from redis.exceptions import NoScriptError, RedisError

from receiver.core.errors import StoreUnavailableError
from receiver.store.cluster import send_together
from receiver.store.connection import Line
from receiver.store.promise import Command, Promise

Argument = str | bytes | int
FAULTS = (RedisError, OSError, TimeoutError, AttributeError)  # the client forgets its writer when a node goes while it writes


class Script:
    """One Lua file. `run` is EVALSHA, then EVAL once on NOSCRIPT; any other error is the caller's."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._text = files("receiver.store").joinpath(f"{name}.lua").read_bytes()
        self._digest = hashlib.sha1(self._text, usedforsecurity=False).hexdigest()

    async def run(self, client: Redis | Line, keys: Sequence[str], args: Sequence[Argument], promise: Promise | None = None) -> Any:
        """Execute, and await what the promise asks for; raises StoreUnavailableError when the server did not confirm."""
        commands = promise.commands if promise else ()
        try:
            try:
                return await self._call(client, keys, ("EVALSHA", self._digest, len(keys), *keys, *args), commands)
            except NoScriptError:
                return await self._call(client, keys, ("EVAL", self._text, len(keys), *keys, *args), commands)
        except FAULTS as fault:
            raise StoreUnavailableError(f"{self.name}: {fault}") from fault

    async def run_many(self, client: Redis, keys: Sequence[str], calls: Sequence[Sequence[Argument]], promise: Promise | None = None) -> list[Any]:
        """Execute once per list of arguments, all in one trip, each on its own; raises StoreUnavailableError when one was not confirmed."""
        if len(calls) == 1:
            return [await self.run(client, keys, calls[0], promise)]
        commands = promise.commands if promise else ()
        try:
            said = await send_all(client, keys[0], [*(("EVALSHA", self._digest, len(keys), *keys, *args) for args in calls), *commands])
        except FAULTS as fault:
            raise StoreUnavailableError(f"{self.name}: {fault}") from fault
        answers = list(said[: len(calls)])
        for at, answer in enumerate(said):
            if isinstance(answer, NoScriptError):
                answers[at] = await self.run(client, keys, calls[at], promise)
            elif isinstance(answer, Exception):
                raise StoreUnavailableError(f"{self.name}: {answer}") from answer
        Promise.check(commands, list(said[len(calls) :]))
        return answers

    @staticmethod
    async def _call(client: Redis | Line, keys: Sequence[str], words: tuple[Argument, ...], commands: tuple[Command, ...]) -> Any:
        if not commands:
            return await client.execute_command(*words)
        answer, *confirmations = await send_all(client, keys[0], [words, *commands])
        for said in (answer, *confirmations):
            if isinstance(said, Exception):
                raise said
        Promise.check(commands, confirmations)
        return answer


async def send_all(client: Redis | Line, key: str, commands: Sequence[Sequence[Argument]]) -> list[Any]:
    """Several commands in one trip by one connection; an error in the place of an answer."""
    if isinstance(client, RedisCluster):
        return await send_together(client, key, commands)
    async with client.pipeline(transaction=False) as pipe:
        for words in commands:
            pipe.execute_command(*words)
        return list(await pipe.execute(raise_on_error=False))
