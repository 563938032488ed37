"""Checks of what belongs together inside the files: keys that need or exclude one another, lists, chains and stretches of time.

Like `checks`, they look at plain trees, so that a file with other faults is still checked.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from receiver.rules.checks import find
from receiver.rules.faults import suggest
from receiver.rules.policies import circles
from receiver.rules.yaml import Document

Documents = Mapping[str, Document]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """At `pattern` of `file`: where `key` has one of `values` (empty: is there at all), `needs` must stand and `excludes` must not."""

    file: str
    pattern: str
    key: str
    values: tuple[str, ...] = ()
    needs: str = ""
    excludes: tuple[str, ...] = ()
    because: str
    hint: str


_LAYERS = "schedules/*/layers/*"
_SOURCES = "sources/*"
_CHANNELS = "channels/*"
RULES = (
    Rule(
        file="sources.yaml",
        pattern=_SOURCES,
        key="kind",
        values=("generic",),
        needs="mapping",
        because="a generic source needs a mapping",
        hint="add mapping: with status and labels, it says where the body keeps them",
    ),
    Rule(
        file="sources.yaml",
        pattern=_SOURCES,
        key="kind",
        values=("alertmanager", "grafana", "kibana"),
        excludes=("mapping",),
        because="only a generic source has a mapping",
        hint="remove it, or write kind: generic",
    ),
    Rule(
        file="sources.yaml",
        pattern=_SOURCES,
        key="kind",
        values=("grafana", "kibana", "generic"),
        excludes=("peers",),
        because="only an alertmanager source has peers",
        hint="remove it, or write kind: alertmanager",
    ),
    Rule(
        file="notices.yaml",
        pattern=_CHANNELS,
        key="channel",
        values=("telegram",),
        needs="chat",
        because="a telegram channel needs a chat",
        hint='add chat: with its number or "@name"',
    ),
    Rule(
        file="notices.yaml",
        pattern=_CHANNELS,
        key="channel",
        values=("webhook",),
        needs="url",
        because="a webhook channel needs a url",
        hint="add url: https://hooks.example/notices",
    ),
    Rule(
        file="notices.yaml",
        pattern=_CHANNELS,
        key="channel",
        values=("telegram", "telegram-private", "email", "webhooks"),
        excludes=("url", "secret"),
        because="only a webhook or statuspage channel has this key",
        hint="remove it",
    ),
    Rule(
        file="notices.yaml",
        pattern=_CHANNELS,
        key="channel",
        values=("telegram-private", "email", "webhook", "webhooks", "statuspage"),
        excludes=("chat",),
        because="only a telegram channel has a chat",
        hint="remove it",
    ),
    Rule(
        file="notices.yaml",
        pattern=_CHANNELS,
        key="channel",
        values=("statuspage",),
        needs="page",
        because="a statuspage channel needs a page",
        hint="add page: with the page's id",
    ),
    Rule(
        file="notices.yaml",
        pattern=_CHANNELS,
        key="channel",
        values=("statuspage",),
        needs="secret",
        because="a statuspage channel needs a secret",
        hint="add secret: NAME and keep the API key in the environment as RECEIVER_SECRET_NAME",
    ),
    Rule(
        file="notices.yaml",
        pattern=_CHANNELS,
        key="channel",
        values=("telegram", "telegram-private", "email", "webhook", "webhooks"),
        excludes=("page", "components", "notify"),
        because="only a statuspage channel has this key",
        hint="remove it",
    ),
    Rule(
        file="schedules.yaml",
        pattern=_LAYERS,
        key="handoff",
        needs="rotate",
        because="a hand-off without rotate never happens",
        hint="add rotate: daily or rotate: weekly",
    ),
    Rule(
        file="maintenance.yaml",
        pattern="windows/*",
        key="recurring",
        excludes=("from", "to"),
        because="a recurring window has its own hours",
        hint="keep from and to inside recurring, or remove recurring",
    ),
)
SETS = (
    ("routes.yaml", "route/**/destinations"),
    ("routes.yaml", "route/**/group_by"),
    ("routes.yaml", "route/**/matchers"),
    ("routes.yaml", "route/**/active"),
    ("destinations.yaml", "fallback"),
    ("destinations.yaml", "destinations/*/to"),
    ("people.yaml", "teams/*"),
    ("people.yaml", "people/*/roles"),
    ("services.yaml", "services/*/depends_on"),
    ("services.yaml", "services/*/method"),
    ("sources.yaml", "sources/*/peers"),
    ("sources.yaml", "sources/*/ignore_labels"),
    ("notices.yaml", "publish"),
    ("notices.yaml", "page/languages"),
)


def check_relations(documents: Documents) -> None:
    """Note every key without its companion, every repeated item, every step and schedule that leads to nobody, every circle of services."""
    whole = {name: document for name, document in documents.items() if document.is_whole}
    for rule in RULES:
        if rule.file in whole:
            _apply(whole[rule.file], rule)
    for file, pattern in SETS:
        if file in whole:
            _check_set(whole[file], pattern)
    for file, check in _CHECKS:
        if file in whole:
            check(whole[file])
    if "escalation.yaml" in whole and "destinations.yaml" in whole:
        _check_no_policy_in_policy(whole["escalation.yaml"], whole["destinations.yaml"])
    if "people.yaml" in whole and "destinations.yaml" in whole:
        _check_names(whole["destinations.yaml"], whole["people.yaml"])


def _apply(document: Document, rule: Rule) -> None:
    for path, entry in find(document.tree, rule.pattern):
        if not isinstance(entry, dict) or rule.key not in entry or (rule.values and entry[rule.key] not in rule.values):
            continue
        if rule.needs and not entry.get(rule.needs):
            document.fault_at((*path, rule.key), rule.because, rule.hint)
        for key in rule.excludes:
            if entry.get(key):
                document.fault_at((*path, key), rule.because, rule.hint, key=True)


def _check_set(document: Document, pattern: str) -> None:
    for path, items in find(document.tree, pattern):
        seen: set[str] = set()
        for index, item in enumerate(items if isinstance(items, list) else ()):
            word = str(item).rstrip("/")
            if word in seen and isinstance(item, str):
                document.fault_at((*path, index), f"{item} is listed twice", "remove one of the two")
            seen.add(word)


def _check_digest(document: Document) -> None:
    """A digest is a text for a chat: a policy has no place, and a mailbox or a hook is told of incidents alone."""
    for path, name in find(document.tree, "digest/destination"):
        place = next((entry for _, entry in find(document.tree, f"destinations/{name}")), None) if isinstance(name, str) else None
        if isinstance(place, dict) and place.get("channel", "policy") != "telegram":
            document.fault_at(path, f'"{name}" is not a chat', "a digest goes to a destination with channel: telegram")


def _check_fallback(document: Document) -> None:
    """The fallback is told when nobody else can be: it must be a place, not a policy that may lead back here."""
    places = document.tree.get("destinations") if isinstance(document.tree, dict) else None
    for path, name in find(document.tree, "fallback/*"):
        place = places.get(name) if isinstance(places, dict) and isinstance(name, str) else None
        if isinstance(place, dict) and "policy" in place and "channel" not in place:
            document.fault_at(path, f'"{name}" is an escalation policy and cannot be a fallback', "name a chat, a mailbox or a hook that is always there")


_WAYS = ("telegram", "browser", "email", "pagerduty", "sms", "voice", "longtail", "webhook")


def _check_people(document: Document) -> None:
    for path, person in find(document.tree, "people/*"):
        for index, step in enumerate(_list(person, "page_by")):
            channel = step.get("channel") if isinstance(step, dict) else None
            if channel in ("telegram", "email") and not person.get(channel):
                hint = f"add {channel}: to {path[1]}, or remove this step"
                document.fault_at((*path, "page_by", index), f'"{path[1]}" has no {channel} to be paged by', hint)
            elif isinstance(channel, str) and channel not in _WAYS and channel not in (person.get("channels") or ()):
                hint = f"add it to channels: of {path[1]}, like {channel}: {{secret: {str(path[1]).upper()}_{channel.upper()}}}"
                document.fault_at((*path, "page_by", index, "channel"), f'"{path[1]}" has no {channel} to be paged by', hint)
    for path, members in find(document.tree, "teams/*"):
        if members == []:
            document.fault_at(path, f'team "{path[1]}" has nobody', "name at least one person, or remove the team")


def _check_severities(document: Document) -> None:
    for pattern in ("severity/map", "sources/*/severity/map"):
        for path, table in find(document.tree, pattern):
            seen: dict[str, str] = {}
            for word in table if isinstance(table, dict) else ():
                if seen.setdefault(word.lower(), word) != word:
                    message = f'"{word}" and "{seen[word.lower()]}" are one word, letter case does not count'
                    document.fault_at((*path, word), message, "keep one of the two", key=True)


def _check_circles(document: Document) -> None:
    """The database carries the services above it: a circle has no bottom."""
    services = document.tree.get("services") if isinstance(document.tree, dict) else None
    if not isinstance(services, dict):
        return
    below = {name: [n for n in _list(entry, "depends_on") if isinstance(n, str)] for name, entry in services.items()}
    done: set[str] = set()
    for name in below:
        for circle in _circles(name, below, (), done):
            last = circle[-2]
            index = below[last].index(circle[-1])
            chain = " → ".join(circle)
            document.fault_at(("services", last, "depends_on", index), f"services depend on each other in a circle: {chain}", "remove one of the arrows")


def _circles(name: str, below: Mapping[str, list[str]], above: tuple[str, ...], done: set[str]) -> Iterator[tuple[str, ...]]:
    if name in above:
        yield (*above[above.index(name) :], name)
    elif name not in done and name in below and len(above) < _DEEPEST:
        for each in below[name]:
            yield from _circles(each, below, (*above, name), done)
        done.add(name)


def _check_policies(document: Document) -> None:
    for path, policy in find(document.tree, "policies/*"):
        steps = _list(policy, "steps")
        for index, step in enumerate(steps):
            if isinstance(step, dict) and not step.get("page") and not step.get("notify"):
                hint = "add page: [{person: NAME}] or notify: [DESTINATION]"
                document.fault_at((*path, "steps", index), f"step {index + 1} pages nobody and tells nobody", hint)
        if steps and all(isinstance(step, dict) and not step.get("page") for step in steps):
            hint = "add page: to a step, or name the chats in the route in place of the policy"
            document.fault_at(path, f'policy "{path[1]}" never pages anybody', hint, key=True)


def _check_no_policy_in_policy(document: Document, destinations: Document) -> None:
    places = destinations.tree.get("destinations") if isinstance(destinations.tree, dict) else None
    for path, name in circles(document.tree, places):
        document.fault_at(path, f'"{name}" is an escalation policy, a step tells places', "name a chat, or add steps to this policy")


def _check_names(document: Document, people: Document) -> None:
    """Who is paged is a place by the person's id: a destination of that name would be taken for it."""
    known = people.tree.get("people") if isinstance(people.tree, dict) else None
    for path, table in find(document.tree, "destinations"):
        for name in table if isinstance(table, dict) else ():
            if isinstance(known, dict) and name in known:
                document.fault_at((*path, name), f'"{name}" is also a person in people.yaml', "give the destination another name", key=True)


def _check_mapped(document: Document) -> None:
    """The far end's ids stand under our components."""
    components = document.tree.get("components") if isinstance(document.tree, dict) else None
    if not isinstance(components, dict):
        return
    for path, table in find(document.tree, "channels/*/components"):
        for name in table if isinstance(table, dict) else ():
            if name not in components:
                document.fault_at((*path, name), f'there is no component "{name}"', suggest(name, components), key=True)


def _check_approval(document: Document) -> None:
    components = document.tree.get("components") if isinstance(document.tree, dict) else None
    for path, name in find(document.tree, "approval/*/when/component/*"):
        if isinstance(components, dict) and isinstance(name, str) and name not in components:
            document.fault_at(path, f'there is no component "{name}"', suggest(name, components))


def _check_languages(document: Document) -> None:
    """Customers must be able to read every name in every language of the page."""
    languages = [item for _, item in find(document.tree, "page/languages/*") if isinstance(item, str)]
    for pattern in ("page/name", "components/*/name", "components/*/description", "groups/*/name"):
        for path, names in find(document.tree, pattern):
            for language in languages if isinstance(names, dict) else ():
                if language not in names:
                    document.fault_at(path, f'there is no name in "{language}"', f"add {language}: here, or remove it from page.languages")


def _list(entry: Any, key: str) -> list[Any]:
    value = entry.get(key) if isinstance(entry, dict) else None
    return value if isinstance(value, list) else []


_DEEPEST = 200
_CHECKS = (
    ("destinations.yaml", _check_fallback),
    ("destinations.yaml", _check_digest),
    ("people.yaml", _check_people),
    ("sources.yaml", _check_severities),
    ("services.yaml", _check_circles),
    ("escalation.yaml", _check_policies),
    ("notices.yaml", _check_approval),
    ("notices.yaml", _check_mapped),
    ("notices.yaml", _check_languages),
)
