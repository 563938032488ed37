"""What a source's Watchdog proves: whether its "resolved" may be believed. Pure; asked by `decide`, kept by `workers.watchdog`.

A Prometheus that died looks like "everything resolved" once its alerts time out in Alertmanager, after about four minutes. So an end is
believed only when the Watchdog of the same source was alive after it, and did not begin anew since: a Prometheus that has just
restarted needs a while until it knows again what fires.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from receiver.core.incident import Incident

SETTLE = timedelta(seconds=90)
LOOK_AGAIN = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True, slots=True)
class Signal:
    """One guarded source. `alive_at` is the newest proof of life, `since` when this life began, `lost_at` set while it is missing; UTC."""

    source: str
    alive_at: datetime | None = None
    since: datetime | None = None
    lost_at: datetime | None = None

    def confirms(self, ended_at: datetime) -> bool:
        """True when an alert that ended then is over, and did not merely time out."""
        if self.lost_at or self.alive_at is None or self.alive_at < ended_at:
            return False
        return self.since is None or self.since <= ended_at or self.alive_at >= self.since + SETTLE


Signals = Mapping[str, Signal]


def doubt(incident: Incident, signals: Signals) -> Signal | None:
    """The signal that does not confirm some end of this incident, a lost one first; none when every end may be believed."""
    found = None
    for alert in incident.alerts.values():
        signal = signals.get(alert.source)
        if signal is None or alert.is_firing or signal.confirms(alert.ends_at or incident.last_seen_at or alert.starts_at):
            continue
        if signal.lost_at:
            return signal
        found = signal
    return found


def mark(incident: Incident, signals: Signals) -> Incident:
    """The incident with what is not to be trusted named: a source that is lost, else one that does not confirm that all is over."""
    sources = sorted({alert.source for alert in incident.alerts.values()})
    found = next((signals[name] for name in sources if name in signals and signals[name].lost_at), None)
    if found is None and not incident.is_firing:
        found = doubt(incident, signals)
    if found is None and not incident.signal_source:
        return incident
    return replace(incident, signal_source=found.source if found else "", signal_lost_at=found.lost_at if found else None)
