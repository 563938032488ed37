"""Calendars that are kept elsewhere: fetched by an address that is a secret, and the last good copy of each. Called by `workers.calendars`."""

import asyncio
import contextlib
import os
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from receiver.core.errors import ReceiverError
from receiver.trust import load_trust

PATIENCE = 10.0
_MOST_REDIRECTS = 3


class CalendarUnavailableError(ReceiverError):
    """The far end gave no calendar; the text never holds its address."""


async def fetch(address: str, most_bytes: int, *, patience: float = PATIENCE) -> bytes:
    """The body at this address, within `patience` seconds in all; raises CalendarUnavailableError.

    Redirects are followed on the same host only, so that nobody can point us into our own network. `webcal://` is `https://`.
    """
    url = httpx.URL(address.replace("webcal://", "https://", 1)) if _is_web(address) else None
    if url is None:
        raise CalendarUnavailableError("its address is no web address, write https://…")
    try:
        async with asyncio.timeout(patience), httpx.AsyncClient(verify=load_trust(), trust_env=False, follow_redirects=False, timeout=patience) as http:
            for _ in range(_MOST_REDIRECTS + 1):
                async with http.stream("GET", url, headers={"accept": "text/calendar", "accept-encoding": "identity"}) as answer:
                    if answer.is_success:
                        return await _read(answer, most_bytes)
                    url = _next(answer, url)
    except TimeoutError:
        raise CalendarUnavailableError(f"no answer within {patience:.0f} s") from None
    except (httpx.HTTPError, httpx.InvalidURL) as fault:
        raise CalendarUnavailableError(f"no answer ({type(fault).__name__})") from None  # its text may hold the address
    raise CalendarUnavailableError("it redirects too often")


def _is_web(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https", "webcal") and bool(parts.hostname)


def _next(answer: httpx.Response, url: httpx.URL) -> httpx.URL:
    if not answer.has_redirect_location:
        raise CalendarUnavailableError(f"HTTP {answer.status_code}")
    there = url.join(answer.headers["location"])
    is_upgrade = url.scheme == "http" and there.scheme == "https"
    if there.host != url.host or not (is_upgrade or (there.scheme, there.port) == (url.scheme, url.port)):
        raise CalendarUnavailableError("it redirects to another host")
    return there


async def _read(answer: httpx.Response, most_bytes: int) -> bytes:
    body = bytearray()
    async for part in answer.aiter_raw():
        body += part
        if len(body) > most_bytes:
            raise CalendarUnavailableError(f"it is larger than {most_bytes} bytes")
    return bytes(body)


class KeptCalendars:
    """The last good copy of each calendar: in memory, and in a directory that outlives the process and that commands can read."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._held: dict[str, bytes] = {}

    def load(self, schedule: str) -> bytes | None:
        """The copy of this schedule's calendar; none when there never was one, or it cannot be read."""
        if schedule not in self._held:
            with contextlib.suppress(OSError):
                self._held[schedule] = self._path(schedule).read_bytes()
        return self._held.get(schedule)

    def save(self, schedule: str, raw: bytes) -> None:
        """Keep a copy that was found good; raises OSError when it is kept in memory only."""
        if self.load(schedule) == raw:
            return
        self._held[schedule] = raw
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self._path(schedule).with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(raw)
        fresh.replace(self._path(schedule))

    def _path(self, schedule: str) -> Path:
        return self._directory / f"{schedule}.ics"
