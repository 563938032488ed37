"""Where a reader goes on from a message: the patterns of `services.yaml`, or an alert's own, filled in for this incident. Used by `channels.view`.

Every value is escaped for where it stands. What Kibana reads behind `_g=` and `_a=` is rison (https://github.com/Nanonid/rison: in a quoted
string `!` and `'` are written with `!` before them) and in it, between double quotes, a word of KQL
(https://www.elastic.co/docs/reference/query-languages/kql: `\\` and `"` with `\\` before them); around all of it stands percent-encoding.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import quote

from receiver.core.alert import Alert

URL = "%:/?#[]@!$&'()*+,;=~"  # what stands in an address as it is; everything else is percent-encoded
LINKS = ("dashboard", "logs", "traces", "runbook")
LINK_NAMES = {
    "en": {"dashboard": "Dashboard", "logs": "Logs", "traces": "Traces", "runbook": "Runbook"},
    "ru": {"dashboard": "Дашборд", "logs": "Логи", "traces": "Трейсы", "runbook": "Что делать"},
}
BEFORE, AFTER, MOST = timedelta(minutes=15), timedelta(minutes=5), 2000
_RISON = re.compile(r"[?&#]_[ga]=")


def links_about(lead: Alert | None, known: Mapping[str, str], language: str, start: datetime, end: datetime) -> list[dict[str, str]]:
    """Name and address of each link there is; `known` are the patterns of its system, `start` and `end` (UTC) those of the incident."""
    if lead is None:
        return []
    found = {**known, **{name: lead.annotations[f"{name}_url"] for name in LINKS if lead.annotations.get(f"{name}_url")}}
    values = _variables(lead, start - BEFORE, end + AFTER)
    if lead.annotations.get("trace_id") and "trace" in found:
        found["traces"] = found["trace"]
    made = [(name, fill(found[name], values)) for name in LINKS if name in found]
    return [{"name": LINK_NAMES[language][n], "url": _quoted(u, safe=URL)} for n, u in made if u.startswith(("https://", "http://")) and len(u) < MOST]


def fill(pattern: str, values: Mapping[str, str]) -> str:
    """Plain replacement: a link is data, and a label in it must never be run. A parameter whose value is empty is left out."""
    kibana = _RISON.search(pattern)
    for name, value in values.items():
        slot = "{{ " + name + " }}"
        if not value:
            pattern = re.sub(r"&[\w.-]+=" + re.escape(slot) + "(?=&|$)", "", pattern)
        pattern = pattern.replace(slot, _quoted(_rison(value) if kibana else value))
    return pattern


def _rison(value: str) -> str:
    value = re.sub(r"[\\\"]", r"\\\g<0>", value)
    return re.sub(r"[!']", r"!\g<0>", value)


def _quoted(text: str, safe: str = "") -> str:
    return quote(text, safe=safe, errors="replace")


def _variables(lead: Alert, start: datetime, end: datetime) -> dict[str, str]:
    a, b = start.timestamp(), end.timestamp()
    return {
        "service": lead.service,
        "environment": lead.labels.get("environment", ""),
        "alertname": lead.name,
        "trace_id": lead.annotations.get("trace_id", ""),
        "from_ms": str(int(a * 1e3)),
        "to_ms": str(int(b * 1e3)),
        "from_us": str(int(a * 1e6)),
        "to_us": str(int(b * 1e6)),
        "from_iso": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "to_iso": f"{end:%Y-%m-%dT%H:%M:%SZ}",
    }
