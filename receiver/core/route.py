"""The route tree: which leaf groups an alert, and every destination it asks for. Pure."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from receiver.core.incident import RouteSnapshot
from receiver.core.matcher import Matcher


@dataclass(frozen=True, kw_only=True, slots=True)
class RouteNode:
    """One node with everything inherited filled in; `step` is its line of the *Why?* path, all matchers met."""

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

    def takes(self, labels: Mapping[str, str]) -> bool:
        """Say whether every matcher of this node is met."""
        return all(matcher.matches(labels) for matcher in self.matchers)


def describe_step(where: str, route_id: str, matchers: tuple[Matcher, ...]) -> str:
    """One line of the path: `routes.yaml:12 critical: severity="critical" ✓`."""
    conditions = ", ".join(f"{matcher.text} ✓" for matcher in matchers) or "every alert ✓"
    return f"{where} {route_id}: {conditions}"


def route(root: RouteNode, labels: Mapping[str, str], rules_version: str = "") -> RouteSnapshot:
    """Find the leaf that groups these labels; later siblings reached by `continue` only add destinations.

    The root takes every alert, whatever its matchers. The path lists each node passed, in order.
    """
    leaves: list[RouteNode] = []
    path: list[str] = []
    _descend(root, labels, leaves, path)
    first = leaves[0]
    return RouteSnapshot(
        route_id=first.id,
        where=first.where,
        path=tuple(path),
        group_by=first.group_by,
        group_labels={name: _group_value(name, labels) for name in first.group_by},
        group_wait=first.group_wait,
        reopen_within=first.reopen_within,
        destinations=tuple(dict.fromkeys(name for leaf in leaves for name in leaf.destinations)),
        rules_version=rules_version,
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
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return base64.urlsafe_b64encode(digest.digest()[:16])[:22].decode()


def _descend(node: RouteNode, labels: Mapping[str, str], leaves: list[RouteNode], path: list[str]) -> None:
    path.append(node.step)
    entered = False
    for child in node.children:
        if child.takes(labels):
            entered = True
            _descend(child, labels, leaves, path)
            if not child.continues:
                break
    if not entered:
        leaves.append(node)


def _group_value(name: str, labels: Mapping[str, str]) -> str:
    if name == "service":
        return labels.get("service") or labels.get("job") or ""
    return labels.get(name, "")
