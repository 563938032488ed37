"""What Prometheus knows: the expression of an alerting rule, and values over time. Called by `workers.observer` and `cli.doctor`.

The address is `RECEIVER_PROMETHEUS_URL` alone; a sender's `generatorURL` is never followed (it is input). The HTTP API is that of
https://prometheus.io/docs/prometheus/latest/querying/api/.
"""

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec

from receiver.core.errors import ReceiverError
from receiver.core.trend import Sample
from receiver.trust import load_trust

PATIENCE = 5.0
POINTS = 240
_MOST_BYTES = 4 << 20
_MOST_SERIES = 100


class PrometheusUnavailableError(ReceiverError):
    """No usable answer; the text says which kind and never holds the address."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """One measured series; its labels without the metric's name."""

    labels: Mapping[str, str]
    samples: Sequence[Sample]


class Prometheus:
    """One Prometheus (or anything that speaks its API)."""

    def __init__(self, url: str) -> None:
        self._http = httpx.AsyncClient(base_url=url.rstrip("/") + "/api/v1/", verify=load_trust(), timeout=PATIENCE, trust_env=False, follow_redirects=False)

    async def close(self) -> None:
        """Release connections."""
        await self._http.aclose()

    async def expressions(self, alertname: str, labels: Mapping[str, str]) -> tuple[str, ...]:
        """The expressions of the alerting rules of this name, first of those whose own labels the alert has (a warning and a critical one
        often share a name); raises PrometheusUnavailableError."""
        found = await self._get("rules", {"type": "alert"})
        rules = [rule for group in found.get("groups", ()) for rule in group.get("rules", ()) if rule.get("name") == alertname and "query" in rule]
        rules.sort(key=lambda rule: any(name in labels and labels[name] != value for name, value in rule.get("labels", {}).items() if "{" not in value))
        return tuple(dict.fromkeys(str(rule["query"]) for rule in rules))

    async def over(self, expression: str, start: datetime, end: datetime) -> tuple[Series, ...]:
        """Values from `start` to `end` (UTC) in about 240 steps, the last one at `end`; raises PrometheusUnavailableError."""
        step = max(15, math.ceil((end - start) / timedelta(seconds=1) / POINTS))
        first = end.timestamp() - (end - start) // timedelta(seconds=step) * step
        found = await self._get("query_range", {"query": expression, "start": first, "end": end.timestamp(), "step": step})
        return tuple(_series(one, one.get("values", ())) for one in found.get("result", ())[:_MOST_SERIES])

    async def at(self, expression: str, at: datetime) -> tuple[Series, ...]:
        """The values at one instant (UTC), one sample a series, a scalar as a series without labels; raises PrometheusUnavailableError."""
        found = await self._get("query", {"query": expression, "time": at.timestamp()})
        result = found.get("result", ())
        if found.get("resultType") == "scalar":
            return (_series({}, [result]),)
        return tuple(_series(one, [one["value"]]) for one in result[:_MOST_SERIES] if "value" in one)

    async def firing(self, matcher: str, at: datetime) -> tuple[Mapping[str, str], ...]:
        """The labels of the alerts that fire at this instant (UTC), by the series ALERTS; raises PrometheusUnavailableError."""
        found = await self._get("query", {"query": f'ALERTS{{alertstate="firing",{matcher}}}', "time": at.timestamp()})
        return tuple(one.get("metric", {}) for one in found.get("result", ())[:_MOST_SERIES])

    async def _get(self, path: str, params: Mapping[str, Any]) -> dict[str, Any]:
        try:
            async with asyncio.timeout(PATIENCE), self._http.stream("GET", path, params=dict(params)) as answer:
                raw = b""
                async for piece in answer.aiter_bytes():
                    raw += piece
                    if len(raw) > _MOST_BYTES:
                        raise PrometheusUnavailableError("its answer is larger than 4 MiB")
        except TimeoutError:
            raise PrometheusUnavailableError(f"no answer within {PATIENCE:.0f} s") from None
        except httpx.HTTPError as fault:
            raise PrometheusUnavailableError(f"no answer ({type(fault).__name__})") from None  # its text may hold the address
        return _read(answer.status_code, raw)


def _read(status: int, raw: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(raw, type=dict[str, Any])
        data = found.get("data")
    except msgspec.DecodeError:
        raise PrometheusUnavailableError(f"HTTP {status}, and no JSON") from None
    if found.get("status") != "success" or not isinstance(data, dict):
        raise PrometheusUnavailableError(f"HTTP {status}: {str(found.get('error', 'no data'))[:200]}")
    return data


def _series(one: Mapping[str, Any], values: Sequence[Sequence[Any]]) -> Series:
    labels = {name: str(value) for name, value in one.get("metric", {}).items() if name != "__name__"}
    return Series(labels=labels, samples=tuple(Sample(at=datetime.fromtimestamp(float(at), UTC), value=_value(value)) for at, value in values))


def _value(text: Any) -> float:
    """Prometheus writes numbers as text, with `NaN` and `+Inf`."""
    return float(text)
