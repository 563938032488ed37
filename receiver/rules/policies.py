"""Builds escalation policies from their file, and checks what leads from them. Called by `build` and `relations`."""

from collections.abc import Iterator, Mapping
from typing import Any

from receiver.core.destination import Destination
from receiver.core.policy import Aim, Policy, Step, Target, VoidOn
from receiver.rules import schema_escalation as schema
from receiver.rules.yaml import Document, Path

_FILES = {"schedule": ("schedules.yaml", "schedules"), "person": ("people.yaml", "people"), "team": ("people.yaml", "teams")}
_MORE = {"service": ("services.yaml", "services"), "destination": ("destinations.yaml", "destinations")}


def build_policies(file: schema.EscalationFile, documents: Mapping[str, Document], places: Mapping[str, Destination]) -> dict[str, Policy]:
    """Every policy by its name; each part knows the line it stands on."""
    marks = documents["escalation.yaml"].marks
    return {
        name: Policy(
            name=name,
            where=f"escalation.yaml:{marks['policies', name][0]}",
            steps=tuple(
                Step(
                    targets=tuple(_target(target, documents, places) for target in step.page),
                    notify=tuple(places[each] for each in dict.fromkeys(step.notify)),
                    wait=step.wait,
                    where=f"escalation.yaml:{marks['policies', name, 'steps', index][0]}",
                )
                for index, step in enumerate(entry.steps)
            ),
            repeat=entry.repeat,
            lease=entry.acknowledge.lease,
            void_on=tuple(VoidOn(word) for word in dict.fromkeys(entry.acknowledge.void_on)),
        )
        for name, entry in file.policies.items()
    }


def _target(target: schema.Target, documents: Mapping[str, Document], places: Mapping[str, Destination]) -> Target:
    aim, name = target.named
    file, key = (_FILES | _MORE)[aim]
    document = documents.get(file)
    mark = document.marks.get((key, name)) if document else None
    where = f"{file}:{mark[0]}" if mark else ""
    return Target(aim=Aim(aim), name=name, where=where, destination=places[name] if aim == "destination" else None)


def circles(tree: Any, places: Any) -> Iterator[tuple[Path, str]]:
    """Paths in escalation.yaml of destinations that are policies themselves: a step tells places, it never starts another policy."""
    policies = tree.get("policies") if isinstance(tree, dict) else None
    for name, policy in policies.items() if isinstance(policies, dict) else ():
        for index, step in enumerate(_list(policy, "steps")):
            path: Path = ("policies", name, "steps", index)
            named: list[tuple[Path, Any]] = [((*path, "notify", at), one) for at, one in enumerate(_list(step, "notify"))]
            named += [((*path, "page", at, "destination"), one.get("destination")) for at, one in enumerate(_list(step, "page")) if isinstance(one, dict)]
            for where, one in named:
                place = places.get(one) if isinstance(places, dict) and isinstance(one, str) else None
                if isinstance(place, dict) and "policy" in place:
                    yield where, one


def _list(entry: Any, key: str) -> list[Any]:
    value = entry.get(key) if isinstance(entry, dict) else None
    return value if isinstance(value, list) else []
