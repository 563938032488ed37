"""Which reader a body needs, by the kind of its source. Called by ingest and by replay; pure."""

from datetime import datetime

from receiver.core.source import Source, kind_of
from receiver.sources import generic, grafana, kibana
from receiver.sources.alertmanager import UndecodableError, Webhook, parse


def read(source: str, known: Source | None, body: bytes, now: datetime) -> Webhook:
    """Everything usable in the body of this source; raises UndecodableError. `known` is what the rules say of it, `now` (UTC) when it came."""
    match kind_of(source, known):
        case "grafana":
            return grafana.read(body, now)
        case "kibana":
            return kibana.read(body, now)
        case "generic":
            if known is None or known.mapping is None:
                raise UndecodableError("no_mapping")
            return generic.read(body, known.mapping, now)
        case _:
            return parse(body)
