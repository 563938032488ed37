"""What all peers of one source hold together. Pure; called by the reconciler and by the worker that decides suspects."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from receiver.clients.alertmanager import PeerView, SeenAlert, Silence
from receiver.core.alert import AlertId, Severity, identify, matched_labels
from receiver.core.condition import Condition, ConditionKind, strongest
from receiver.core.source import Source, Watchdog

YOUNG = timedelta(seconds=90)


def is_young(view: PeerView, now: datetime) -> bool:
    """True while a peer may not know yet what fires: Prometheus sends again within a resend delay and an evaluation."""
    return now - view.up_since <= YOUNG


class Union:
    """Every alert that any reachable peer holds, by our identity; Watchdogs apart."""

    def __init__(self, source: Source, views: Sequence[PeerView], watchdog: Watchdog | None) -> None:
        self.seen: dict[AlertId, list[SeenAlert]] = {}
        self.watchdogs: list[SeenAlert] = []
        self.silences: dict[str, Silence] = {}
        self.muted: dict[str, tuple[str, ...]] = {}
        self.names: dict[str, str] = {}
        self.says_muted = bool(views)
        self.is_empty = any(not view.alerts for view in views)
        for view in views:
            self.silences.update(view.silences)
            self.muted.update(view.muted)
            self.says_muted = self.says_muted and all(one.status.mutedBy is not None for one in view.alerts)
            for one in view.alerts:
                self.names[one.fingerprint] = one.labels.get("alertname", "")
                if watchdog and all(matcher.matches(matched_labels(one.labels, Severity.INFO)) for matcher in watchdog.matchers):
                    self.watchdogs.append(one)
                else:
                    self.seen.setdefault(identify(source.name, one.labels, source.ignore_labels), []).append(one)


def condition_of(seen: Sequence[SeenAlert], union: Union) -> Condition | None:
    """Why no peer tells of it; none when any does."""
    found = [_condition(one, union) for one in seen]
    return strongest(one for one in found if one) if all(found) else None


def _condition(one: SeenAlert, union: Union) -> Condition | None:
    if one.status.silencedBy:
        silences = [union.silences[name] for name in one.status.silencedBy if name in union.silences]
        longest = max(silences, key=lambda silence: silence.ends_at, default=None)
        return Condition(kind=ConditionKind.SILENCED, by=longest.created_by if longest else "", until=longest.ends_at if longest else None)
    if one.status.inhibitedBy:
        return Condition(kind=ConditionKind.INHIBITED, by=next((n for f in one.status.inhibitedBy if (n := union.names.get(f))), ""))
    muted = one.status.mutedBy or union.muted.get(one.fingerprint)
    return Condition(kind=ConditionKind.MUTED, by=", ".join(muted)) if muted else None
