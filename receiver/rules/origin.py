"""Where rules come from, and the last set that was found good. Used by `workers.ruleskeeper`; everything here blocks, so it runs in a thread."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from receiver.core.errors import ReceiverError

GOOD = "rules-last-good"
_COMMIT = "commit"
Fingerprint = tuple[tuple[str, int, int, int], ...]


class RulesRefusedError(ReceiverError):
    """A set of rules that will not be used; `faults` say where and why. `is_transient`: nothing is known to be wrong with the rules themselves."""

    def __init__(self, *faults: str, is_transient: bool = False) -> None:
        """Keep the faults; the text lists them one per line."""
        super().__init__("\n".join(faults))
        self.faults = faults
        self.is_transient = is_transient


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where one set of rules and templates lies; `commit` is git's full id, empty for a plain directory."""

    rules: Path
    templates: Path
    commit: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What an attempt to reload came to: the rules now in force, and why newer ones are not (empty when there are none)."""

    version: str
    commit: str
    changed: bool
    faults: tuple[str, ...] = ()


class Origin(Protocol):
    """Where the next set of rules comes from."""

    @property
    def is_remote(self) -> bool:
        """Whether somebody must go and look, instead of watching files."""
        ...

    def describe(self) -> str:
        """For people; holds no secret."""
        ...

    async def offer(self) -> Place:
        """The newest set; raises RulesRefusedError with the reason when it must not even be read."""
        ...

    async def accept(self, place: Place) -> None:
        """This set is live now."""
        ...


class Directory:
    """Rules in a directory that somebody else writes."""

    is_remote = False

    def __init__(self, rules: Path, templates: Path) -> None:
        """Nothing is read yet."""
        self._place = Place(rules=rules, templates=templates)

    def describe(self) -> str:
        """The directory."""
        return f"directory {self._place.rules}"

    async def offer(self) -> Place:
        """Always the same place; its files change."""
        return self._place

    async def accept(self, place: Place) -> None:
        """Nothing to remember."""


def fingerprint(place: Place) -> Fingerprint:
    """Names, sizes, inodes and times of all files that matter: cheap, and different after any change that is not made to deceive."""
    return tuple(sorted(_marks(place)))


def _marks(place: Place) -> Iterator[tuple[str, int, int, int]]:
    for inside, path in _files(place):
        with contextlib.suppress(OSError):
            found = path.stat()  # through links: Kubernetes swaps a link and leaves the names alone
            yield inside, found.st_size, found.st_ino, found.st_mtime_ns


def _files(place: Place) -> Iterator[tuple[str, Path]]:
    """Each file that is read, by its name inside a copy."""
    for name, directory, patterns in (
        ("rules", place.rules, ("*.yaml", "*.yml", "**/*.ics", "examples/*")),
        ("templates", place.templates, ("*.j2", "notices/*.j2")),
    ):
        for pattern in patterns:
            with contextlib.suppress(OSError):
                yield from ((f"{name}/{path.relative_to(directory).as_posix()}", path) for path in directory.glob(pattern) if path.is_file())


def keep(place: Place, data_dir: Path) -> None:
    """Copy this set beside the data as the last good one; raises OSError. A crash in between leaves the old copy or the new one."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = Path(tempfile.mkdtemp(prefix=f"{GOOD}.", dir=data_dir))
    for inside, path in _files(place):
        (fresh / inside).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, fresh / inside)
    (fresh / _COMMIT).write_text(place.commit)  # last: what lacks it is half a copy
    if (data_dir / GOOD).exists():
        (data_dir / GOOD).rename(Path(tempfile.mkdtemp(prefix=f"{GOOD}.", dir=data_dir)) / GOOD)
    fresh.rename(data_dir / GOOD)
    for path in data_dir.glob(f"{GOOD}.*"):
        shutil.rmtree(path, ignore_errors=True)


def last_good(data_dir: Path) -> Place | None:
    """The copy that `keep` made, if there is one; after a crash between its renames, what they left."""
    for path in (data_dir / GOOD, *sorted(data_dir.glob(f"{GOOD}.*/{GOOD}")), *sorted(data_dir.glob(f"{GOOD}.*"))):
        with contextlib.suppress(OSError):
            return Place(rules=path / "rules", templates=path / "templates", commit=(path / _COMMIT).read_text())
    return None
