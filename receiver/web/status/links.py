"""Where documents of the public side lie: under `/status` when served, beside each other as files in the static copy. Pure."""

import posixpath
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Links:
    """`is_copy` gives relative addresses between files, so that the copy may lie anywhere, also on a disk."""

    is_copy: bool = False

    def to(self, key: str, at: str) -> str:
        """The address of a document, as written in the document `at`."""
        if not self.is_copy:
            return f"/status/{key}" if key else "/status"
        return posixpath.relpath(file_of(key), posixpath.dirname(file_of(at)) or ".")


def file_of(key: str) -> str:
    """The file a document is kept in: `ru/index.html`, `ru/notices/N1.html`, `api/v2/summary.json`."""
    name = key.rpartition("/")[2]
    if "." in name:
        return key
    return f"{key}.html" if "/" in key else posixpath.join(key, "index.html")
