"""One public notice as a page shows it: words, times and shapes in one language. Pure; used by `pages`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from receiver.channels import moments
from receiver.channels.public_words import IMPACTS, PHASES, known
from receiver.core.notice import Impact, Phase, PublicNotice, PublicText, Update
from receiver.web.status.edition import Edition
from receiver.web.status.words import SHAPES, words

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Touched:
    """One component and its state in words."""

    name: str
    word: str
    shape: str


@dataclass(frozen=True, kw_only=True, slots=True)
class When:
    """An instant: for people and for machines."""

    text: str
    iso: str


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateView:
    """One word; `language` is that of its text when it is not the page's."""

    id: str
    phase: str
    word: str
    at: When
    ago: str
    paragraphs: tuple[tuple[str, ...], ...]
    changes: tuple[str, ...]
    edited: str = ""
    retracted: str = ""
    language: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticeView:
    """A notice; `promise` is when the next word comes, or how old the last one is once the promise is late."""

    id: str
    title: str
    phase: str
    word: str
    shape: str
    affects: tuple[Touched, ...]
    began: When
    lasting: str
    promise: str
    is_open: bool
    is_work: bool
    is_retracted: bool
    updates: tuple[UpdateView, ...]
    language: str = ""


def view(notice: PublicNotice, edition: Edition, language: str) -> NoticeView:
    """As it stands at the edition's `now`."""
    title, other = pick(notice.titles, language)
    impact = notice.impact if notice.is_maintenance or not notice.is_open else max(notice.impacts.values(), key=lambda i: i.rank, default=notice.impact)
    shape = "work" if notice.is_maintenance else "ok" if notice.phase.is_over else SHAPES[impact]
    return NoticeView(
        id=notice.id,
        title=words(language)["retracted"] if notice.is_retracted else title or "",
        phase=notice.phase.value,
        word=PHASES[known(language)][notice.phase],
        shape=shape,
        affects=_affects(notice, edition, language),
        began=when(notice.started_at, edition, language),
        lasting=_lasting(notice, edition, language),
        promise=_promise(notice, edition, language),
        is_open=notice.is_open,
        is_work=notice.is_maintenance,
        is_retracted=notice.is_retracted,
        updates=tuple(_updates(notice, edition, language)),
        language=other,
    )


def when(instant: datetime, edition: Edition, language: str) -> When:
    """In the page's zone."""
    text = moments.moment(instant, edition.site.zone, edition.now, known(language))
    return When(text=text, iso=instant.isoformat(timespec="seconds").replace("+00:00", "Z"))


def pick(texts: Mapping[str, T], language: str) -> tuple[T | None, str]:
    """The text in this language; else in another one, and which."""
    if language in texts:
        return texts[language], ""
    other = next(iter(texts), "")
    return (texts[other], other) if other else (None, "")


def paragraphs(body: str) -> tuple[tuple[str, ...], ...]:
    """Paragraphs, each a row of lines."""
    parts = "\n".join(body.splitlines()).split("\n\n")
    return tuple(tuple(line for line in part.split("\n") if line.strip()) for part in parts if part.strip())


def _affects(notice: PublicNotice, edition: Edition, language: str) -> tuple[Touched, ...]:
    found = []
    for name in notice.components:
        impact = notice.impacts.get(name, Impact.OPERATIONAL)
        if public := edition.site.component(name, language):
            shape = "work" if notice.is_maintenance and not notice.phase.is_over else SHAPES[impact]
            found.append(Touched(name=public, word=IMPACTS[known(language)][impact], shape=shape))
    return tuple(found)


def _lasting(notice: PublicNotice, edition: Edition, language: str) -> str:
    said, tongue, zone = words(language), known(language), edition.site.zone
    if notice.is_retracted:
        return ""
    if notice.scheduled_for and not notice.phase.is_over:
        late = notice.scheduled_until is not None and notice.phase is not Phase.SCHEDULED and notice.scheduled_until < edition.now
        planned = said["planned_for"].format(stretch=moments.stretch(notice.scheduled_for, notice.scheduled_until, zone, tongue))
        return f"{planned}. {said['overruns']}" if late else planned
    if notice.phase is Phase.CANCELLED:
        return ""
    if notice.resolved_at and notice.phase.is_over:
        length = moments.span(notice.resolved_at - notice.started_at, tongue)
        return said["lasted"].format(span=length, stretch=moments.stretch(notice.started_at, notice.resolved_at, zone, tongue))
    began = moments.moment(notice.started_at, zone, edition.now, tongue)
    return said["started"].format(time=began, ago=moments.ago(edition.now - notice.started_at, tongue))


def _promise(notice: PublicNotice, edition: Edition, language: str) -> str:
    said = words(language)
    if not notice.is_open or notice.next_update_at is None:
        return ""
    if notice.next_update_at < edition.now:
        return said["late"].format(ago=moments.ago(edition.now - notice.updated_at, known(language)))
    return said["next"].format(time=moments.moment(notice.next_update_at, edition.site.zone, edition.now, known(language)))


def _updates(notice: PublicNotice, edition: Edition, language: str) -> Iterator[UpdateView]:
    said, tongue = words(language), known(language)
    before = _before(notice)
    for update in notice.updates:
        text, other = pick(update.texts, language)
        edited = moments.moment(update.edited_at, edition.site.zone, edition.now, tongue) if update.edited_at else ""
        yield UpdateView(
            id=update.id,
            phase=update.phase.value,
            word=PHASES[tongue][update.phase],
            at=when(update.at, edition, language),
            ago=moments.ago(edition.now - update.at, tongue),
            paragraphs=paragraphs(text.body) if isinstance(text, PublicText) and not update.is_retracted else (),
            changes=() if update.is_retracted else tuple(_changes(update, before[update.id], edition, language)),
            edited=said["edited"].format(time=edited) if edited and not update.is_retracted else "",
            retracted=said["retracted_update"].format(time=edited) if update.is_retracted else "",
            language=other,
        )


def _before(notice: PublicNotice) -> Mapping[str, Mapping[str, Impact]]:
    """What each update found."""
    states: dict[str, Impact] = {}
    found: dict[str, Mapping[str, Impact]] = {}
    for update in reversed(notice.updates):
        found[update.id] = dict(states)
        if not update.is_retracted:
            states.update(update.impacts)
    return found


def _changes(update: Update, before: Mapping[str, Impact], edition: Edition, language: str) -> Iterator[str]:
    said = IMPACTS[known(language)]
    for name, impact in update.impacts.items():
        public, was = edition.site.component(name, language), before.get(name)
        if not public or was is impact or (was is None and impact is Impact.OPERATIONAL):
            continue
        yield f"{public}: {said[was]} → {said[impact]}" if was else f"{public}: {said[impact]}"
