"""Where an incident's route meets the public components. Pure; used by the notice engine and by examples of rules."""

from receiver.core.incident import Customers, Incident
from receiver.core.rulebook import RuleBook


def wants(incident: Incident, book: RuleBook) -> Customers | None:
    """What the incident's route wants customers to be told; none when nothing, or when no public component is touched."""
    customers = incident.route.customers if incident.route else None
    if customers is None or book.notices is None or customers.component not in book.notices.components:
        return None
    return customers
