"""Recorded webhooks outside the store: one JSON object a line, plain or compressed by zstd. Called by `cli.trial` and `web.trial`."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec
import zstandard

from receiver.core.durations import DurationError, parse_duration
from receiver.core.errors import ReceiverError
from receiver.store.recorder import Recording
from receiver.trial.cases import instant

_ZSTD = b"\x28\xb5\x2f\xfd"


class RecordingError(ReceiverError):
    """A file of recordings that can't be read: `file:line: what is wrong`."""


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    source: str
    at: datetime
    body: str


_lines = msgspec.json.Decoder(_Line)


def line_of(recording: Recording) -> bytes:
    """One line; the body is a string, so that not a byte of it changes."""
    return msgspec.json.encode({"source": recording.source, "at": recording.at, "body": recording.body.decode("utf-8", "replace")}) + b"\n"


def read_file(path: Path) -> Iterator[tuple[Recording, float]]:
    """Every recording and how much of the file is read by then (0 to 1); raises RecordingError."""
    try:
        size = max(1, path.stat().st_size)
        with path.open("rb") as raw:
            is_packed = raw.read(4) == _ZSTD
            raw.seek(0)
            lines: BinaryIO = raw
            if is_packed:
                lines = io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True), 1 << 20)
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _read(path, number, line), min(1.0, raw.tell() / size)
    except (OSError, zstandard.ZstdError) as fault:
        raise RecordingError(f"{path}: cannot be read ({getattr(fault, 'strerror', None) or fault})") from None


def _read(path: Path, number: int, line: bytes) -> Recording:
    try:
        read = _lines.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise RecordingError(f"{path}:{number}: not a recording ({fault}), each line is an object with source, at and body") from None
    if read.at.tzinfo is None:
        raise RecordingError(f"{path}:{number}: the instant has no offset, write it like 2026-11-23T03:02:00Z")
    return Recording(source=read.source, at=read.at.astimezone(UTC), body=read.body.encode())


def open_writer(path: Path) -> BinaryIO:
    """A file to write lines to, compressed when its name ends in .zst; raises OSError."""
    stream = path.open("wb")
    if path.suffix != ".zst":
        return stream
    return zstandard.ZstdCompressor(level=10).stream_writer(stream, closefd=True)


def since_of(text: str, now: datetime, zone: str) -> datetime:
    """Read `7d`, or an instant; raises ValueError with what to write."""
    try:
        return now - parse_duration(text)
    except DurationError:
        pass
    try:
        return instant(text, zone).astimezone(UTC)
    except ValueError:
        raise ValueError(f'"{text}" is neither a span like 7d nor an instant like 2026-11-23T03:02+03:00') from None
