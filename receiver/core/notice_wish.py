"""Where incidents meet the public components: what their routes want said, what asks for it, and whether their end is proved. Pure.

Used by the notice engine and by examples of rules.
"""

from collections.abc import Collection, Iterable, Sequence

from receiver.core.alert import Alert
from receiver.core.incident import Customers, Incident
from receiver.core.notice import Impact
from receiver.core.notice_plan import Confirmation
from receiver.core.notice_record import Cause, Notice
from receiver.core.rulebook import AFFECTED, RuleBook

PROOFS = frozenset({"", "resolved", "resolved (Alertmanager lists it no more)"})  # what an incident's `end_reason` may be when its end is proved
_TO_BEGIN = (Confirmation.FIRING, Confirmation.UNKNOWN, Confirmation.UNSURE, Confirmation.GONE)  # one source that fires is enough to speak
_TO_END = (Confirmation.FIRING, Confirmation.UNSURE, Confirmation.GONE, Confirmation.UNKNOWN)  # all must be over to say that it is over


def wants(incident: Incident, book: RuleBook) -> Customers | None:
    """What the incident's route wants customers to be told; none when nothing, or when no public component is touched."""
    customers = incident.route.customers if incident.route else None
    return customers if customers is not None and components_of(customers, book) else None


def components_of(wanted: Customers, book: RuleBook) -> tuple[str, ...]:
    """The public components a wish is about: its own, or every one until it is known which are affected."""
    known = tuple(book.notices.components) if book.notices else ()
    return known if wanted.component == AFFECTED else tuple(name for name in known if name == wanted.component)


def gives_way(notice: Notice) -> bool:
    """Whether a notice about everything may take the place of this one: alerts alone asked for it, and neither customers nor a colleague have a word in it."""
    is_edited = notice.draft is not None and notice.draft.is_edited
    return not notice.is_published and not is_edited and bool(notice.incidents) and len(notice.components) == 1


def causes_of(firing: Iterable[tuple[Incident, Alert]]) -> tuple[Cause, ...]:
    """The rules behind these alerts, each once."""
    found = {Cause(alert=alert.name, route=incident.route.route_id if incident.route else "") for incident, alert in firing}
    return tuple(sorted(found, key=lambda cause: (cause.alert, cause.route)))


def confirmed(found: Collection[Confirmation], *, is_begin: bool) -> Confirmation:
    """One word of what every source said, before a notice begins or before its end."""
    return next((one for one in (_TO_BEGIN if is_begin else _TO_END) if one in found), Confirmation.UNKNOWN)


def impacts_of(incidents: Sequence[Incident], book: RuleBook) -> dict[str, Impact]:
    """What the routes of these incidents want said of each component, the worst of each.

    What befalls all that is affected is said of every component another of them names; where none does, of all.
    """
    wishes = sorted(filter(None, (wants(incident, book) for incident in incidents)), key=lambda wish: wish.component == AFFECTED)
    found: dict[str, Impact] = {}
    for wanted in wishes:  # those about one component first
        impact = Impact(wanted.impact)
        names = tuple(found) if wanted.component == AFFECTED and found else components_of(wanted, book)
        found |= {name: max(found.get(name, impact), impact, key=lambda i: i.rank) for name in names}
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
