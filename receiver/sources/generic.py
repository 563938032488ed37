"""Any JSON, by the mapping of its source in sources.yaml. Pure; called by `sources.reading`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from receiver.core.bodypath import BodyPath
from receiver.core.source import BodyMapping
from receiver.sources import loose
from receiver.sources.alertmanager import BadAlert, UndecodableError, Webhook, WireAlert


def read(body: bytes, mapping: BodyMapping, now: datetime) -> Webhook:
    """Every alert the mapping finds; raises UndecodableError when it finds none. `now` (UTC) stands in for a start nobody gives."""
    found = mapping.alerts.select(loose.decode(body))
    if not found:
        raise UndecodableError(f"nothing at {mapping.alerts.text}")
    alerts: list[WireAlert] = []
    bad: list[BadAlert] = []
    for index, one in enumerate(found):
        try:
            alerts.append(_alert(one, mapping, now))
        except loose.BadAlertError as fault:
            bad.append(loose.bad(index, fault, one, is_firing=_word(one, mapping) not in mapping.resolved))
    return Webhook(receiver="", group_key="", truncated=0, alerts=alerts, bad=bad)


def _alert(one: Any, mapping: BodyMapping, now: datetime) -> WireAlert:
    labels = _texts(one, mapping.labels)
    if not labels:
        raise loose.BadAlertError("none of the labels is there")
    notes = _texts(one, mapping.annotations)
    since = _instant(one, mapping.starts_at) or now.isoformat()
    word = _word(one, mapping)
    if word in mapping.firing:
        return loose.firing(labels, notes, since=since)
    if word in mapping.resolved:
        return loose.resolved(labels, notes, since=since, ended=_instant(one, mapping.ends_at) or now.isoformat())
    raise loose.BadAlertError(f"status {word[:40]!r} at {mapping.status.text} is neither firing nor resolved")


def _word(one: Any, mapping: BodyMapping) -> str:
    found = mapping.status.select(one)
    return loose.text_of(found[0]).lower() if found else ""


def _texts(one: Any, paths: Mapping[str, BodyPath]) -> dict[str, str]:
    """The first value each path finds, those it does not find left out."""
    found = {name: path.select(one) for name, path in paths.items()}
    return {name: text for name, values in found.items() if values and (text := loose.text_of(values[0]))}


def _instant(one: Any, path: BodyPath | None) -> str:
    found = path.select(one) if path else []
    return loose.instant_of(found[0]) if found else ""
