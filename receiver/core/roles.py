"""Who may do what: the one verb by role table; printed in the docs, asked at press time."""

from collections.abc import Collection, Mapping
from enum import StrEnum


class Verb(StrEnum):
    """What a person may ask of an incident."""

    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    WHY = "why"
    KEEP = "keep"
    RELEASE = "release"
    ASSIGN = "assign"
    ESCALATE = "escalate"
    SNOOZE = "snooze"


MAY: Mapping[Verb, frozenset[str]] = {
    Verb.ACKNOWLEDGE: frozenset({"responder", "admin"}),
    Verb.RESOLVE: frozenset({"responder", "admin"}),
    Verb.KEEP: frozenset({"responder", "admin"}),
    Verb.RELEASE: frozenset({"responder", "admin"}),
    Verb.ASSIGN: frozenset({"responder", "admin"}),
    Verb.ESCALATE: frozenset({"responder", "admin"}),
    Verb.SNOOZE: frozenset({"responder", "admin"}),
    Verb.WHY: frozenset({"viewer", "responder", "support", "comms_lead", "admin"}),
}


def is_allowed(verb: Verb, roles: Collection[str]) -> bool:
    """True when any of the roles may do it."""
    return not MAY[verb].isdisjoint(roles)
