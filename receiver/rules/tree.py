"""What a git tree may hold, judged from its listing. Pure, but for `write`; used by `rules.git`."""

import unicodedata
from dataclasses import dataclass
from pathlib import Path

from receiver.core.errors import ReceiverError

MOST_FILES = 1_000
MOST_FILE = 1024 * 1024
MOST_BYTES = 16 * 1024 * 1024
MOST_LISTING = 1024 * 1024
_LFS = b"version https://git-lfs.github.com/spec/"
_KINDS = {"120000": "is a symbolic link", "160000": "is a submodule"}


class TreeError(ReceiverError):
    """A commit that is not used; the text names the path."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One plain file of a commit; `size` in bytes."""

    path: str
    blob: str
    size: int


def is_tree(listing: bytes, path: str) -> bool:
    """Whether this path is a directory, by `ls-tree` without recursion."""
    return any(line.startswith(b"040000 tree ") and line.partition(b"\t")[2] == path.encode() for line in listing.split(b"\0"))


def files_of(listing: bytes) -> tuple[Entry, ...]:
    """All files of `ls-tree -r -z --long`; raises TreeError for the first thing that is no plain file of bearable size and name."""
    files = tuple(_entry(line) for line in listing.split(b"\0") if line)
    if len(files) > MOST_FILES:
        raise TreeError(f"holds {len(files)} files, {MOST_FILES} are read: keep the rules in a directory of their own and name it in RECEIVER_RULES_GIT_PATH")
    total = 0
    for entry in files:
        total += entry.size
        if entry.size > MOST_FILE:
            raise TreeError(f"{entry.path}: {entry.size} bytes, a file may have {MOST_FILE}")
        if total > MOST_BYTES:
            raise TreeError(f"{entry.path}: all files together have more than {MOST_BYTES} bytes")
    return files


def _entry(line: bytes) -> Entry:
    about, _, raw = line.partition(b"\t")
    path = _path(raw)
    mode, kind, blob, size = about.decode("ascii").split()
    if mode not in ("100644", "100755") or kind != "blob":
        raise TreeError(f"{path}: {_KINDS.get(mode, f'has the mode {mode}')}, only plain files are read")
    return Entry(path=path, blob=blob, size=int(size))


def _path(raw: bytes) -> str:
    try:
        path = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise TreeError(f"{raw!r}: the name is not UTF-8") from None
    parts = path.split("/")
    if any(part in ("", ".", "..") or part.lower() == ".git" or len(part.encode()) > 255 for part in parts) or "\\" in path:
        raise TreeError(f"{path!r}: a name that leads elsewhere")
    if any(unicodedata.category(char)[0] == "C" for char in path):
        raise TreeError(f"{path!r}: a control character in the name")
    return path


def split_batch(output: bytes, files: tuple[Entry, ...]) -> list[bytes]:
    """The contents out of `cat-file --batch`, in the order of the files; raises TreeError for a file that is not what the listing said."""
    blobs, at = [], 0
    for entry in files:
        head = f"{entry.blob} blob {entry.size}\n".encode()
        start, end = at + len(head), at + len(head) + entry.size
        if output[at:start] != head or output[end : end + 1] != b"\n":
            raise TreeError(f"{entry.path}: its content is missing from the repository")
        blob = output[start:end]
        if blob.startswith(_LFS):
            raise TreeError(f"{entry.path}: is a pointer to Git LFS, the content is not in the repository")
        blobs.append(blob)
        at = end + 1
    return blobs


def write(root: Path, files: tuple[Entry, ...], blobs: list[bytes]) -> None:
    """Write the files under a new directory; raises OSError, also when two names are one here."""
    for entry, blob in zip(files, blobs, strict=True):
        path = root / entry.path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(blob)
