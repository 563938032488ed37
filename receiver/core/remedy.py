"""What helps a system that is full, and what is often tried and does not: one table by kind of system and resource. Pure.

Called by `workers.observer` when it weighs the numbers and by `channels` for the words. A catalogue's own word (`remedies` in services.yaml) wins.
"""

from collections.abc import Mapping
from enum import StrEnum

from receiver.core.alert import BUDGET

ERRORS = "errors"


class Remedy(StrEnum):
    """What helps a kind of system that is full; the words of `remedies` in services.yaml."""

    HORIZONTAL = "horizontal"  # more instances of a stateless service
    CONSUMERS = "consumers"
    VERTICAL = "vertical"  # a bigger machine
    GROW = "grow"  # a bigger disk or pool
    SLOW_QUERY = "find-slow-query-first"
    FASTER_DISK = "faster-disk"  # after a look at slow queries
    FIND_LEAK = "find-leak-first"  # a client that opens and does not close
    FIND_CAUSE = "find-cause-first"  # errors are no lack of room, unless something else is full
    UNKNOWN = ""


class Futile(StrEnum):
    """What will not help, as far as the remedy tells."""

    MORE_MEMORY = "more-memory"  # a queue that grows fills it too: it only postpones
    MORE_INSTANCES = "more-instances"  # of the systems above: they only ask more
    CLEANING = "cleaning"
    BIGGER_POOL = "bigger-pool"
    BIGGER_DISK = "bigger-disk"  # room does not make it faster
    HIGHER_LIMIT = "higher-limit"
    SCALING = "scaling"  # more of the same answers with the same errors
    NOTHING_KNOWN = ""


_FAILING: Mapping[str, Remedy] = {ERRORS: Remedy.FIND_CAUSE, BUDGET: Remedy.FIND_CAUSE}
_STATELESS: Mapping[str, Remedy] = {
    "cpu": Remedy.HORIZONTAL, "memory": Remedy.HORIZONTAL, "threads": Remedy.HORIZONTAL, "sessions": Remedy.HORIZONTAL,
    "io": Remedy.FASTER_DISK, "disk": Remedy.GROW, "pool": Remedy.SLOW_QUERY, **_FAILING,
}  # fmt: skip
_MACHINE: Mapping[str, Remedy] = {"cpu": Remedy.VERTICAL, "memory": Remedy.VERTICAL, "io": Remedy.FASTER_DISK, "disk": Remedy.GROW}
BY_KIND: Mapping[str, Mapping[str, Remedy]] = {
    "frontend": _STATELESS,
    "service": _STATELESS,
    "database": {**_MACHINE, "pool": Remedy.SLOW_QUERY, **_FAILING},
    "queue": {**_MACHINE, "depth": Remedy.CONSUMERS, "connections": Remedy.FIND_LEAK, "channels": Remedy.FIND_LEAK, **_FAILING},
    "host": _MACHINE,
}
_FUTILE: Mapping[Remedy, Futile] = {
    Remedy.CONSUMERS: Futile.MORE_MEMORY,
    Remedy.VERTICAL: Futile.MORE_INSTANCES,
    Remedy.SLOW_QUERY: Futile.BIGGER_POOL,
    Remedy.FASTER_DISK: Futile.BIGGER_DISK,
    Remedy.FIND_LEAK: Futile.HIGHER_LIMIT,
    Remedy.FIND_CAUSE: Futile.SCALING,
}


def find_remedy(kind: str, resource: str, remedies: Mapping[str, str]) -> Remedy:
    """What helps: the catalogue's word, else what is usual for this kind of system."""
    said = remedies.get(resource)
    return Remedy(said) if said in set(Remedy) else BY_KIND.get(kind, {}).get(resource, Remedy.UNKNOWN)


def find_futile(remedy: Remedy, resource: str) -> Futile:
    """What not to try beside this remedy; cleaning is known to be futile for a disk alone."""
    if remedy is Remedy.GROW:
        return Futile.CLEANING if resource == "disk" else Futile.NOTHING_KNOWN
    return _FUTILE.get(remedy, Futile.NOTHING_KNOWN)
