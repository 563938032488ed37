"""What the files ask for and nothing acts on yet: customers and escalation policies, so that explain and replay can show it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from receiver.core.rulebook import RuleBook
from receiver.rules.load import Loaded
from receiver.rules.schema import Customers, RouteEntry, RoutesFile
from receiver.rules.schema_later import EscalationFile, Target

FROM_CATALOGUE = "from-catalogue"


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerWish:
    """What customers would be told. `component` is empty when the catalogue names none for the service."""

    component: str
    impact: str
    text: str
    hold_seconds: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Configured:
    """Wishes by route id, and by policy the line that says whom its first step pages."""

    customers: Mapping[str, Customers] = field(default_factory=dict)
    first_steps: Mapping[str, str] = field(default_factory=dict)

    def wish(self, rules: RuleBook, route_id: str, service: str) -> CustomerWish | None:
        """What this route wants customers of this service to hear."""
        entry = self.customers.get(route_id)
        if entry is None:
            return None
        known = rules.services.get(service)
        component = (known.component if known else "") if entry.component == FROM_CATALOGUE else entry.component
        return CustomerWish(component=component, impact=entry.impact, text=entry.text, hold_seconds=int(entry.hold.total_seconds()))


def configured(loaded: Loaded) -> Configured:
    """Read it off the validated files."""
    routes, policies = loaded.models.get("routes.yaml"), loaded.models.get("escalation.yaml")
    return Configured(
        customers=dict(_customers(routes.route, None)) if isinstance(routes, RoutesFile) else {},
        first_steps=dict(_first_steps(loaded, policies)) if isinstance(policies, EscalationFile) else {},
    )


def _customers(entry: RouteEntry, above: Customers | None) -> Iterator[tuple[str, Customers]]:
    mine = entry.customers or above
    if mine is not None:
        yield entry.id, mine
    for child in entry.routes:
        yield from _customers(child, mine)


def _first_steps(loaded: Loaded, file: EscalationFile) -> Iterator[tuple[str, str]]:
    marks = loaded.documents["escalation.yaml"].marks
    for name, policy in file.policies.items():
        who = ", ".join(_target(target) for target in policy.steps[0].page)
        yield name, f"escalation.yaml:{marks[('policies', name)][0]} {name}: {who}"


def _target(target: Target) -> str:
    return next(f"{kind} {name}" for kind, name in (("schedule", target.schedule), ("person", target.person), ("team", target.team)) if name)
