"""Atom and RSS: one entry per published word, under ids that never change, the newest first. Pure; called by `document`.

A corrected or withdrawn word keeps its id and moves its `updated`. RFC 4287 for Atom, the RSS 2.0 specification for RSS.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from receiver.channels.public_words import IMPACTS, PHASES, known
from receiver.core.notice import PublicNotice, Update
from receiver.web.status.edition import Edition, stable_id
from receiver.web.status.notice_view import pick
from receiver.web.status.words import words

ENTRIES = 60
ATOM = "http://www.w3.org/2005/Atom"
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML 1.0 has no way to write
register_namespace("atom", ATOM)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One word as both feeds have it. `updated_at` is when it was said, corrected or withdrawn (UTC)."""

    id: str
    title: str
    text: str
    url: str
    said_at: datetime
    updated_at: datetime
    category: str


def entries(edition: Edition, language: str) -> list[Entry]:
    """Every word, whatever touched last first."""
    found = [entry for notice in edition.notices for entry in _entries(notice, edition, language)]
    return sorted(found, key=lambda entry: entry.updated_at, reverse=True)[:ENTRIES]


def _entries(notice: PublicNotice, edition: Edition, language: str) -> Iterator[Entry]:
    for update in notice.updates:
        text, _ = pick(update.texts, language)
        phase, said = PHASES[known(language)][update.phase], words(language)
        is_gone = update.is_retracted or notice.is_retracted or text is None
        yield Entry(
            id=f"urn:uuid:{stable_id(notice.id, update.id)}",
            title=said["retracted"] if is_gone or text is None else f"{phase} — {text.title}",
            text="" if is_gone or text is None else f"{text.body}\n\n{_touched(update, edition, language)}".strip(),
            url=f"{edition.site.url(f'{language}/notices/{notice.id}')}#{update.id}",
            said_at=update.at,
            updated_at=update.edited_at or update.at,
            category=update.phase.value,
        )


def _touched(update: Update, edition: Edition, language: str) -> str:
    said = IMPACTS[known(language)]
    named = ((edition.site.component(name, language), impact) for name, impact in update.impacts.items())
    return "\n".join(f"{name}: {said[impact]}" for name, impact in named if name)


def atom(edition: Edition, language: str, key: str) -> bytes:
    """The Atom feed of one language; `key` is where it lies."""
    site = edition.site
    feed = Element("feed", {"xmlns": ATOM, "xml:lang": language})
    _add(feed, "id", f"urn:uuid:{stable_id('feed', language)}")
    _add(feed, "title", site.name(language))
    _add(feed, "updated", _stamp(edition.updated_at))
    SubElement(feed, "link", rel="self", type="application/atom+xml", href=site.url(key))
    SubElement(feed, "link", rel="alternate", type="text/html", hreflang=language, href=site.url(language))
    _add(SubElement(feed, "author"), "name", site.name(language))
    for entry in entries(edition, language):
        one = SubElement(feed, "entry")
        _add(one, "id", entry.id)
        _add(one, "title", entry.title)
        _add(one, "published", _stamp(entry.said_at))
        _add(one, "updated", _stamp(entry.updated_at))
        SubElement(one, "link", rel="alternate", type="text/html", href=entry.url)
        SubElement(one, "category", term=entry.category)
        _add(one, "content", entry.text or entry.title).set("type", "text")
    return _document(feed)


def rss(edition: Edition, language: str, key: str) -> bytes:
    """The RSS feed of one language; `key` is where it lies."""
    site = edition.site
    root = Element("rss", {"version": "2.0"})
    channel = SubElement(root, "channel")
    _add(channel, "title", site.name(language))
    _add(channel, "link", site.url(language))
    _add(channel, "description", site.name(language))
    _add(channel, "language", language)
    _add(channel, "lastBuildDate", format_datetime(edition.updated_at))
    SubElement(channel, f"{{{ATOM}}}link", rel="self", type="application/rss+xml", href=site.url(key))
    for entry in entries(edition, language):
        one = SubElement(channel, "item")
        _add(one, "title", entry.title)
        _add(one, "link", entry.url)
        # Most readers of RSS ignore `updated`: the id of a corrected word changes, so that it is seen.
        edited = "" if entry.updated_at == entry.said_at else f":{int(entry.updated_at.timestamp())}"
        _add(one, "guid", entry.id + edited).set("isPermaLink", "false")
        _add(one, "pubDate", format_datetime(entry.updated_at))
        _add(one, "category", entry.category)
        _add(one, "description", entry.text or entry.title)
    return _document(root)


def _add(parent: Element, name: str, text: str) -> Element:
    child = SubElement(parent, name)
    child.text = _ILLEGAL.sub("", text)
    return child


def _stamp(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds").replace("+00:00", "Z")


def _document(root: Element) -> bytes:
    body: str = tostring(root, encoding="unicode")
    return b"<?xml version='1.0' encoding='utf-8'?>\n" + body.encode()
