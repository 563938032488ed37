"""What the files ask for and nothing acts on yet: escalation policies, so that explain can show them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from receiver.rules.load import Reading
from receiver.rules.schema_escalation import EscalationFile, Target


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerWish:
    """What customers would be told. `component` is empty when the catalogue names none for the service."""

    component: str
    impact: str
    text: str
    hold_seconds: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Configured:
    """By policy the line that says whom its first step pages."""

    first_steps: Mapping[str, str] = field(default_factory=dict)


def configured(loaded: Reading) -> Configured:
    """Read it off the validated files."""
    policies = loaded.models.get("escalation.yaml")
    return Configured(first_steps=dict(_first_steps(loaded, policies)) if isinstance(policies, EscalationFile) else {})


def _first_steps(loaded: Reading, file: EscalationFile) -> Iterator[tuple[str, str]]:
    marks = loaded.documents["escalation.yaml"].marks
    for name, policy in file.policies.items():
        who = ", ".join(_target(target) for target in policy.steps[0].page)
        yield name, f"escalation.yaml:{marks[('policies', name)][0]} {name}: {who}"


def _target(target: Target) -> str:
    return next(f"{kind} {name}" for kind, name in (("schedule", target.schedule), ("person", target.person), ("team", target.team)) if name)
