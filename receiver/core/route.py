"""The route tree: which leaf groups an alert, and every destination it asks for. Pure."""

import base64
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from receiver.core.alert import service_of
from receiver.core.branches import Branches, file_branches
from receiver.core.collect import Collect
from receiver.core.incident import Customers, RouteSnapshot
from receiver.core.matcher import Matcher
from receiver.core.window import Window

ALL_LABELS = "..."


@dataclass(frozen=True, kw_only=True, slots=True)
class RouteNode:
    """One node with everything inherited filled in; `step` is its line of the *Why?* path, all matchers met.

    With `windows` it takes alerts only while one of them is active. `customers.component` may still be `from-catalogue`.
    """

    id: str
    where: str
    matchers: tuple[Matcher, ...]
    group_by: tuple[str, ...]
    group_wait: timedelta
    reopen_within: timedelta
    destinations: tuple[str, ...]
    continues: bool
    step: str
    children: tuple["RouteNode", ...] = ()
    windows: tuple[Window, ...] = ()
    is_quiet: bool = False
    customers: Customers | None = None
    collect: Collect | None = None
    branches: Branches = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the children."""
        object.__setattr__(self, "branches", file_branches([child.matchers for child in self.children]))

    def takes(self, labels: Mapping[str, str], now: datetime) -> bool:
        """Say whether every matcher of this node is met, and one of its windows active where it has any."""
        if not all(matcher.matches(labels) for matcher in self.matchers):
            return False
        return not self.windows or any(window.is_active(now) for window in self.windows)


def describe_step(where: str, route_id: str, matchers: tuple[Matcher, ...], windows: tuple[Window, ...] = ()) -> str:
    """One line of the path: `routes.yaml:12 critical: severity="critical" ✓`."""
    conditions = [f"{matcher.text} ✓" for matcher in matchers] or ["every alert ✓"]
    if windows:
        conditions.append(f"window {' or '.join(window.name for window in windows)} ✓")
    return f"{where} {route_id}: {', '.join(conditions)}"


def route(root: RouteNode, labels: Mapping[str, str], now: datetime, rules_version: str = "", ignored: Collection[str] = ()) -> RouteSnapshot:
    """Find the leaf that groups these labels; later siblings reached by `continue` only add destinations.

    The root takes every alert, whatever its matchers. The path lists each node passed, in order. It is quiet only when every
    leaf is: a silent copy must not take the sound from a page; it collects only when every leaf does. `ignored` labels are left out of a grouping by all labels.
    """
    leaves: list[RouteNode] = []
    path: list[str] = []
    _descend(root, labels, now, leaves, path)
    first = leaves[0]
    return RouteSnapshot(
        route_id=first.id,
        where=first.where,
        path=tuple(path),
        group_by=first.group_by,
        group_labels=_group_labels(first.group_by, labels, ignored),
        group_wait=first.group_wait,
        reopen_within=first.reopen_within,
        destinations=tuple(dict.fromkeys(name for leaf in leaves for name in leaf.destinations)),
        rules_version=rules_version,
        is_quiet=all(leaf.is_quiet for leaf in leaves),
        customers=first.customers,
        collect=first.collect if all(leaf.collect for leaf in leaves) else None,
    )


def labels_read(node: RouteNode) -> frozenset[str]:
    """Names of all labels that this node or one below it looks at: alerts that agree in these take the same route."""
    own = {matcher.name for matcher in node.matchers} | set(node.group_by)
    return frozenset(own.union(*(labels_read(child) for child in node.children)))


def group_key(route_id: str, group_labels: Mapping[str, str]) -> str:
    """Name a group: 128 bits of SHA-256 over the route and the group's labels, as 22 characters.

    The source is left out, so that replicas and sources of one fault meet in one incident.
    """
    parts = [route_id, *(part for name in sorted(group_labels) for part in (name, group_labels[name]))]
    raws = [part.encode("utf-8", "surrogatepass") for part in parts]
    digest = hashlib.sha256(b"".join([len(raw).to_bytes(8, "big") + raw for raw in raws])).digest()
    return base64.urlsafe_b64encode(digest[:16])[:22].decode()


def _descend(node: RouteNode, labels: Mapping[str, str], now: datetime, leaves: list[RouteNode], path: list[str]) -> None:
    path.append(node.step)
    entered = False
    for position in node.branches.candidates(labels):
        child = node.children[position]
        if child.takes(labels, now):
            entered = True
            _descend(child, labels, now, leaves, path)
            if not child.continues:
                break
    if not entered:
        leaves.append(node)


def _group_labels(group_by: tuple[str, ...], labels: Mapping[str, str], ignored: Collection[str]) -> dict[str, str]:
    if ALL_LABELS in group_by:
        return {name: value for name, value in labels.items() if value and name not in ignored}
    return {name: service_of(labels) if name == "service" else labels.get(name, "") for name in group_by}
