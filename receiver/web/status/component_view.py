"""Components with their 90 days, as a page shows them. Pure; used by `pages`. Days are those of the page's zone."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from receiver.channels import moments
from receiver.channels.public_words import IMPACTS, known
from receiver.core.notice import Day, Impact, NoticeId
from receiver.core.notice_rules import PublicComponent
from receiver.core.uptime import days
from receiver.web.status.edition import DAYS, Edition, text_in
from receiver.web.status.words import SHAPES, count_days, words

STEP, WIDE, HIGH = 4, 3, 32
_HEIGHTS = {"ok": 16, "work": 16, "degraded": 20, "partial": 26, "major": 32}  # told apart by height too, not by colour alone


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """One day with a problem, as it is drawn."""

    x: int
    y: int
    height: int
    shape: str
    title: str


@dataclass(frozen=True, kw_only=True, slots=True)
class BadDay:
    """The same day as a row of a table."""

    day: str
    what: str
    how_long: str
    notices: tuple[NoticeId, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ComponentView:
    """One component; `quiet` draws all days without problems in one stroke."""

    id: str
    name: str
    description: str
    word: str
    shape: str
    quiet: str
    bars: tuple[Bar, ...]
    sentence: str
    bad: tuple[BadDay, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupView:
    """Components shown together; without a name when the page has no groups."""

    name: str
    components: tuple[ComponentView, ...]


def groups(edition: Edition, language: str) -> tuple[GroupView, ...]:
    """All that are shown: a component that is shown only when degraded is left out while it works."""
    site = edition.site
    shown = [c for c in site.components if not c.only_show_if_degraded or edition.states[c.id].impact is not Impact.OPERATIONAL]
    found: list[GroupView] = []
    for group in [*site.groups, ""]:
        inside = tuple(view(c, edition, language) for c in shown if (c.group if c.group in site.groups else "") == group)
        name = text_in(site.groups[group], language) if group else (words(language)["others"] if found else "")
        if inside:
            found.append(GroupView(name=name, components=inside))
    return tuple(found)


def view(component: PublicComponent, edition: Edition, language: str) -> ComponentView:
    """One of them."""
    impact = edition.states[component.id].impact
    history = days(component.id, edition.notices, edition.site.zone, edition.now, DAYS)
    bad = [(at, day) for at, day in enumerate(history) if day.worst is not Impact.OPERATIONAL]
    good = [at for at, day in enumerate(history) if day.worst is Impact.OPERATIONAL]
    return ComponentView(
        id=component.id,
        name=text_in(component.names, language),
        description=text_in(component.descriptions, language),
        word=IMPACTS[known(language)][impact],
        shape=SHAPES[impact],
        quiet="".join(f"M{at * STEP} {HIGH - _HEIGHTS['ok']}h{WIDE}v{_HEIGHTS['ok']}h-{WIDE}z" for at in good),
        bars=tuple(_bar(at, day, language) for at, day in bad),
        sentence=_sentence(history, language),
        bad=tuple(_row(day, language) for _, day in reversed(bad)),
    )


def _bar(at: int, day: Day, language: str) -> Bar:
    shape = SHAPES[day.worst]
    height = _HEIGHTS[shape]
    title = f"{moments.day(date.fromisoformat(day.date), known(language))}: {_said(day, language)}"
    return Bar(x=at * STEP, y=HIGH - height, height=height, shape=shape, title=title)


def _row(day: Day, language: str) -> BadDay:
    return BadDay(
        day=moments.day(date.fromisoformat(day.date), known(language), year=True),
        what=IMPACTS[known(language)][day.worst],
        how_long=moments.span(timedelta(minutes=sum(day.minutes.values())), known(language)),
        notices=day.notices,
    )


def _said(day: Day, language: str) -> str:
    """`Major outage 41 min, Partial outage 10 min`; the worst first."""
    worst_first = sorted(day.minutes.items(), key=lambda pair: pair[0].rank, reverse=True)
    return ", ".join(f"{IMPACTS[known(language)][impact]} {moments.span(timedelta(minutes=n), known(language))}" for impact, n in worst_first)


def _sentence(history: Sequence[Day], language: str) -> str:
    """For those who hear the page: how many days were good, and what the others were."""
    counts = Counter(day.worst for day in history)
    good = counts.pop(Impact.OPERATIONAL, 0)
    said = words(language)
    if not counts:
        return said["no_trouble"]
    bad = ", ".join(f"{IMPACTS[known(language)][i]}: {count_days(n, language)}" for i, n in sorted(counts.items(), key=lambda pair: pair[0].rank, reverse=True))
    return said["trouble"].format(good=good, bad=bad)
