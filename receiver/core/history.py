"""What is left of an incident when it is looked back at: its timeline and its messages. Pure; used by `statistics`, the post-mortem, the API.

The store keeps an incident, its timeline and its messages for 30 days after its reopen window is over.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from receiver.core.incident import Incident, IncidentId


@dataclass(frozen=True, kw_only=True, slots=True)
class TimelineEntry:
    """One line of an incident's history; `at` in UTC."""

    at: datetime
    reason: str
    by: str = ""
    state: str = ""
    text: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """One message of an incident. `person` is who alone got it, `sent_at` (UTC) its first delivery; `is_page` when it was to wake somebody.
    `hush` is why it made no sound (`core.sound`), empty when it did."""

    to: str
    channel: str
    kind: str
    person: str = ""
    sent_at: datetime | None = None
    is_page: bool = False
    state: str = ""
    reason: str = ""
    hush: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """One incident as it is looked back at; `names` are those of its alerts (a part of them where there were very many)."""

    incident: Incident
    names: tuple[str, ...] = ()
    timeline: tuple[TimelineEntry, ...] = ()
    messages: tuple[Sent, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Episode:
    """From a beginning (or a return) to an end. `answered_at` is the first acknowledgement, by whom is `answered_by` (an actor's id)."""

    began_at: datetime
    answered_at: datetime | None = None
    answered_by: str = ""
    ended_at: datetime | None = None
    ended_because: str = ""


def episodes(past: Past) -> Iterator[Episode]:
    """The episodes of an incident that somebody was told of, oldest first; none of one that was over before."""
    began_at: datetime | None = past.incident.opened_at
    answered: TimelineEntry | None = None
    for entry in past.timeline if past.incident.announced_at else ():
        if entry.state == "resolved" and began_at is not None:
            yield _episode(began_at, answered, entry)
            began_at = answered = None
        elif entry.state and entry.state != "resolved" and began_at is None:
            began_at = entry.at
        if entry.reason == "acknowledged" and answered is None and began_at is not None:
            answered = entry
    if began_at is not None and past.incident.announced_at:
        yield _episode(began_at, answered, None)


def _episode(began_at: datetime, answered: TimelineEntry | None, ended: TimelineEntry | None) -> Episode:
    return Episode(
        began_at=began_at,
        answered_at=answered.at if answered else None,
        answered_by=answered.by if answered else "",
        ended_at=ended.at if ended else None,
        ended_because=ended.reason if ended else "",
    )


def never_told(pasts: Iterable[Past], channel: str, outage_began_at: datetime) -> list[IncidentId]:
    """Incidents that ended while this channel was out and before anything of them was sent there: nothing of them will be. Oldest first."""
    found = [
        past.incident
        for past in pasts
        if past.incident.resolved_at is not None
        and past.incident.resolved_at >= outage_began_at
        and any(sent.channel == channel for sent in past.messages)
        and not any(sent.channel == channel and sent.sent_at for sent in past.messages)
    ]
    return [one.id for one in sorted(found, key=lambda one: one.opened_at)]
