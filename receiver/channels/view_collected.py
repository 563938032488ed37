"""What the message about collected incidents may say: counts, and the oldest by name. Called by `chat.collector`."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from receiver.channels.view import ServiceView, name_of, title_of
from receiver.channels.visible import visible
from receiver.channels.words import clock, span
from receiver.core.collection import Listed, heard_at
from receiver.core.incident import Incident

SHOWN = 10


def collected_facts(found: Listed, services: Mapping[str, ServiceView], language: str, zone: str, since: datetime, until: datetime) -> dict[str, object]:
    """The template's whole context. Instants are in the reader's zone; `until` is the instant for which everything is true."""

    def lines(some: Sequence[Incident]) -> list[dict[str, str]]:
        return [_line(one, services, language, zone, until) for one in some[:SHOWN]]

    names = list(found.rules.items())
    return {
        "began": found.began,
        "since": clock(since, zone, until, language),
        "open": lines(found.open),
        "open_total": len(found.open),
        "ended": lines(found.ended),
        "ended_total": len(found.ended),
        "closed": lines(found.closed),
        "closed_total": len(found.closed),
        "rules": [{"name": visible(name, 80), "count": count} for name, count in names[:SHOWN]],
        "rules_total": len(names),
    }


def _line(one: Incident, services: Mapping[str, ServiceView], language: str, zone: str, until: datetime) -> dict[str, str]:
    lead = one.lead or next(iter(one.alerts.values()), None)
    system = name_of(lead.service if lead else one.service, services, language)
    over_at = min(one.resolved_at or until, until)
    return {
        "id": one.id,
        "system": system,
        "title": title_of(one, language),
        "since": clock(heard_at(one), zone, until, language),
        "lasted": span(over_at - heard_at(one), language),
        "by": visible(one.resolved_by, 60),
    }
