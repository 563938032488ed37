"""Who may do what: the one verb by role table; printed in docs/roles.md, asked at press time."""

from collections.abc import Collection, Mapping
from enum import StrEnum

ROLES = ("viewer", "responder", "support", "comms_lead", "admin")
ANYBODY = frozenset(ROLES)
ACTS = frozenset({"responder", "admin"})


class Verb(StrEnum):
    """What a person may ask for, of an incident or of the service."""

    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    WHY = "why"
    KEEP = "keep"
    RELEASE = "release"
    ASSIGN = "assign"
    ESCALATE = "escalate"
    SNOOZE = "snooze"
    SPLIT = "split"
    INCIDENTS = "incidents"
    ONCALL = "oncall"
    STATUS = "status"
    HELP = "help"
    SILENCE = "silence"
    MAINTENANCE = "maintenance"
    SWAP = "swap"
    NOTICE = "notice"
    UNLINK = "unlink"
    LINK = "link"
    NOTICE_EDIT = "notice-edit"
    NOTICE_APPROVE = "notice-approve"
    NOTICE_LEAD = "notice-lead"


MAY: Mapping[Verb, frozenset[str]] = {
    Verb.ACKNOWLEDGE: ACTS,
    Verb.RESOLVE: ACTS,
    Verb.WHY: ANYBODY,
    Verb.KEEP: ACTS,
    Verb.RELEASE: ACTS,
    Verb.ASSIGN: ACTS,
    Verb.ESCALATE: ACTS,
    Verb.SNOOZE: ACTS,
    Verb.SPLIT: ACTS,
    Verb.INCIDENTS: ANYBODY,
    Verb.ONCALL: ANYBODY,
    Verb.STATUS: ANYBODY,
    Verb.HELP: ANYBODY,
    Verb.SILENCE: ACTS,
    Verb.MAINTENANCE: ACTS,
    Verb.SWAP: ACTS,
    Verb.NOTICE: frozenset({"support", "comms_lead", "admin"}),
    Verb.UNLINK: ANYBODY,
    Verb.LINK: frozenset({"admin"}),
    Verb.NOTICE_EDIT: frozenset({"support", "comms_lead", "admin"}),
    Verb.NOTICE_APPROVE: frozenset({"support", "comms_lead", "admin"}),
    Verb.NOTICE_LEAD: frozenset({"comms_lead", "admin"}),
}


def is_allowed(verb: Verb, roles: Collection[str]) -> bool:
    """True when any of the roles may do it."""
    return not MAY[verb].isdisjoint(roles)
