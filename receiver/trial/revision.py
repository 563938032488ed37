"""The rules directory as it is at another git ref: plain files written out, nothing of the repository ever run. Called by `cli.trial`."""

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from receiver.core.errors import ReceiverError
from receiver.rules.yaml import MAX_BYTES

_PLAIN = (b"100644", b"100755")
_MOST_FILES = 2_000
_PATIENCE = 60


class RevisionError(ReceiverError):
    """The ref can't be read; the text is git's own last line, or says what was refused."""


@contextlib.contextmanager
def revision(directory: Path, ref: str) -> Iterator[Path]:
    """A temporary copy of this directory as of `ref`, any name of a commit; raises RevisionError."""
    if ref.startswith("-"):
        raise RevisionError(f'"{ref}" is not the name of a commit')
    if not directory.is_dir():
        raise RevisionError(f"{directory}: no such directory")
    _git(directory, "rev-parse", "--git-dir")
    try:
        commit = _git(directory, "rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}").decode().strip()
    except RevisionError:
        raise RevisionError(f'no commit, branch or tag "{ref}" in the git repository of {directory}: `git branch --all` lists what there is') from None
    prefix = _git(directory, "rev-parse", "--show-prefix").decode().strip()
    listing = _git(directory, "ls-tree", "-r", "-z", "-l", "--full-tree", commit, *(("--", prefix) if prefix else ()))
    with tempfile.TemporaryDirectory(prefix="receiver-rules-") as made:
        entries = [entry for entry in listing.split(b"\0") if entry]
        if not entries:
            raise RevisionError(f"{ref} holds no files in {prefix or 'the repository'}")
        if len(entries) > _MOST_FILES:
            raise RevisionError(f"{ref} holds {len(entries)} files in {prefix or 'the repository'}, at most {_MOST_FILES} are read")
        for entry in entries:
            _write(directory, Path(made), entry, prefix)
        yield Path(made)


def _write(directory: Path, made: Path, entry: bytes, prefix: str) -> None:
    head, _, raw = entry.partition(b"\t")
    mode, kind, name, size = head.split()
    path = PurePosixPath(raw.decode("utf-8", "surrogateescape")).relative_to(prefix or ".")
    if mode not in _PLAIN or kind != b"blob":
        raise RevisionError(f"{path} is no plain file (mode {mode.decode()}), links and submodules are not followed")
    if path.suffix not in (".yaml", ".yml", ".txt") or int(size) > MAX_BYTES or ".." in path.parts:
        return
    target = made / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(_git(directory, "cat-file", "blob", name.decode()))


def _git(directory: Path, *words: str) -> bytes:
    program = shutil.which("git")
    if program is None:
        raise RevisionError("git is not installed")
    try:
        done = subprocess.run([program, "-C", str(directory), *words], capture_output=True, check=False, timeout=_PATIENCE)
    except (OSError, subprocess.TimeoutExpired) as fault:
        raise RevisionError(f"git does not answer: {fault}") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise RevisionError(said[-1] if said else f"git ended with {done.returncode}")
    return done.stdout
