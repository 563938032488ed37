"""The delivery proof of an incident: to whom, by what, when sent, answered, failed, and what comes next. Called by `web.api`.

Bots get no read receipts: who has seen a message is not known, who has answered is.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from receiver.core.history import TimelineEntry
from receiver.core.incident import Incident

ANSWERS = frozenset({"acknowledged", "kept", "released", "assigned", "escalated_by_hand", "snoozed", "resolved_by_hand"})
_STATES = {"new": "waits", "leased": "waits", "sending": "waits", "sent": "sent", "dead": "failed", "skipped": "not needed"}


def prove(incident: Incident, slots: Sequence[Mapping[str, str]], timeline: Sequence[TimelineEntry]) -> dict[str, Any]:
    """Every message of the incident, what its people answered, and who is next; instants as RFC 3339 in UTC."""
    return {"deliveries": [_delivery(slot, timeline) for slot in slots], "next": _next(incident)}


def _delivery(slot: Mapping[str, str], timeline: Sequence[TimelineEntry]) -> dict[str, Any]:
    person, sent = slot.get("person", ""), _instant(slot.get("sent_at"))
    answer = next((one for one in timeline if person and one.by == person and one.reason in ANSWERS and sent and one.at >= sent), None)
    state = _STATES.get(slot["st"], slot["st"])
    return {
        "to": slot["to"],
        "person": person,
        "channel": slot["channel"],
        "kind": slot["kind"],
        "state": "sent" if sent and state == "waits" else state,
        "due_at": _text(_instant(slot.get("first_due"))),
        "sent_at": _text(sent),
        "answered_at": _text(answer.at) if answer else None,
        "answer": answer.reason if answer else "",
        "reason": slot.get("reason", ""),
        "silent_because": slot.get("hush", ""),
        "attempts": int(slot.get("attempts", 0)),
    }


def _next(incident: Incident) -> dict[str, Any] | None:
    turn = incident.escalation
    if turn is None or incident.state.value != "triggered" or incident.is_quiet:
        return None
    return {
        "policy": turn.policy.name,
        "step": turn.step + 1,
        "steps": len(turn.policy.steps),
        "round": turn.round + 1,
        "paging": [way.owner for way in turn.ways if way.destination.name not in turn.failed],
        "at": _text(turn.due_at),
        "who": list(turn.upcoming),
    }


def _instant(ms: str | None) -> datetime | None:
    return datetime.fromtimestamp(int(ms) / 1000, UTC) if ms else None


def _text(instant: datetime | None) -> str | None:
    return instant.isoformat(timespec="seconds") if instant else None
