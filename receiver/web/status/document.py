"""Every document of the public side by its key, and the list of all keys. Pure; used by `routes`, which serves them, and `twin`, which files them."""

from collections.abc import Iterator
from dataclasses import dataclass

from receiver.channels.public_words import IMPACTS, known
from receiver.core.notice import Impact
from receiver.web.status import feed, planner, statuspage
from receiver.web.status.assets import assets_of
from receiver.web.status.badge import badge
from receiver.web.status.edition import Edition, text_in
from receiver.web.status.links import Links
from receiver.web.status.pages import Pages

HTML, ATOM, RSS = "text/html", "application/atom+xml; charset=utf-8", "application/rss+xml; charset=utf-8"
JSON, SVG, ICS = "application/json; charset=utf-8", "image/svg+xml; charset=utf-8", "text/calendar"


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """What is sent or filed. `is_machine` says that programs of other pages may read it."""

    content: bytes
    media_type: str
    language: str = ""
    is_machine: bool = False
    is_lasting: bool = False


def document(edition: Edition, key: str, links: Links) -> Document | None:
    """The document with this key; None when there is none. The key "" is the page in the primary language."""
    site = edition.site
    if asset := assets_of(site).get(key):
        return Document(content=asset.content, media_type=asset.media_type, is_lasting=True)
    first, _, rest = key.partition("/")
    language = first if first in site.languages else site.languages[0]
    inside = rest if first in site.languages else key
    found = _for_machines(edition, language, inside, key) if site.has_feeds else None
    if found is None and site.has_page and (first in site.languages or not key):
        found = _page(Pages(edition, links), edition, language, inside, key)
    return found


def _for_machines(edition: Edition, language: str, inside: str, key: str) -> Document | None:
    content: bytes | None = None
    media_type = JSON
    if inside == "history.atom":
        content, media_type = feed.atom(edition, language, key), ATOM
    elif inside == "history.rss":
        content, media_type = feed.rss(edition, language, key), RSS
    elif inside == "maintenance.ics":
        content, media_type = planner.calendar(edition, language), ICS
    elif inside.startswith("api/v2/"):
        content = statuspage.answer(edition, language, inside.removeprefix("api/v2/"))
    elif inside.startswith(("badge.svg", "badges/")):
        content, media_type = _badge(edition, language, inside), SVG
    return None if content is None else Document(content=content, media_type=media_type, language=language, is_machine=True)


def _badge(edition: Edition, language: str, inside: str) -> bytes | None:
    def drawn(name: str, impact: Impact) -> bytes:
        return badge(name, IMPACTS[known(language)][impact], impact)

    if inside == "badge.svg":
        return drawn(edition.site.name(language), edition.worst)
    wanted = inside.removeprefix("badges/").removesuffix(".svg")
    shown = {c.id: text_in(c.names, language) for c in edition.site.components}
    return drawn(shown[wanted], edition.states[wanted].impact) if wanted in shown and inside.endswith(".svg") else None


def _page(pages: Pages, edition: Edition, language: str, inside: str, key: str) -> Document | None:
    kind, _, name = inside.partition("/")
    text: str | None = None
    if not inside:
        text = pages.home(language, key)
    elif kind == "notices" and name:
        text = pages.notice(language, key, name)
    elif kind == "history":
        text = pages.history(language, key, name or edition.months[0])
    elif kind == "components":
        component = next((c for c in edition.site.components if c.id == name), None)
        text = pages.component(language, key, component) if component else None
    elif inside == "maintenance":
        text = pages.maintenance(language, key)
    elif inside == "updates":
        text = pages.updates(language, key)
    return None if text is None else Document(content=text.encode("utf-8", "replace"), media_type=HTML, language=language)


def keys(edition: Edition) -> Iterator[str]:
    """Every document there is; what `document` answers None for is left out by whoever asks."""
    site = edition.site
    yield from assets_of(site)
    for language in ("", *site.languages):
        before = f"{language}/" if language else ""
        yield from (before + name for name in ("history.atom", "history.rss", "maintenance.ics"))
        yield from (f"{before}api/v2/{path}" for path in statuspage.PATHS)
        yield language
    for language in site.languages:
        yield f"{language}/badge.svg"
        yield from (f"{language}/badges/{c.id}.svg" for c in site.components)
        yield from (f"{language}/{name}" for name in ("history", "maintenance", "updates"))
        yield from (f"{language}/history/{month}" for month in edition.months)
        yield from (f"{language}/components/{c.id}" for c in site.components)
        yield from (f"{language}/notices/{notice.id}" for notice in edition.notices)


def not_found(edition: Edition, language: str) -> Document:
    """The page for whatever does not exist."""
    return Document(content=Pages(edition, Links()).not_found(language).encode(), media_type=HTML, language=language)
