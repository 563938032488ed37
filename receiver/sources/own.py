"""What the product itself has to say is an alert like any other: grouped, routed, acknowledged, ended."""

from collections.abc import Mapping
from datetime import datetime

from receiver.sources.alertmanager import Webhook, WireAlert

OWN_SOURCE = "receiver"
_SERVICE = "incident-receiver"


def own_webhook(labels: Mapping[str, str], annotations: Mapping[str, str], *, since: datetime, ended: datetime | None = None) -> Webhook:
    """One alert of the product's own, for `engine.admit(OWN_SOURCE, …)`; firing until `ended` (both aware)."""
    alert = WireAlert(
        status="resolved" if ended else "firing",
        labels={"service": _SERVICE, **labels},
        annotations=dict(annotations),
        startsAt=since.isoformat(),
        endsAt=ended.isoformat() if ended else "",
    )
    return Webhook(receiver="", group_key="", truncated=0, alerts=[alert], bad=[])
