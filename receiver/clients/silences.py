"""Silences by Alertmanager's API v2, and the alerts that matchers cover now. Used by `chat`; what a peer holds is asked by `alertmanager`.

Silences travel between the peers of a cluster by themselves, so one that accepts is enough; every peer is tried until one does.
The answers are those of prometheus/alertmanager, api/v2/openapi.yaml.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from receiver.core.errors import ReceiverError
from receiver.trust import load_trust

PATIENCE = 5.0
Labels = Mapping[str, str]


class AlertmanagerError(ReceiverError):
    """No peer did what was asked; the text says what each answered."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A silence to make: labels that must be equal, until when (UTC), in whose name and why."""

    labels: Labels
    start: datetime
    end: datetime
    by: str
    comment: str


class Alertmanagers:
    """All peers of one cluster, in their order."""

    def __init__(self, urls: Sequence[str]) -> None:
        self.urls = tuple(url.rstrip("/") for url in urls)

    async def silence(self, wanted: Wanted) -> str:
        """Make it; its id. Raises AlertmanagerError."""
        body = {
            "matchers": [{"name": name, "value": value, "isRegex": False, "isEqual": True} for name, value in sorted(wanted.labels.items())],
            "startsAt": _text(wanted.start),
            "endsAt": _text(wanted.end),
            "createdBy": wanted.by,
            "comment": wanted.comment,
        }
        made = await self._ask("POST", "/api/v2/silences", json=body)
        return str(made.json()["silenceID"])

    async def expire(self, silence_id: str) -> None:
        """End it; one that is over or unknown is ended already. Raises AlertmanagerError."""
        await self._ask("DELETE", f"/api/v2/silence/{silence_id}", is_gone_fine=True)

    async def find(self, mark: str) -> str:
        """The id of the live silence whose comment holds this mark; empty when there is none. Raises AlertmanagerError."""
        found = (await self._ask("GET", "/api/v2/silences")).json()
        return next((str(one["id"]) for one in found if mark in one["comment"] and one["status"]["state"] != "expired"), "")

    async def is_live(self, silence_id: str) -> bool:
        """False once it is over, by its time or by anybody's hand. Raises AlertmanagerError."""
        answer = await self._ask("GET", f"/api/v2/silence/{silence_id}", is_gone_fine=True)
        return answer.status_code == httpx.codes.OK and answer.json()["status"]["state"] != "expired"

    async def covered(self, labels: Labels) -> list[Labels]:
        """The labels of every alert that has these, silenced and inhibited ones included. Raises AlertmanagerError."""
        filters = [f"{name}={_quoted(value)}" for name, value in sorted(labels.items())]
        states = {"active": "true", "silenced": "true", "inhibited": "true"}
        answer = await self._ask("GET", "/api/v2/alerts", params={**states, "filter": filters})
        return [dict(alert["labels"]) for alert in answer.json()]

    async def _ask(self, method: str, path: str, *, is_gone_fine: bool = False, **more: Any) -> httpx.Response:
        said: list[str] = []
        async with httpx.AsyncClient(verify=load_trust(), trust_env=False, timeout=PATIENCE) as http:
            for url in self.urls:
                try:
                    answer = await http.request(method, url + path, **more)
                except httpx.HTTPError as fault:
                    said.append(f"{_host(url)}: {type(fault).__name__}")
                    continue
                if answer.is_success or (is_gone_fine and answer.status_code == httpx.codes.NOT_FOUND):
                    return answer
                said.append(f"{_host(url)}: HTTP {answer.status_code} {answer.text[:120]}".strip())
        raise AlertmanagerError("; ".join(said) or "set RECEIVER_ALERTMANAGER_URLS")


def _host(url: str) -> str:
    """The address without what must not be told."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
