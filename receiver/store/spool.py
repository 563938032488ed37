"""Webhooks that the store could not take, on this machine's disk until it can. Used by `web.ingest`, `workers.breakglass` and `workers.respool`.

One file for each body, synced before the answer: what was answered `503` is not lost when its sender does not come again. The directory has a
bound; over it the oldest that says nothing but resolved goes first, then the oldest. The same body is kept once.
"""

import asyncio
import hashlib
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

MOST_BYTES = 256 * 1024 * 1024
_SUFFIX = ".json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Spooled:
    """One body as it came; `at` in UTC. `is_firing` is false only for one that surely says nothing but resolved."""

    source: str
    at: datetime
    is_firing: bool
    body: bytes


class Spool:
    """The directory. All work with files runs in a thread; `count` is what waits."""

    def __init__(self, directory: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self._directory, self._most = directory, most_bytes
        self._lock = asyncio.Lock()
        self.dropped = 0
        self._turn = 0
        self._sizes = {path.name: path.stat().st_size for path in sorted(directory.glob(f"*{_SUFFIX}"))} if directory.is_dir() else {}

    @property
    def count(self) -> int:
        """How many wait."""
        return len(self._sizes)

    async def keep(self, one: Spooled) -> None:
        """Write and sync; returns when the disk has it. Raises OSError when it has not."""
        digest = hashlib.sha256(b"%b\n%b" % (one.source.encode(), one.body)).hexdigest()[:24]
        async with self._lock:
            if any(digest in name for name in self._sizes):
                return
            self._turn += 1
            name = f"{int(one.at.timestamp() * 1_000_000):017d}-{self._turn:08d}-{digest}-{'F' if one.is_firing else 'R'}{_SUFFIX}"
            content = msgspec.json.encode(one)
            await asyncio.to_thread(_write, self._directory, name, content)
            self._sizes[name] = len(content)
            await self._make_room()

    async def _make_room(self) -> None:
        while sum(self._sizes.values()) > self._most and len(self._sizes) > 1:
            names = sorted(self._sizes)
            oldest = next((name for name in names if f"-R{_SUFFIX}" in name), names[0])
            await self._forget(oldest)
            self.dropped += 1

    async def _forget(self, name: str) -> None:
        await asyncio.to_thread((self._directory / name).unlink, missing_ok=True)
        self._sizes.pop(name, None)

    def names(self) -> list[str]:
        """What waits, oldest first."""
        return sorted(self._sizes)

    async def read(self, name: str) -> Spooled | None:
        """One of them; none when the file is gone or damaged."""
        try:
            return msgspec.json.decode(await asyncio.to_thread((self._directory / name).read_bytes), type=Spooled)
        except (OSError, msgspec.DecodeError):
            return None

    async def done(self, name: str) -> None:
        """The store has it now."""
        async with self._lock:
            await self._forget(name)


def _write(directory: Path, name: str, content: bytes) -> None:
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(directory / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(handle, view) :]
        os.fsync(handle)
    finally:
        os.close(handle)
    folder = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
