"""When a source opens more incidents than it may, its further alerts share one: the overflow incident. Pure; used by `grouping` and the view.

Admission counts, in the store and so for all replicas together. An alert in there is kept like any other: its end finds it by its identity.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from receiver.core.alert import Alert
from receiver.core.incident import OVERFLOW, RouteSnapshot
from receiver.core.rulebook import RuleBook

GATHER = timedelta(seconds=2)  # so that the first message already says how many


def overflow_key(source: str) -> str:
    """The group of a source's overflow; no other group has a colon in its key."""
    return OVERFLOW + source


def overflow_route(first: RouteSnapshot, rules: RuleBook) -> RouteSnapshot:
    """Whom the first alert that found no room would have told, and the fallback, or without one the root's destinations. Never quiet."""
    noise = rules.noise
    minutes = f"{noise.overflow_within / timedelta(minutes=1):g}"
    return replace(
        first,
        route_id="overflow",
        where="routes.yaml: noise.overflow",
        path=(f"noise.overflow: more than {noise.overflow_incidents} new incidents of this source within {minutes} min",),
        group_by=(),
        group_labels={},
        group_wait=GATHER,
        destinations=tuple(dict.fromkeys((*first.destinations, *(rules.fallback or rules.root.destinations)))),
        is_quiet=False,
        customers=None,
    )


def exploding(alerts: Iterable[Alert]) -> tuple[str, int]:
    """The label with the most distinct values, and how many it has; of several the first by name."""
    values: defaultdict[str, set[str]] = defaultdict(set)
    for alert in alerts:
        for name, value in alert.labels.items():
            values[name].add(value)
    return min(((name, len(seen)) for name, seen in values.items()), key=lambda one: (-one[1], one[0]), default=("", 0))
