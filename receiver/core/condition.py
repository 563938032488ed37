"""What Alertmanager holds of an alert that fires for us: silenced, inhibited, muted, or gone without a word. Pure.

Conditions and not states: the alert still counts as firing here until its end is known. They come from the reconciler.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from receiver.core.alert import AlertId


class ConditionKind(StrEnum):
    """The strongest word first: of several in one incident the first is shown.

    Both `cleared` and `gone` mean that no peer lists the alert any more; an Alertmanager before 0.28 does not say whether a mute
    interval hides it, so there it is only gone.
    """

    SILENCED = "silenced"
    INHIBITED = "inhibited"
    MUTED = "muted"
    CLEARED = "cleared"
    GONE = "gone"


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """Why an alert is not told by Alertmanager. `by` is who silenced it, the alert that inhibits it, or the interval; `until` in UTC."""

    kind: ConditionKind
    by: str = ""
    until: datetime | None = None


SUPPRESSED = frozenset({ConditionKind.SILENCED, ConditionKind.INHIBITED, ConditionKind.MUTED})
_WORDS = {ConditionKind.CLEARED: "resolved (Alertmanager lists it no more)", ConditionKind.GONE: "not reported by Alertmanager"}
Conditions = Mapping[AlertId, Condition]


def strongest(conditions: Iterable[Condition]) -> Condition | None:
    """The one to show for many: by kind, then the one that lasts longest."""
    order = list(ConditionKind)
    return min(conditions, key=lambda one: (order.index(one.kind), -(one.until.timestamp() if one.until else 0), one.by), default=None)


def describe_end(conditions: Iterable[Condition]) -> str:
    """The incident's `end_reason` when its alerts ended under these conditions."""
    found = strongest(conditions)
    if found is None:
        return "resolved"
    if found.kind in _WORDS:
        return _WORDS[found.kind]
    words = [found.kind.value, f"by {found.by}" if found.by else "", f"until {found.until:%Y-%m-%dT%H:%M:%SZ}" if found.until else ""]
    return " ".join(word for word in words if word)
