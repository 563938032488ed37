"""The public side as it stands, read from the store at most once a second however many read it, and kept for when the store is away.

Called by `routes` for every request and by `twin`. What was read last also lies in a file, so that a start without a store shows it.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import msgspec

from receiver.clock import Clock
from receiver.core.errors import StoreUnavailableError
from receiver.core.notice import PublicNotice
from receiver.store.notices import PublicNotices
from receiver.telemetry.logs import get_logger
from receiver.web.status.document import Document, document
from receiver.web.status.edition import Edition, Site
from receiver.web.status.links import Links

LOOK_EVERY = 1.0  # seconds
RENDER_EVERY = 30.0  # how soon "5 min ago" is put right
PATIENCE = 2.0
MOST_NOTICES = 1000
log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Copy:
    """What was read: every public notice, which state of the store that was, and when (UTC)."""

    notices: tuple[PublicNotice, ...]
    version: int
    as_of: datetime


class Shelf:
    """One for the process. `site` gives the names in force, or None when customers are told nothing."""

    def __init__(self, notices: PublicNotices, site: Callable[[], Site | None], clock: Clock, kept: Path) -> None:
        self._notices, self._site, self._clock, self._kept = notices, site, clock, kept
        self._copy: Copy | None = None
        self._edition: Edition | None = None
        self._documents: dict[str, Document] = {}
        self._looked = self._made = float("-inf")
        self._looking, self._rendering = asyncio.Lock(), asyncio.Lock()
        self._is_away = False

    async def edition(self) -> Edition | None:
        """As it stands now; the last good copy while the store is away; None when nothing was ever read or there is no page."""
        if self._clock.monotonic() - self._looked >= LOOK_EVERY and not (self._copy and self._looking.locked()):
            async with self._looking:
                if self._clock.monotonic() - self._looked >= LOOK_EVERY:
                    await self._look()
                    self._looked = self._clock.monotonic()
        return self._edition

    async def document(self, key: str) -> Document | None:
        """The document with this key, rendered once for all readers."""
        edition = await self.edition()
        if edition is None:
            return None
        found = self._documents.get(key)
        if found is None:
            documents = self._documents
            async with self._rendering:
                found = documents.get(key) or await asyncio.to_thread(document, edition, key, Links())
                if found:
                    documents[key] = found
        return found

    async def _look(self) -> None:
        site, before = self._site(), self._copy
        await self._read()
        if site is None or self._copy is None:
            self._edition, self._documents = None, {}
            return
        made = self._edition
        is_same = made is not None and made.site == site and self._copy is before and made.is_kept == self._is_away
        if is_same and self._clock.monotonic() - self._made < RENDER_EVERY:
            return
        self._made, self._documents = self._clock.monotonic(), {}
        self._edition = Edition(site=site, notices=self._copy.notices, as_of=self._copy.as_of, now=self._clock.now(), is_kept=self._is_away)

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                version = await self._notices.version()
                if self._copy is None or self._copy.version != version:
                    self._copy = await self._reread(version)
                elif self._clock.monotonic() - self._made >= RENDER_EVERY or self._is_away:
                    self._copy = replace(self._copy, as_of=self._clock.now())
            self._is_away = False
        except (StoreUnavailableError, TimeoutError) as fault:
            if not self._is_away:
                log.warning("store unavailable, the status page shows its last good copy", error=str(fault))
            self._is_away = True
            if self._copy is None:
                self._copy = await asyncio.to_thread(load_copy, self._kept)

    async def _reread(self, version: int) -> Copy:
        found = Copy(notices=tuple(await self._notices.recent(MOST_NOTICES)), version=version, as_of=self._clock.now())
        await asyncio.to_thread(save_copy, self._kept, found)
        return found


def load_copy(path: Path) -> Copy | None:
    """The last good copy; None when there is none that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Copy)
    except (OSError, msgspec.DecodeError):
        return None


def save_copy(path: Path, copy: Copy) -> None:
    """Replace the file in one step; a disk that is full is no reason to show nothing."""
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        half.write_bytes(msgspec.json.encode(copy))
        half.replace(path)
    except OSError as fault:
        log.warning("the last good copy of the status page is not kept", error=str(fault))
        with contextlib.suppress(OSError):
            half.unlink()
