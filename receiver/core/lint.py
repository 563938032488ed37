"""Is this text fit for customers? Every draft is looked through for what must never leave the house, and for what reads badly.

A block cannot be overridden; a question needs somebody's tick and one more approval. The strongest control is the first one: no label or
annotation value of the linked alerts may stand in a public text. Pure; called by the notice decisions, the card and the API.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from receiver.core import lint_words as words
from receiver.core.notice import Phase
from receiver.core.notice_record import Draft
from receiver.core.notice_rules import NoticeRules, Translation

SHORTEST_VALUE = 4
LONGEST_TEXT = 500
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")


class Finding(StrEnum):
    """What was found. The first part blocks, the second asks."""

    LABEL_VALUE = "label_value"
    HOST = "host"
    ADDRESS = "address"
    LINK = "link"
    ERROR_TEXT = "error_text"
    PATH = "path"
    VERSION = "version"
    SECRET = "secret"  # noqa: S105 - a word, not one
    MAILBOX = "mailbox"
    PHONE = "phone"
    NUMBER = "number"
    PERSON = "person"
    VENDOR = "vendor"
    HTTP_CODE = "http_code"
    EMPTY = "empty"
    LANGUAGE_MISSING = "language_missing"
    LANGUAGE_STALE = "language_stale"
    FORECAST = "forecast"
    JARGON = "jargon"
    LONG = "long"
    CAPITALS = "capitals"
    STILL_FIRING = "still_firing"
    COMPONENT_ABSENT = "component_absent"


ASKS = frozenset({Finding.FORECAST, Finding.JARGON, Finding.LONG, Finding.CAPITALS, Finding.STILL_FIRING, Finding.COMPONENT_ABSENT})
_LANGUAGE = frozenset({Finding.LANGUAGE_MISSING, Finding.LANGUAGE_STALE})


@dataclass(frozen=True, kw_only=True, slots=True)
class Remark:
    """One finding in one language; `word` is what it is about, for the support team only."""

    finding: Finding
    language: str
    word: str = ""
    is_block: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Secrets:
    """What is known to be internal: `values` of labels and annotations (see `values_of`), `people` by the names they are called."""

    values: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()


def values_of(texts: Iterable[str]) -> frozenset[str]:
    """What of labels and annotations must not stand in a public text: each value, and each word in it that looks like a name of ours."""
    found: set[str] = set()
    for text in texts:
        plain = _fold(text)
        if len(plain) >= SHORTEST_VALUE:
            found.add(plain)
        parts = (word.strip(".:,/-@") for word in re.findall(r"[\w.@:/-]+", plain))
        found.update(word for word in parts if len(word) >= SHORTEST_VALUE and re.search(r"[a-z]", word) and re.search(r"[\d_@:/.-]", word))
        found.update(word for word in re.findall(r"\w{4,}", plain) if re.search(r"[^\W\d]", word) and re.search(r"\d", word))
    return frozenset(found)


def lint(draft: Draft, rules: NoticeRules, secrets: Secrets, firing: int) -> tuple[Remark, ...]:
    """Everything that is wrong with the draft, blocks first; empty when it may go out as it is."""
    found = [*_languages(draft, rules)]
    known = _public_words(rules)
    values = frozenset(value for value in secrets.values if value not in known)
    for language, text in draft.texts.items():
        said = f"{text.title}\n{text.body}"
        leaks = {w.casefold(): (f, w) for f, w in reversed([*_leaks(said, rules, values, secrets.people)])}  # each word once, by its first name
        found += [Remark(finding=f, language=language, word=w) for f, w in reversed(leaks.values())]
        found += [Remark(finding=f, language=language, word=w, is_block=False) for f, w in _style(said, draft, rules, language)]
        if not text.title.strip() or not text.body.strip():
            found.append(Remark(finding=Finding.EMPTY, language=language))
    if draft.phase is Phase.RESOLVED and firing:
        found.append(Remark(finding=Finding.STILL_FIRING, language="", word=str(firing), is_block=False))
    return tuple(sorted(dict.fromkeys(found), key=lambda remark: not remark.is_block))


def is_sensitive(draft: Draft, rules: NoticeRules) -> bool:
    """True when a text touches security, law or personal data: then a comms lead must agree."""
    listed = rules.sensitive or words.SENSITIVE
    said = _fold("\n".join(f"{text.title}\n{text.body}" for text in draft.texts.values()))
    return any(re.search(rf"(?<!\w){re.escape(word)}", said) for word in listed)


def _languages(draft: Draft, rules: NoticeRules) -> Iterator[Remark]:
    wanted = rules.languages[:1] if rules.translation is Translation.PRIMARY_ONLY else rules.languages
    is_block = rules.translation is Translation.REQUIRE_ALL
    for language in wanted:
        if language not in draft.texts:
            yield Remark(finding=Finding.LANGUAGE_MISSING, language=language, is_block=is_block or not draft.texts)
        elif language in draft.stale:
            yield Remark(finding=Finding.LANGUAGE_STALE, language=language, is_block=False)


def _leaks(said: str, rules: NoticeRules, values: Collection[str], people: Collection[str]) -> Iterator[tuple[Finding, str]]:
    text = _without_links(_plain(said), rules.urls_allowed)
    folded = text.casefold()
    yield from ((Finding.LABEL_VALUE, value) for value in values if _stands_in(value, folded))
    yield from _forms(text, folded, rules.words_allowed)
    yield from _names_of_others(text, folded, rules, people)


def _forms(text: str, folded: str, allowed: Collection[str]) -> Iterator[tuple[Finding, str]]:
    for said, patterns in ((folded, words.LEAKS), (text, words.LEAKS_AS_WRITTEN)):
        for finding, pattern in patterns.items():
            for found in re.finditer(pattern, said):
                word = found[0].strip()
                if word.casefold() not in allowed:
                    yield Finding(finding), word


def _names_of_others(text: str, folded: str, rules: NoticeRules, people: Collection[str]) -> Iterator[tuple[Finding, str]]:
    for name in people:
        called = _called(name).search(text)
        if called and name.casefold() not in rules.words_allowed:
            yield Finding.PERSON, called[0]
    for vendor in rules.vendors | words.VENDORS:
        if vendor not in rules.words_allowed and _stands_in(vendor, folded):
            yield Finding.VENDOR, vendor


def _style(said: str, draft: Draft, rules: NoticeRules, language: str) -> Iterator[tuple[Finding, str]]:
    folded = _fold(said)
    if not draft.next_update_at or not re.search(words.NEXT_WORD, folded):
        for found in re.finditer(words.FORECAST, folded):
            yield Finding.FORECAST, found[0]
    for found in re.finditer(words.JARGON, folded):
        if found[0] not in rules.words_allowed:
            yield Finding.JARGON, found[0]
    if len(draft.texts[language].body) > LONGEST_TEXT:
        yield Finding.LONG, str(len(draft.texts[language].body))
    for found in re.finditer(r"\b[A-ZА-ЯЁ]{5,}\b", said):
        yield Finding.CAPITALS, found[0]
    for name in draft.impacts:
        component = rules.components.get(name)
        if component and not _names(component.name(language), folded):
            yield Finding.COMPONENT_ABSENT, component.name(language)


def _names(name: str, folded: str) -> bool:
    """True when the words of a name stand in the text in any case: only their beginnings are compared."""
    parts = [word for word in re.findall(r"\w+", _fold(name)) if len(word) > 3] or [_fold(name)]
    return all(word[: max(3, len(word) - 3)] in folded for word in parts)


def _public_words(rules: NoticeRules) -> frozenset[str]:
    names = {_fold(name) for component in rules.components.values() for name in (component.id, *component.names.values())}
    return frozenset(names | rules.words_allowed)


def _stands_in(value: str, folded: str) -> bool:
    """As a whole: `prod` does not stand in `production`."""
    at = folded.find(value)
    while at >= 0:
        before, after = folded[at - 1 : at], folded[at + len(value) : at + len(value) + 1]
        if not (value[0].isalnum() and before.isalnum()) and not (value[-1].isalnum() and after.isalnum()):
            return True
        at = folded.find(value, at + 1)
    return False


def _without_links(text: str, allowed: Collection[str]) -> str:
    """Addresses that may be given are no leak; anything that only begins alike is."""
    for link in sorted(allowed, key=len, reverse=True):
        text = re.sub(rf"{re.escape(link)}(?![\w/@.-]*[\w/@-])", " ", text)
    return text


@lru_cache(maxsize=512)
def _called(name: str) -> re.Pattern[str]:
    """A name as written, or in another case of Russian."""
    if re.fullmatch(r"[А-ЯЁ][а-яё]{2,}", name):
        stem = name[:-1] if name[-1] in "аяйь" else name
        return re.compile(rf"\b{stem}[а-яё]{{0,2}}\b")
    return re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")


def _plain(text: str) -> str:
    """Look-alikes and invisible characters hide nothing."""
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))


def _fold(text: str) -> str:
    return " ".join(_plain(text).casefold().split())
