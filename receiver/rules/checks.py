"""Checks across files: every name must lead somewhere, and every route must be reachable and tell somebody.

They look at plain trees, not at models, so that a file with other faults is still checked.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from receiver.core.matcher import Matcher, MatcherError, parse_matcher
from receiver.core.policy import FROM_ALERT
from receiver.rules.faults import suggest
from receiver.rules.yaml import Document, Path

Documents = Mapping[str, Document]
_EMPTY_ROUTE_HINT = 'add matchers, or alertname=~".*" to take every alert on purpose'


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """Values at `pattern` of `file` must be names from one of `targets` (file, pattern of the mapping)."""

    file: str
    pattern: str
    what: str
    targets: tuple[tuple[str, str], ...]
    also: tuple[str, ...] = ()


_DESTINATIONS = (("destinations.yaml", "destinations"),)
_PEOPLE = (("people.yaml", "people"),)
_TEAMS = (("people.yaml", "teams"),)
_SERVICES = (("services.yaml", "services"),)
_COMPONENTS = (("notices.yaml", "components"),)
_SCHEDULES = (("schedules.yaml", "schedules"),)
_TEMPLATES = ("from-catalogue", "affected")
REFERENCES = (
    Reference(file="routes.yaml", pattern="route/**/destinations/*", what="destination", targets=_DESTINATIONS),
    Reference(file="routes.yaml", pattern="route/**/active/*", what="window", targets=(("routes.yaml", "windows"),)),
    Reference(file="routes.yaml", pattern="route/**/customers/component", what="component", targets=_COMPONENTS, also=_TEMPLATES),
    Reference(file="destinations.yaml", pattern="fallback/*", what="destination", targets=_DESTINATIONS),
    Reference(file="destinations.yaml", pattern="digest/destination", what="destination", targets=_DESTINATIONS),
    Reference(file="destinations.yaml", pattern="destinations/*/quiet_hours", what="window", targets=(("routes.yaml", "windows"),)),
    Reference(file="destinations.yaml", pattern="destinations/*/policy", what="policy", targets=(("escalation.yaml", "policies"),)),
    Reference(file="people.yaml", pattern="teams/*/*", what="person", targets=_PEOPLE),
    Reference(file="services.yaml", pattern="services/*/depends_on/*", what="service", targets=_SERVICES),
    Reference(file="services.yaml", pattern="services/*/team", what="team", targets=_TEAMS),
    Reference(file="services.yaml", pattern="services/*/component", what="component", targets=_COMPONENTS),
    Reference(file="schedules.yaml", pattern="schedules/*/layers/*/people/*", what="person or team", targets=_PEOPLE + _TEAMS),
    Reference(file="schedules.yaml", pattern="schedules/*/overrides/*/person", what="person", targets=_PEOPLE),
    Reference(file="schedules.yaml", pattern="schedules/*/announce", what="destination", targets=_DESTINATIONS),
    Reference(file="escalation.yaml", pattern="policies/*/steps/*/page/*/schedule", what="schedule", targets=_SCHEDULES),
    Reference(file="escalation.yaml", pattern="policies/*/steps/*/page/*/person", what="person", targets=_PEOPLE),
    Reference(file="escalation.yaml", pattern="policies/*/steps/*/page/*/team", what="team", targets=_TEAMS),
    Reference(file="escalation.yaml", pattern="policies/*/steps/*/page/*/service", what="service", targets=_SERVICES, also=(FROM_ALERT,)),
    Reference(file="escalation.yaml", pattern="policies/*/steps/*/page/*/destination", what="destination", targets=_DESTINATIONS),
    Reference(file="escalation.yaml", pattern="policies/*/steps/*/notify/*", what="destination", targets=_DESTINATIONS),
    Reference(file="notices.yaml", pattern="card/destination", what="destination", targets=_DESTINATIONS),
    Reference(file="notices.yaml", pattern="card/lead", what="person or schedule", targets=_PEOPLE + _SCHEDULES),
    Reference(file="notices.yaml", pattern="components/*/group", what="group", targets=(("notices.yaml", "groups"),)),
    Reference(file="notices.yaml", pattern="publish/*", what="channel", targets=(("notices.yaml", "channels"),), also=("page", "feeds")),
    Reference(file="maintenance.yaml", pattern="windows/*/notice/component", what="component", targets=_COMPONENTS),
)
NO_EFFECT = (("maintenance.yaml", "windows/*/mirror", "mirror has no effect yet, Alertmanager gets no silence"),)


def find(tree: Any, pattern: str) -> Iterator[tuple[Path, Any]]:
    """Yield path and value of everything at a pattern; `*` is any member, `**` any depth of routes."""
    yield from _find(tree, tuple(pattern.split("/")), ())


def _find(tree: Any, parts: tuple[str, ...], path: Path) -> Iterator[tuple[Path, Any]]:
    if not parts:
        yield path, tree
        return
    head, rest = parts[0], parts[1:]
    if head == "**":
        yield from _find(tree, rest, path)
        for below, node in _find(tree, ("routes", "*"), path):
            yield from _find(node, parts, below)
    elif head == "*":
        for key, value in _members(tree):
            yield from _find(value, rest, (*path, key))
    elif isinstance(tree, dict) and head in tree:
        yield from _find(tree[head], rest, (*path, head))


def _members(tree: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(tree, dict):
        yield from tree.items()
    elif isinstance(tree, list):
        yield from enumerate(tree)


def check_names(documents: Documents) -> None:
    """Note every name that leads nowhere; a file that is missing or cannot be read accuses nobody."""
    for reference in REFERENCES:
        document = documents.get(reference.file)
        known = _known(documents, reference)
        if document is None or known is None or not document.is_whole:
            continue
        for path, value in find(document.tree, reference.pattern):
            if document.is_full:
                break
            if isinstance(value, str) and value not in known:
                target = reference.targets[0][0]
                place = "" if target == reference.file else f" in {target}"
                document.fault_at(path, f'there is no {reference.what} "{value}"{place}', suggest(value, known))


def _known(documents: Documents, reference: Reference) -> set[str] | None:
    names = set(reference.also)
    for file, pattern in reference.targets:
        document = documents.get(file)
        if document is None or not document.is_whole or not isinstance(document.tree, dict):
            return None
        for _, mapping in find(document.tree, pattern):
            if not isinstance(mapping, dict):
                return None
            names.update(mapping)
    return names


def check_collections(documents: Documents) -> None:
    """Note destinations that a collecting route can't tell later: a policy pages at once, and a mailbox or a hook is told of incidents alone."""
    routes, places = documents.get("routes.yaml"), documents.get("destinations.yaml")
    if routes is None or places is None or not places.is_whole or not isinstance(routes.tree, dict):
        return
    known = {path[1]: place for path, place in find(places.tree, "destinations/*") if isinstance(place, dict)}
    for path, index, name, route_id in _collected(routes.tree.get("route"), ("route",), None, ()):
        place = known.get(name)
        if place is not None and place.get("channel", "policy") != "telegram":
            hint = "collect for destinations with channel: telegram, or tell it by a route that does not collect"
            routes.fault_at((*path, "destinations", index), f'route "{route_id}" collects, and "{name}" is not a chat', hint)


def _collected(node: Any, path: Path, collect: Any, told: tuple[tuple[Path, int, str], ...]) -> Iterator[tuple[Path, int, str, str]]:
    """Every destination that a collecting leaf has, itself or by inheritance, with where it is named; and the leaf's id."""
    if not isinstance(node, dict):
        return
    collect = node.get("collect", collect)
    names = node.get("destinations")
    told = tuple((path, index, name) for index, name in enumerate(names) if isinstance(name, str)) if isinstance(names, list) else told
    if collect is not None:
        yield from ((*one, str(node.get("id"))) for one in told)
    children = node.get("routes")
    for index, child in enumerate(children if isinstance(children, list) else ()):
        yield from _collected(child, (*path, "routes", index), collect, told)


def check_routes(document: Document) -> None:
    """Note routes that share an id, tell nobody, or take everything without saying so."""
    seen: dict[str, Path] = {}
    for path, node in find(document.tree, "route/**"):
        if not isinstance(node, dict):
            continue
        route_id = node.get("id")
        if isinstance(route_id, str) and seen.setdefault(route_id, path) != path:
            first = document.marks[(*seen[route_id], "id")][0]
            document.fault_at((*path, "id"), f'route id "{route_id}" is already on line {first}', "give each route its own id")
        if len(path) > 1 and not node.get("matchers"):
            document.fault_at(path, f'route "{route_id}" has no matchers and would take every alert', _EMPTY_ROUTE_HINT)
    _check_root(document)


def _check_root(document: Document) -> None:
    root = document.tree.get("route") if isinstance(document.tree, dict) else None
    if not isinstance(root, dict):
        return
    if "destinations" not in root:
        hint = "add destinations: [NAME], the other routes inherit them"
        document.fault_at(("route",), f'route "{root.get("id")}" has no destinations', hint, key=True)
    for key in ("matchers", "active", "continue"):
        if key in root:
            document.fault_at(("route", key), f"the root takes every alert and has no {key}", "move it to a route below", key=True)


def check_accounts(document: Document) -> None:
    """Note two people with one Telegram account."""
    seen: dict[int, str] = {}
    for path, account in find(document.tree, "people/*/telegram"):
        person = str(path[1])
        if type(account) is int and seen.setdefault(account, person) != person:
            document.fault_at(path, f'{account} is already the account of "{seen[account]}"', "give each person their own")


def remarks(documents: Documents) -> tuple[str, ...]:
    """Say what has no effect yet and which services no catalogue names."""
    found: list[str] = []
    for file, pattern, sentence in NO_EFFECT:
        document = documents.get(file)
        places = [] if document is None else [path for path, value in find(document.tree, pattern) if value]
        if document is not None and places:
            found.append(f"{file}:{document.marks[places[0]][0]}: {sentence}")
    if "routes.yaml" in documents:
        found += _strangers(documents)
    return (*found, *_missing_ways(documents), *_soundless(documents))


def _soundless(documents: Documents) -> Iterator[str]:
    """Say of each destination with quiet hours that nothing sent there has a sound to leave out."""
    document = documents.get("destinations.yaml")
    for path, place in find(document.tree, "destinations/*") if document else ():
        if place.get("quiet_hours") and place.get("channel") != "telegram":
            line = document.marks[(*path, "quiet_hours")][0] if document else 1
            why = f"{place['channel']} has no sound to leave out" if "channel" in place else "a policy pages, and a page always sounds"
            yield f"destinations.yaml:{line}: quiet_hours of {path[1]} has no effect, {why}"


def _missing_ways(documents: Documents) -> Iterator[str]:
    """Say of each step of a page that leads nowhere: there is neither a way of this name of the person's own nor a destination."""
    people = documents.get("people.yaml")
    places = documents["destinations.yaml"].tree["destinations"] if "destinations.yaml" in documents else {}
    for path, step in find(people.tree, "people/*/page_by/*") if people else ():
        name, person = step["channel"], people.tree["people"][path[1]] if people else {}
        is_called = name not in ("sms", "voice") or person.get("phone")
        if name not in ("telegram", "browser", "email") and name not in person.get("channels", {}) and not (name in places and is_called):
            line = people.marks[path][0] if people else 1
            yield f"people.yaml:{line}: {path[1]} has no {name} yet and this step is skipped, add channels: {{{name}: {{secret: NAME}}}}"


def unreachable(document: Document) -> Iterator[str]:
    """Say of each route that is never taken which one above takes all its alerts."""
    for parent, siblings in find(document.tree, "route/**/routes"):
        earlier: list[tuple[str, set[Matcher]]] = []
        for index, node in enumerate(siblings):
            mine = set(_matchers(node))
            by = next((name for name, taken in earlier if taken <= mine), None)
            if by is not None:
                line = document.marks[(*parent, index)][0]
                yield f'routes.yaml:{line}: route "{node["id"]}" is never taken, "{by}" above it takes all its alerts'
            if not node.get("continue", False) and not node.get("active"):
                earlier.append((node["id"], mine))


def _matchers(node: dict[str, Any]) -> Iterator[Matcher]:
    for text in node.get("matchers", ()):
        try:
            yield parse_matcher(text)
        except MatcherError:
            continue


def _strangers(documents: Documents) -> Iterator[str]:
    services = documents["services.yaml"].tree["services"] if "services.yaml" in documents else {}
    routes = documents["routes.yaml"]
    for path, node in find(routes.tree, "route/**"):
        for matcher in _matchers(node):
            if services and matcher.name == "service" and matcher.op == "=" and matcher.value and matcher.value not in services:
                line = routes.marks[path][0]
                yield f'routes.yaml:{line}: service "{matcher.value}" is not in services.yaml, {suggest(matcher.value, services)}'
