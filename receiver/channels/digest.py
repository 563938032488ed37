"""The weekly digest as people read it, in Russian and English. Pure; called by `chat.weekly`."""

import html
from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo

from receiver.channels.base import Message
from receiver.channels.moments import day
from receiver.channels.render import to_plain
from receiver.channels.visible import visible
from receiver.channels.words import form, span
from receiver.core.statistics import Flapper, Noise, Spread, Statistics

SHOWN = 3
MOST_PEOPLE = 8
NIGHT = (22, 8)  # from, to: hours in which a page costs sleep
_INCIDENTS = {"en": ("incident", "incidents"), "ru": ("инцидент", "инцидента", "инцидентов")}
_PAGES = {"en": ("page", "pages"), "ru": ("вызов", "вызова", "вызовов")}
_TIMES = {"en": ("time", "times"), "ru": ("раз", "раза", "раз")}
_SEVERITIES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "en": {"critical": ("critical", "critical"), "warning": ("warning", "warnings"), "info": ("note", "notes")},
    "ru": {
        "critical": ("критический", "критических", "критических"),
        "warning": ("предупреждение", "предупреждения", "предупреждений"),
        "info": ("информационный", "информационных", "информационных"),
    },
}
_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "📊 The week {start} – {end}",
        "quiet": "No incidents, and nobody was woken.",
        "incidents": "{count}{by}, open now: {open}",
        "acknowledged": "Usually answered in {middle}, nine of ten within {ninth}",
        "resolved": "Usually over in {middle}, nine of ten within {ninth}",
        "unanswered": "Ended by themselves, nobody answered: {count}",
        "pages": "{count}: {by}",
        "night": "At night (22:00–08:00): {count}",
        "noisiest": "Most often",
        "noise": "{alert} ({route}): {incidents}, {pages}{untouched}",
        "untouched": ", ended by themselves: {count}",
        "flappers": "Came back again and again",
        "flapper": "{incident} · {alert} — {returns}",
        "stranded": "Ended without a word from Alertmanager: {by}",
        "held": "Recoveries not believed at once: {held}, fired again: {false}",
        "more": "and {count} more",
        "nameless": "alert without a name",
    },
    "ru": {
        "title": "📊 Неделя {start} – {end}",
        "quiet": "Инцидентов не было, никого не будили.",
        "incidents": "{count}{by}, сейчас открыто: {open}",
        "acknowledged": "Обычно отвечали за {middle}, в девяти случаях из десяти — не дольше {ninth}",
        "resolved": "Обычно заканчивались за {middle}, в девяти случаях из десяти — не дольше {ninth}",
        "unanswered": "Закончились сами, никто не ответил: {count}",
        "pages": "{count}: {by}",
        "night": "Ночью (22:00–08:00): {count}",
        "noisiest": "Чаще всего",
        "noise": "{alert} ({route}): {incidents}, {pages}{untouched}",
        "untouched": ", закончились сами: {count}",
        "flappers": "Возвращались снова и снова",
        "flapper": "{incident} · {alert} — {returns}",
        "stranded": "Закончились без сообщения от Alertmanager: {by}",
        "held": "Восстановления, которым поверили не сразу: {held}, сработали снова: {false}",
        "more": "и ещё {count}",
        "nameless": "алерт без имени",
    },
}


def tell(found: Statistics, language: str, people: Mapping[str, str], systems: Mapping[str, str]) -> Message:
    """A silent message; `people` and `systems` are names by id."""
    language = language if language in _WORDS else "en"
    text = "\n".join(_lines(found, language, people, systems))
    return Message(html=text, plain=to_plain(text), silent=True)


def _lines(found: Statistics, language: str, people: Mapping[str, str], systems: Mapping[str, str]) -> Iterator[str]:
    words, zone = _WORDS[language], ZoneInfo(found.zone)
    start, end = (day(at.astimezone(zone).date(), language) for at in (found.since, found.until))
    yield f"<b>{words['title'].format(start=start, end=end)}</b>"
    yield ""
    if not found.incidents and not found.pages:
        yield words["quiet"]
    else:
        yield from _figures(found, language, people)
    yield from _doubts(found, language)
    if found.noisiest:
        yield from ("", f"<b>{words['noisiest']}</b>", *(_noise(one, language) for one in found.noisiest[:SHOWN]))
    if found.flappers:
        yield from ("", f"<b>{words['flappers']}</b>", *(_flapper(one, language, systems) for one in found.flappers[:SHOWN]))


def _figures(found: Statistics, language: str, people: Mapping[str, str]) -> Iterator[str]:
    words = _WORDS[language]
    by = ", ".join(_count(count, {language: _SEVERITIES[language][name]}, language) for name, count in found.severities.items())
    yield words["incidents"].format(count=_count(found.incidents, _INCIDENTS, language), by=f" ({by})" if by else "", open=found.open)
    for name, one in (("acknowledged", found.acknowledged), ("resolved", found.resolved)):
        if one.count:
            yield words[name].format(**_spans(one, language))
    if found.unanswered:
        yield words["unanswered"].format(count=found.unanswered)
    if found.pages:
        shown = [f"{_shown(people.get(who, who))} {count}" for who, count in list(found.pages.items())[:MOST_PEOPLE]]
        if len(found.pages) > MOST_PEOPLE:
            shown[-1] += " " + words["more"].format(count=len(found.pages) - MOST_PEOPLE)
        yield words["pages"].format(count=_count(sum(found.pages.values()), _PAGES, language), by=", ".join(shown))
        at_night = sum(found.hours[NIGHT[0] :] + found.hours[: NIGHT[1]])
        if at_night:
            yield words["night"].format(count=at_night)


def _doubts(found: Statistics, language: str) -> Iterator[str]:
    words = _WORDS[language]
    if found.stranded:
        yield words["stranded"].format(by=", ".join(f"{_shown(source)} {count}" for source, count in found.stranded.items()))
    if found.held:
        yield words["held"].format(held=found.held, false=found.false)


def _noise(one: Noise, language: str) -> str:
    words = _WORDS[language]
    return words["noise"].format(
        alert=_shown(one.alert or words["nameless"]),
        route=_shown(one.route),
        incidents=_count(one.incidents, _INCIDENTS, language),
        pages=_count(one.pages, _PAGES, language),
        untouched=words["untouched"].format(count=one.untouched) if one.untouched else "",
    )


def _flapper(one: Flapper, language: str, systems: Mapping[str, str]) -> str:
    words = _WORDS[language]
    named = _shown(one.alert or words["nameless"])
    about = f"{_shown(systems.get(one.service, one.service))} · {named}" if one.service else named
    return words["flapper"].format(incident=one.incident, alert=about, returns=_count(one.returns, _TIMES, language))


def _spans(one: Spread, language: str) -> dict[str, str]:
    return {"middle": span(one.median, language), "ninth": span(one.ninetieth, language)}


def _count(count: int, forms: Mapping[str, tuple[str, ...]], language: str) -> str:
    return f"{count} {form(count, forms[language])}"


def _shown(text: str) -> str:
    return html.escape(visible(text, 80), quote=False)
