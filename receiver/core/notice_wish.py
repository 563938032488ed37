"""Where incidents meet the public components: what their routes want said, what asks for it, and whether their end is proved. Pure.

Used by the notice engine and by examples of rules.
"""

from collections.abc import Collection, Iterable, Sequence

from receiver.core.alert import Alert
from receiver.core.incident import Customers, Incident
from receiver.core.notice import Impact
from receiver.core.notice_plan import Confirmation
from receiver.core.notice_record import Cause
from receiver.core.rulebook import RuleBook

PROOFS = frozenset({"", "resolved", "resolved (Alertmanager lists it no more)"})  # what an incident's `end_reason` may be when its end is proved
_TO_BEGIN = (Confirmation.FIRING, Confirmation.UNKNOWN, Confirmation.UNSURE, Confirmation.GONE)  # one source that fires is enough to speak
_TO_END = (Confirmation.FIRING, Confirmation.UNSURE, Confirmation.GONE, Confirmation.UNKNOWN)  # all must be over to say that it is over


def wants(incident: Incident, book: RuleBook) -> Customers | None:
    """What the incident's route wants customers to be told; none when nothing, or when no public component is touched."""
    customers = incident.route.customers if incident.route else None
    if customers is None or book.notices is None or customers.component not in book.notices.components:
        return None
    return customers


def causes_of(firing: Iterable[tuple[Incident, Alert]]) -> tuple[Cause, ...]:
    """The rules behind these alerts, each once."""
    found = {Cause(alert=alert.name, route=incident.route.route_id if incident.route else "") for incident, alert in firing}
    return tuple(sorted(found, key=lambda cause: (cause.alert, cause.route)))


def confirmed(found: Collection[Confirmation], *, is_begin: bool) -> Confirmation:
    """One word of what every source said, before a notice begins or before its end."""
    return next((one for one in (_TO_BEGIN if is_begin else _TO_END) if one in found), Confirmation.UNKNOWN)


def impacts_of(incidents: Sequence[Incident], book: RuleBook) -> dict[str, Impact]:
    """What the routes of these incidents want said of each component, the worst of each."""
    found: dict[str, Impact] = {}
    for incident in incidents:
        wanted = wants(incident, book)
        if wanted:
            impact = Impact(wanted.impact)
            found[wanted.component] = max(found.get(wanted.component, impact), impact, key=lambda i: i.rank)
    return found


def doubt_of(incidents: Sequence[Incident], confirmation: Confirmation, *, is_lost: bool) -> str:
    """Why the end of these incidents is no proof: only alerts that were reported as resolved, and that Alertmanager lists no more, are one."""
    if is_lost:
        return "watchdog"
    if confirmation is Confirmation.FIRING:
        return "still listed"
    reasons = [incident.end_reason for incident in incidents if incident.end_reason not in PROOFS]
    still = [incident for incident in incidents if incident.is_open]
    if reasons or still:
        return reasons[0] if reasons else "not reported"
    return "not asked" if confirmation is Confirmation.UNSURE else ""
