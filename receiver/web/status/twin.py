"""The static copy: every document of the public side as a file, to be read when this service is down. Run by `app.run` on every replica.

Files are written beside the old ones, and one rename of a link shows them all at once; a reader never finds half of it. Links between
pages are relative, so the copy may be pushed to any host, bucket or branch.
"""

import asyncio
import contextlib
import hashlib
import os
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from receiver.clock import Clock
from receiver.telemetry.logs import get_logger
from receiver.web.status.document import document, keys
from receiver.web.status.edition import Edition
from receiver.web.status.links import Links, file_of
from receiver.web.status.shelf import Shelf

EVERY = 1.0
AGAIN_OPEN, AGAIN_QUIET = timedelta(minutes=5), timedelta(hours=1)  # "5 min ago" and the bars of the day grow old too
KEPT = 2  # the copy before is left to those who are reading it
log = get_logger(__name__)


class Twin:
    """Keeps `directory` (a link) as the newest copy; what it points at lies beside it."""

    def __init__(self, shelf: Shelf, directory: Path, clock: Clock) -> None:
        self._shelf, self._directory, self._clock = shelf, directory, clock
        self._written: Edition | None = None

    async def run(self) -> None:
        """Loop: look, write when something was said or the copy grew old."""
        while True:
            await self.look()
            await self._clock.sleep(EVERY)

    async def look(self) -> None:
        """Write if there is something new; a disk that is full is told in the log and tried again."""
        edition = await self._shelf.edition()
        if edition is None or edition.is_kept or not self._is_new(edition):
            return
        try:
            await asyncio.to_thread(write_copy, edition, self._directory)
        except OSError as fault:
            log.warning("the static copy of the status page is not written", error=str(fault))
            return
        self._written = edition

    def _is_new(self, edition: Edition) -> bool:
        before = self._written
        if before is None or before.site != edition.site or before.notices != edition.notices:
            return True
        return edition.now - before.now >= (AGAIN_OPEN if edition.open or edition.works else AGAIN_QUIET)


def write_copy(edition: Edition, directory: Path) -> None:
    """Make the link `directory` show this edition, whole. Raises OSError, and then shows what it showed."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    name = f"{edition.as_of:%Y%m%dT%H%M%S}-{hashlib.sha256(repr(edition).encode()).hexdigest()[:8]}-{os.getpid()}"
    made = directory.parent / f"{directory.name}.d" / name
    half = made.with_name(f".{name}")
    shutil.rmtree(half, ignore_errors=True)
    try:
        _write_files(replace(edition), half)
        shutil.rmtree(made, ignore_errors=True)
        half.rename(made)
    except OSError:
        shutil.rmtree(half, ignore_errors=True)
        raise
    _point(directory, made)
    _forget_old(made)


def _write_files(edition: Edition, into: Path) -> None:
    for key in keys(edition):
        found = document(edition, key, Links(is_copy=True))
        if found:
            path = into / file_of(key)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(found.content)


def _point(directory: Path, made: Path) -> None:
    link = directory.with_name(f".{directory.name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        link.unlink()
    link.symlink_to(made.relative_to(directory.parent), target_is_directory=True)
    if directory.is_dir() and not directory.is_symlink():
        directory.rename(directory.with_name(f"{directory.name}.before"))  # somebody's own directory is not deleted
    link.replace(directory)


def _forget_old(made: Path) -> None:
    others = sorted((p for p in made.parent.iterdir() if not p.name.startswith(".") and p != made), key=lambda p: p.stat().st_mtime, reverse=True)
    for old in others[KEPT - 1 :]:
        shutil.rmtree(old, ignore_errors=True)
