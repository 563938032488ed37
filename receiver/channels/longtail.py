"""Everything else (SMS, voice, Slack, Teams, Mattermost, Matrix, ntfy, …) by the apprise library. Used by `workers.sender` and `cli.doctor`.

The address is one URL and a secret as a whole: it holds tokens, so it is in no log line, error or outcome. The library blocks, so it
runs in threads of its own; it says no HTTP status, so what it noted while it sent is read instead.
"""

import asyncio
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import apprise

from receiver.channels.base import Evidence, Message, Outcome, Secrets
from receiver.channels.text import cut_plain, short_text
from receiver.channels.wire import BUDGET
from receiver.core.incident import Destination

THREADS = 4
SHORT = 500  # places that take no more than this get the two lines that matter
_SOCKET = "Socket Exception"
_STATUS = re.compile(r"error[=: ]+(\d{3})\b")
_NEVER_LEFT = re.compile(r"refused|failed to (resolve|establish)|name or service|nodename|NameResolution|ConnectTimeout|getaddrinfo|no route|unreachable", re.I)
_ASSET = apprise.AppriseAsset(
    app_id="Incident receiver",
    app_desc="Incident receiver",
    app_url="",
    image_url_mask="",
    image_url_logo="",
    image_path_mask="",
    html_notify_map={},
    ascii_notify_map={},
    http_redirects=False,
    allow_templates=False,
    interpret_escapes=False,
    interpret_emojis=False,
    storage_mode=apprise.PersistentStoreMode.MEMORY,
    plugin_paths=[],
)
_LINES = logging.getLogger("apprise")
_LINES.propagate = False  # its lines may quote an address: they are read here and never written
_LINES.addHandler(logging.NullHandler())
_LINES.setLevel(logging.DEBUG)


@dataclass(frozen=True, slots=True)
class _Said:
    """What one call of the library came to: whether it was taken, and what was noted meanwhile."""

    is_taken: bool
    notes: tuple[str, ...] = ()


class LongtailChannel:
    """One destination is one URL. Nothing can be edited; what a person must know comes as a message of its own."""

    name = "longtail"
    is_idempotent = False

    def __init__(self, secret: Secrets, budget: float = BUDGET) -> None:
        self._secret, self._budget = secret, budget
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="longtail")

    async def send(self, destination: Destination, message: Message, reply_to: str = "") -> Outcome:
        """One message by whatever the URL names."""
        url = self._secret(destination.secret)
        if not url:
            return Outcome(evidence=Evidence.DEAD, reason=f"RECEIVER_SECRET_{destination.secret} is not set")
        if number := str(destination.address.get("to", "")):
            url = with_target(url, number)
        try:
            async with asyncio.timeout(self._budget):
                said = await asyncio.get_running_loop().run_in_executor(self._threads, _notify, url, message, self._budget)
        except TimeoutError:
            return Outcome(evidence=Evidence.UNKNOWN, reason="timed out")
        if said is None:
            return Outcome(evidence=Evidence.DEAD, reason=f"RECEIVER_SECRET_{destination.secret}: {FAULT}")
        return _outcome(said)

    async def edit(self, destination: Destination, ref: str, message: Message) -> Outcome:
        """Nothing is sent."""
        return Outcome(evidence=Evidence.OK, ref=ref)

    async def close(self) -> None:
        """Whatever still hangs in a thread is left to its own timeouts."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def with_target(url: str, number: str) -> str:
    """The URL of a gateway with this telephone number as its one target."""
    address, mark, options = url.partition("?")
    return f"{address.rstrip('/')}/{quote(''.join(c for c in number if c.isdigit()))}{mark}{options}"


FAULT = "not an address of the long tail, see docs/channels.md"


def find_fault(url: str) -> str:
    """What is wrong with a URL, without quoting it; empty when the library takes it."""
    return "" if _plugin(url) is not None else FAULT


def service_of_url(url: str) -> str:
    """What the URL leads to, as people call it: `Slack`, `Twilio`."""
    plugin = _plugin(url)
    return str(plugin.service_name) if plugin is not None else "nothing known"


def _plugin(url: str) -> Any:
    try:
        return apprise.Apprise.instantiate(url, asset=_ASSET, suppress_exceptions=True)
    except Exception:  # noqa: BLE001 - a plugin may raise anything over a URL it does not like
        return None


def _notify(url: str, message: Message, budget: float) -> _Said | None:
    plugin = _plugin(url)
    if plugin is None:
        return None
    plugin.request_rate_per_sec = 0  # our own outbox paces; a sleep here would hold a thread
    plugin.socket_connect_timeout = min(plugin.socket_connect_timeout, budget)
    plugin.socket_read_timeout = budget
    several = apprise.Apprise(asset=_ASSET)
    several.add(plugin)
    try:
        result = several.notify(body=text_for(message, int(plugin.body_maxlen)), body_format=apprise.NotifyFormat.TEXT, log_level=logging.DEBUG, timeout=budget)
    except Exception as fault:  # noqa: BLE001 - what a plugin raises is its own; the message may or may not be out
        return _Said(False, (type(fault).__name__,))
    return _Said(bool(result), tuple(str(entry.message) for entry in result.logs() if _is_theirs(entry)))


def _is_theirs(entry: Any) -> bool:
    """What the far end or the socket said, and not our own text, which may look like either."""
    return bool(entry.level in ("WARNING", "ERROR", "CRITICAL") or str(entry.message).startswith(_SOCKET))


def text_for(message: Message, limit: int) -> str:
    """The plain text, cut where the place takes less; its beginning where it takes a few hundred characters."""
    text = message.plain.encode("utf-8", "replace").decode()
    return short_text(text, SHORT // 2) if limit < SHORT else cut_plain(text, limit)


def _outcome(said: _Said) -> Outcome:
    if said.is_taken:
        return Outcome(evidence=Evidence.OK, ref="sent")
    found = _STATUS.findall(" ".join(said.notes))
    status = int(found[-1]) if found else 0
    if status == 429:
        return Outcome(evidence=Evidence.THROTTLED, reason="HTTP 429", retry_after=timedelta(seconds=30))
    if status in (401, 403, 404, 410):
        return Outcome(evidence=Evidence.DEAD, reason=f"HTTP {status}")
    if 400 <= status < 500:
        return Outcome(evidence=Evidence.REFUSED, reason=f"HTTP {status}")
    sockets = [note for note in said.notes if note.startswith(_SOCKET)]
    if not status and sockets and all(_NEVER_LEFT.search(note) for note in sockets):  # one of them may be of a plugin that signs off meanwhile
        return Outcome(evidence=Evidence.NOT_SENT, reason="no connection")
    return Outcome(evidence=Evidence.UNKNOWN, reason=f"HTTP {status}" if status else "no answer that can be understood")
