"""Alertmanager's API, version 2: what one peer holds now. Called by the reconciler and by `receiver doctor`.

Answers are read field by field with what older releases leave out defaulted: 0.25 has no `mutedBy`, and from 0.28 on only the groups
say it. Alerts whose end is past are filtered out by Alertmanager itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any

import httpx
import msgspec

from receiver.core.errors import ReceiverError
from receiver.trust import load_trust

TIMEOUT = 5.0
_ALL = {"active": "true", "silenced": "true", "inhibited": "true", "muted": "true"}


class PeerError(ReceiverError):
    """A peer that does not answer, or not as Alertmanager does."""


class _Named(msgspec.Struct):
    name: str


class _Status(msgspec.Struct):
    state: str = ""
    silencedBy: list[str] = []
    inhibitedBy: list[str] = []
    mutedBy: list[str] | None = None


class SeenAlert(msgspec.Struct, kw_only=True, rename="camel"):
    """One alert that a peer holds; instants aware. `status` says who silences, inhibits or mutes it."""

    labels: dict[str, str]
    starts_at: datetime
    updated_at: datetime
    ends_at: datetime
    fingerprint: str = ""
    annotations: dict[str, str] = {}
    receivers: list[_Named] = []
    status: _Status = msgspec.field(default_factory=_Status)

    @property
    def receiver_names(self) -> frozenset[str]:
        """Names of Alertmanager's receivers that get it."""
        return frozenset(one.name for one in self.receivers)

    @property
    def is_suppressed(self) -> bool:
        """True while a silence, an inhibition or a mute interval keeps it from being told."""
        return bool(self.status.silencedBy or self.status.inhibitedBy or self.status.mutedBy)


class Silence(msgspec.Struct, kw_only=True, rename="camel"):
    """One silence: whose it is and until when."""

    id: str
    created_by: str = ""
    comment: str = ""
    ends_at: datetime


class _Group(msgspec.Struct):
    alerts: list[SeenAlert] = []


class _Version(msgspec.Struct):
    version: str = ""


class _Answer(msgspec.Struct, rename="camel"):
    uptime: datetime
    version_info: _Version = msgspec.field(default_factory=_Version)


@dataclass(frozen=True, kw_only=True, slots=True)
class PeerView:
    """What one peer holds. `up_since` is by its own clock, `asked_at` by ours."""

    url: str
    version: str
    up_since: datetime
    alerts: tuple[SeenAlert, ...]
    silences: Mapping[str, Silence] = field(default_factory=dict)
    muted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Alertmanager:
    """Asks peers; one pool of connections for all of them. Use as a context manager, or `close`."""

    def __init__(self) -> None:
        self._http = httpx.AsyncClient(verify=load_trust(), timeout=TIMEOUT, trust_env=False, follow_redirects=False)

    async def __aenter__(self) -> "Alertmanager":
        return self

    async def __aexit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        """Let the connections go."""
        await self._http.aclose()

    async def look(self, url: str) -> PeerView:
        """Everything that one peer holds; raises PeerError."""
        answer = await self._get(url, "status", _Answer)
        alerts = await self._get(url, "alerts", list[SeenAlert], _ALL)
        silenced = any(one.status.silencedBy for one in alerts)
        silences = await self._get(url, "silences", list[Silence]) if silenced else []
        return PeerView(
            url=url,
            version=answer.version_info.version,
            up_since=answer.uptime,
            alerts=tuple(alerts),
            silences={one.id: one for one in silences},
            muted=await self._muted(url) if any(one.status.mutedBy is not None for one in alerts) else {},
        )

    async def _muted(self, url: str) -> dict[str, tuple[str, ...]]:
        """Mute intervals by fingerprint; whoever lists `mutedBy` at all says it truly only in the groups."""
        groups = await self._get(url, "alerts/groups", list[_Group], _ALL)
        found = {one.fingerprint: tuple(one.status.mutedBy or ()) for group in groups for one in group.alerts}
        return {fingerprint: names for fingerprint, names in found.items() if names}

    async def _get(self, url: str, what: str, kind: Any, params: Mapping[str, str] | None = None) -> Any:
        try:
            answer = await self._http.get(f"{url}/api/v2/{what}", params=params)
            if answer.status_code != 200:
                raise PeerError(f"{shown(url)}: {what} answers {answer.status_code}")
            return msgspec.json.decode(answer.content, type=kind)
        except (httpx.HTTPError, httpx.InvalidURL) as fault:
            raise PeerError(f"{shown(url)}: {type(fault).__name__}") from fault
        except (msgspec.DecodeError, UnicodeDecodeError) as fault:
            raise PeerError(f"{shown(url)}: {what} is not what Alertmanager sends") from fault


def shown(url: str) -> str:
    """An address without what may stand before the @ in it."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
