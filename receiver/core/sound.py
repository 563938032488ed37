"""Whether a message makes a sound, and if not why. Pure; asked by `workers.sender` when it sends, and by `trial.explain`.

A page always sounds. What is no page keeps silent where nobody needs to look up at once: below a warning, on a quiet route, and in the
quiet hours of its destination.
"""

from datetime import datetime

from receiver.core.alert import Severity
from receiver.core.destination import Destination
from receiver.core.incident import Incident, RouteSnapshot
from receiver.core.plan import Kind, Priority
from receiver.core.rulebook import RuleBook
from receiver.core.telling import priority_at

QUIET_ROUTE, QUIET_HOURS = "quiet_route", "quiet_hours"


def hush(incident: Incident, kind: Kind, priority: Priority, place: Destination, rules: RuleBook, now: datetime) -> str:
    """Why this message has no sound: `info`, `quiet_route` or `quiet_hours:WINDOW`; empty when it has one.

    `now` is the moment it is sent (UTC): what waited for a channel sounds, or does not, by the hour in which people get it.
    """
    if priority is Priority.PAGE or (kind is not Kind.ENDED and priority_at(incident, place) is Priority.PAGE):
        return ""
    if incident.is_quiet:
        return QUIET_ROUTE
    if incident.severity is Severity.INFO:
        return Severity.INFO.value
    if incident.severity is Severity.CRITICAL or incident.escalation is not None:
        return ""
    window = quiet_hours(place.name, rules, now)
    return f"{QUIET_HOURS}:{window}" if window else ""


def is_soft(route: RouteSnapshot, severity: Severity) -> bool:
    """True when what is told first by this route is neither loud in itself nor silent anyway: quiet hours decide."""
    return severity is Severity.WARNING and not route.is_quiet and not route.policies


def quiet_hours(place: str, rules: RuleBook, now: datetime) -> str:
    """The window that is quiet for a destination at this instant (UTC); empty when none is."""
    window = rules.quiet_hours.get(place)
    return window.name if window is not None and window.is_active(now) else ""


def quiet_note(place: str, why: str, rules: RuleBook, now: datetime) -> str:
    """What the timeline says of a message that was kept silent there at this instant (UTC): the window, and until when by its own clocks."""
    window = rules.quiet_hours.get(place)
    end = window.next_change(now) if window else None
    until = f" until {end.astimezone(window.zone):%H:%M} {window.zone.key}" if window and end else ""
    return f"{place}: {window_of(why)}{until}"


def window_of(why: str) -> str:
    """The window a message went out silently for; empty when it had a sound, or another reason to be silent."""
    word, _, window = why.partition(":")
    return window if word == QUIET_HOURS else ""
