"""Brings home what was published while the service was down: `receiver notices publish --offline` leaves it in the data directory.

Looked at when the service starts, before the static copy is written anew, and every minute by `noticekeeper`: a file that somebody brings from
another machine (`offline-notices-NAME.json`) is taken in too. Words are known by their ids, so any replica may look as often as it likes.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from receiver.core.notice_record import Notice
from receiver.telemetry.logs import get_logger

FILE = "offline-notices.json"
_FILES = "offline-notices*.json"
log = get_logger(__name__)

TakeIn = Callable[[Notice], Awaitable[object]]
"""Makes a notice ours, once."""


class OfflineWords:
    """Remembers which state of which file it took in; a file that cannot be read is told once."""

    def __init__(self, directory: Path, take_in: TakeIn) -> None:
        self._directory, self._take_in = directory, take_in
        self._seen: dict[Path, tuple[int, int]] = {}

    async def look(self) -> None:
        """Take in what is new. Raises StoreUnavailableError, CommitConflictError, NoticesOffError; the next look begins again."""
        for path in sorted(self._directory.glob(_FILES)):
            stat = path.stat()
            state = (stat.st_mtime_ns, stat.st_size)
            if self._seen.get(path) == state:
                continue
            try:
                told = read_told(await asyncio.to_thread(path.read_bytes))
            except (OSError, msgspec.DecodeError) as fault:
                log.warning("what was published offline cannot be read", file=path.name, error=str(fault))
                self._seen[path] = state
                continue
            for notice in told:
                await self._take_in(notice)
            self._seen[path] = state


def read_told(content: bytes) -> list[Notice]:
    """The notices of such a file. Raises msgspec.DecodeError."""
    return msgspec.json.decode(content, type=list[Notice])
