"""An explanation as people read it, in English and Russian. Called by `cli.trial`."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo

from receiver.channels.view_occurrence import SHOWN, times_said
from receiver.channels.words import clock, plural, span
from receiver.core.flap import Flaps
from receiver.core.rulebook import AFFECTED
from receiver.trial.explain import Explanation, Life, Noise, Verdict, Visit

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "head": "{where} “{route}” (rules {rules}, {source}, {at})",
        "taken": "taken",
        "refused": "no",
        "shadowed": "would match, but “{by}” above has the alert",
        "unreached": "not asked, “{by}” above has the alert",
        "every": "every alert",
        "goes_on": "and on to its siblings",
        "severity": "Severity: {severity} (the sender says {word})",
        "severity_unknown": "Severity: {severity}, the default (the sender says {word}, which no map knows)",
        "service": "Service: {service}",
        "service_unknown": "Service: {service}, which is not in services.yaml",
        "nothing": "nothing",
        "window": "window {name}",
        "quiet": "Quiet: no sound and no page",
        "muted": "Nobody is told: maintenance {window} until {until}",
        "alert": "Alert: {identity}{ignored}",
        "ignored": ", whatever its {names}",
        "group": "Grouped by {by}: {values}; key {key}",
        "times": "Told after {wait}, the same incident when it fires again within {reopen}",
        "noise": "Flapping is {changes} in {within}, held for {hold}; a storm is {incidents} in {storm_within}",
        "told": "Told: {destination} by {channel} ({address}){instead}{soft}",
        "collected": ", collected until {until}",
        "soft": ", without sound: quiet hours {window}",
        "instead": ", in place of {name}",
        "policy": "On call: {policy}",
        "customers": "Customers: {component}, {impact}, text “{text}”, after {hold}",
        "no_component": "no component in the catalogue",
        "affected": "all that is affected",
        "no_customers": "Customers: are not told",
        "text": "First message to {destination}:",
        "incident": "{id} since {since}",
        "repeats": "{repeats} not repeated",
        "reopened": "fired again {reopened}",
        "flaps": "Flaps: {changes} in {span}, held until {until}",
        "steady": "Not flapping: {changes} since {since}",
        "often": "Fired {times} in 24 hours: {instants}",
        "other_rules": "Chosen by rules {rules}, which are no longer in force",
    },
    "ru": {
        "head": "{where} «{route}» (правила {rules}, {source}, {at})",
        "taken": "подошёл",
        "refused": "нет",
        "shadowed": "подошёл бы, но алерт уже у «{by}» выше",
        "unreached": "не спрашивали, алерт уже у «{by}» выше",
        "every": "любой алерт",
        "goes_on": "и дальше к соседям",
        "severity": "Важность: {severity} (отправитель пишет {word})",
        "severity_unknown": "Важность: {severity} по умолчанию (отправитель пишет {word}, такого слова нет в таблицах)",
        "service": "Система: {service}",
        "service_unknown": "Система: {service}, её нет в services.yaml",
        "nothing": "ничего",
        "window": "окно {name}",
        "quiet": "Тихо: без звука и без вызова",
        "muted": "Никто не узнает: работы {window} до {until}",
        "alert": "Алерт: {identity}{ignored}",
        "ignored": ", при любых {names}",
        "group": "Группа по {by}: {values}; ключ {key}",
        "times": "Скажем через {wait}; сработает снова в течение {reopen} — тот же инцидент",
        "noise": "Мигание — {changes} за {within}, ждём {hold}; шторм — {incidents} за {storm_within}",
        "told": "Узнает: {destination}, канал {channel} ({address}){instead}{soft}",
        "collected": ", собираем до {until}",
        "soft": ", без звука: тихие часы {window}",
        "instead": ", вместо {name}",
        "policy": "Дежурит: {policy}",
        "customers": "Клиентам: {component}, {impact}, текст «{text}», через {hold}",
        "no_component": "в каталоге нет компонента",
        "affected": "всё, что затронуто",
        "no_customers": "Клиентам не говорим",
        "text": "Первое сообщение в {destination}:",
        "incident": "{id} с {since}",
        "repeats": "не повторили {repeats}",
        "reopened": "сработал снова {reopened}",
        "flaps": "Мигает: {changes} за {span}, молчим до {until}",
        "steady": "Не мигает: {changes} с {since}",
        "often": "Сработало {times} за сутки: {instants}",
        "other_rules": "Выбрано по правилам {rules}, сейчас действуют другие",
    },
}


def tell(found: Explanation, language: str, zone: str) -> str:
    """The whole answer as lines of text."""
    words = WORDS.get(language, WORDS["en"])
    at = f"{found.at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M %z}"
    lines = [words["head"].format(where=found.where, route=found.route_id, rules=found.rules_version, source=found.source, at=at)]
    lines += [_visit(visit, words) for visit in found.visits] or [f"  {step}" for step in found.path]
    lines += _facts(found, words, language, zone)
    if found.is_quiet:
        lines.append(words["quiet"])
    if found.maintenance_until:
        lines.append(words["muted"].format(window=found.maintenance, until=f"{found.maintenance_until.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M %z}"))
    if found.incident:
        lines += _life(found.incident, words, language, zone)
        if not found.incident.is_current:
            lines.append(words["other_rules"].format(rules=found.rules_version))
    for destination, text in found.texts.items():
        lines += ["", words["text"].format(destination=destination), *(f"  {line}".rstrip() for line in text.splitlines())]
    return "\n".join(lines) + "\n"


def _life(life: Life, words: Mapping[str, str], language: str, zone: str) -> Iterator[str]:
    since = f"{life.opened_at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"
    repeats, reopened = plural(life.repeats, "webhook", language), plural(life.reopened, "time", language)
    counts = [words["repeats"].format(repeats=repeats)] * bool(life.repeats) + [words["reopened"].format(reopened=reopened)] * bool(life.reopened)
    yield words["incident"].format(id=life.id, since=since) + (f": {', '.join(counts)}" if counts else "")
    yield from _flaps(life.flaps, words, language, zone)
    if len(life.begins) > 1:
        instants = [f"{at.astimezone(ZoneInfo(zone)):%m-%d %H:%M}" for at in life.begins[-SHOWN:]]
        shown = ", ".join(["…", *instants] if len(life.begins) > SHOWN else instants)
        yield words["often"].format(times=times_said(len(life.begins), language), instants=shown)


def _flaps(flaps: Flaps, words: Mapping[str, str], language: str, zone: str) -> Iterator[str]:
    if not flaps.changes:
        return
    changes, first = plural(len(flaps.changes), "change", language), f"{flaps.changes[0].astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"
    if flaps.quiet_at is None:
        yield words["steady"].format(changes=changes, since=first)
    else:
        until = f"{flaps.quiet_at.astimezone(ZoneInfo(zone)):%H:%M}"
        yield words["flaps"].format(changes=changes, span=span(flaps.span, language), until=until)


def _visit(visit: Visit, words: Mapping[str, str]) -> str:
    said = [(one.matcher, one.is_met) for one in visit.conditions]
    said += [(words["window"].format(name=one.matcher), one.is_met) for one in visit.windows]
    conditions = " · ".join(f"{text} {'✓' if is_met else '✗'}" for text, is_met in said) or words["every"]
    verdict = words[visit.verdict.value].format(by=visit.by)
    if visit.continues and visit.verdict is Verdict.TAKEN:
        verdict += f", {words['goes_on']}"
    mark = "→" if visit.verdict is Verdict.TAKEN else " "
    return f"  {'  ' * visit.depth}{mark} {visit.where} {visit.route_id}: {conditions} — {verdict}"


def _facts(found: Explanation, words: Mapping[str, str], language: str, zone: str) -> Iterator[str]:
    word = found.severity_word or words["nothing"]
    yield words["severity" if found.is_severity_known else "severity_unknown"].format(severity=found.severity, word=word)
    yield words["service" if found.is_service_known else "service_unknown"].format(service=found.service or words["nothing"])
    ignored = words["ignored"].format(names=", ".join(found.ignored_labels)) if found.ignored_labels else ""
    yield words["alert"].format(identity=found.identity, ignored=ignored)
    values = ", ".join(f'{name}="{value}"' for name, value in found.group_labels.items())
    yield words["group"].format(by=", ".join(found.group_by), values=values, key=found.group_key)
    yield words["times"].format(wait=_span(found.group_wait_seconds, language), reopen=_span(found.reopen_within_seconds, language))
    yield _noise(found.noise, words, language)
    for one in found.recipients:
        instead = words["instead"].format(name=one.stands_for) if one.stands_for else ""
        soft = words["soft"].format(window=one.quiet_hours) if one.quiet_hours else ""
        if one.collected_until:
            soft = words["collected"].format(until=clock(one.collected_until, zone, found.at, language))
        yield words["told"].format(destination=one.destination, channel=one.channel, address=one.address, instead=instead, soft=soft)
    for policy in found.policies:
        yield words["policy"].format(policy=policy)
    if found.customers is None:
        yield words["no_customers"]
    else:
        wish = found.customers
        hold = _span(wish.hold_seconds, language)
        component = words["affected"] if wish.component == AFFECTED else wish.component or words["no_component"]
        yield words["customers"].format(component=component, impact=wish.impact, text=wish.text, hold=hold)


def _noise(noise: Noise, words: Mapping[str, str], language: str) -> str:
    return words["noise"].format(
        changes=plural(noise.flap_changes, "change", language),
        within=_span(noise.flap_within_seconds, language),
        hold=_span(noise.flap_hold_seconds, language),
        incidents=plural(noise.storm_incidents, "incident", language),
        storm_within=_span(noise.storm_within_seconds, language),
    )


def _span(seconds: int, language: str) -> str:
    return span(timedelta(seconds=seconds), language)
