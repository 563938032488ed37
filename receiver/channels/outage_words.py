"""What people read when somebody or a whole channel can't be reached, and when that is over. Pure; used by `chat.outage`, `workers.reach`, the commands."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from receiver.channels.view import title_of
from receiver.channels.visible import visible
from receiver.channels.words import clock, span
from receiver.core.incident import Incident
from receiver.core.outage import Outage

MOST_MISSED = 10

# How somebody is reached by a channel, and what the channel is called.
WAYS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "telegram": "in Telegram",
        "email": "by e-mail",
        "pagerduty": "through PagerDuty",
        "webhook": "by webhook",
        "sms": "by SMS",
        "browser": "in the browser chat",
    },
    "ru": {
        "telegram": "в Telegram",
        "email": "по почте",
        "pagerduty": "через PagerDuty",
        "webhook": "вебхуком",
        "sms": "по SMS",
        "browser": "в браузерном чате",
    },
}
NAMES: Mapping[str, Mapping[str, str]] = {"en": {"telegram": "Telegram", "email": "E-mail"}, "ru": {"telegram": "Telegram", "email": "Почта"}}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Cause:
    """What a far end's words mean and what to do about it, in both languages."""

    english: str
    russian: str
    do: str
    russian_do: str


_CAUSES: Sequence[tuple[str, _Cause]] = (
    (
        r"blocked",
        _Cause(
            english="The bot is blocked there.",
            russian="Бот там заблокирован.",
            do="{who} opens the chat with the bot and presses Start.",
            russian_do="пусть {who} откроет чат с ботом и нажмёт «Старт».",
        ),
    ),
    (
        r"deactivated",
        _Cause(
            english="That account is deleted.",
            russian="Этот аккаунт удалён.",
            do="put the new account into {file}.",
            russian_do="впишите новый аккаунт в {file}.",
        ),
    ),
    (
        r"kicked|not a member",
        _Cause(
            english="The bot was removed from the chat.",
            russian="Бота удалили из чата.",
            do="add the bot to the chat again, or change {file}.",
            russian_do="верните бота в чат или исправьте {file}.",
        ),
    ),
    (
        r"no rights|not enough rights|WRITE_FORBIDDEN",
        _Cause(
            english="The bot may not write there.",
            russian="Боту там нельзя писать.",
            do="let the bot send messages in the chat.",
            russian_do="разрешите боту писать в чат.",
        ),
    ),
    (
        r"chat not found",
        _Cause(
            english="The bot knows no such chat: nobody pressed Start in it, or the number is wrong.",
            russian="Бот не знает такого чата: в нём не нажали «Старт» или номер неверный.",
            do="press Start there (in a group: add the bot), or put the right number into {file}.",
            russian_do="нажмите там «Старт» (в группе — добавьте бота) или исправьте номер в {file}.",
        ),
    ),
)


def banner(outage: Outage, language: str, timezone: str, now: datetime) -> str:
    """`Telegram unreachable since 03:02 (12 min)`, one plain line."""
    since, lasted = clock(outage.since, timezone, now, language), span(now - outage.since, language)
    if outage.is_channel:
        name = NAMES["ru" if language == "ru" else "en"].get(outage.channel, outage.channel)
        return f"{name} недоступен с {since} ({lasted})" if language == "ru" else f"{name} unreachable since {since} ({lasted})"
    who, way = visible(_who(outage), 80), way_of(outage.channel, language)
    return f"{who}: {way} не дозваться с {since} ({lasted})" if language == "ru" else f"{who} unreachable {way} since {since} ({lasted})"


def way_of(channel: str, language: str) -> str:
    """`in Telegram`, `по почте`."""
    known = WAYS["ru" if language == "ru" else "en"].get(channel)
    return known or (f"через {channel}" if language == "ru" else f"through {channel}")


def begun(outage: Outage, instead: Sequence[str], language: str, timezone: str, now: datetime) -> str:
    """It can't be reached: since when, why, where its messages go `instead` (names of places, for a person their other channels), what to do."""
    if outage.is_channel:
        return _channel_begun(outage, language, timezone, now)
    cause = next((one for pattern, one in _CAUSES if outage.channel == "telegram" and re.search(pattern, outage.why, re.I)), None)
    who, way, since = _shown(_who(outage)), way_of(outage.channel, language), clock(outage.since, timezone, now, language)
    file = f"people.yaml ({outage.person})" if outage.person else f"destinations.yaml ({outage.destination})"
    if language == "ru":
        do = cause.russian_do.format(who=who, file=_shown(file)) if cause else f"проверьте {_shown(file)}."
        verb = "вызвать" if outage.person else "доставить сообщение"
        lines = [f"⚠ <b>{who}: {verb} {way} не удаётся с {since}</b>", cause.russian if cause else f"Ответ: {_shown(outage.why, 200)}"]
        return "\n".join([*lines, _instead_ru(outage, instead), f"Что делать: {do}"])
    do = cause.do.format(who=who, file=_shown(file)) if cause else f"check {_shown(file)}."
    lines = [
        f"⚠ <b>{who} can't be {'paged' if outage.person else 'reached'} {way} (since {since})</b>",
        cause.english if cause else f"Answer: {_shown(outage.why, 200)}",
    ]
    return "\n".join([*lines, _instead_en(outage, instead), f"What to do: {do}"])


def ended(outage: Outage, language: str, timezone: str, missed: Sequence[Incident] = ()) -> str:
    """It works again: since when, and how long it did not. `missed` began and ended meanwhile, and nobody was told of them there."""
    over = outage.over_at or outage.since
    since, back = clock(outage.since, timezone, over, language), clock(over, timezone, over, language)
    lasted = span(over - outage.since, language)
    if outage.is_channel:
        name = NAMES["ru" if language == "ru" else "en"].get(outage.channel, outage.channel)
        if language == "ru":
            head = f"🟢 <b>{name} снова доступен</b>\nНе работал с {since} до {back} ({lasted}). Отправляем то, что ждало; о том, что успело закончиться, не пишем."
            return head + _missed(missed, "За это время началось и закончилось:", "и ещё", language, timezone, over)
        head = f"🟢 <b>{name} is reachable again</b>\nIt was down from {since} to {back} ({lasted}). What waited is being sent now; what ended before it could be sent is not."
        return head + _missed(missed, "Began and ended meanwhile:", "and", language, timezone, over)
    who, way = _shown(_who(outage)), way_of(outage.channel, language)
    if language == "ru":
        verb = "вызов" if outage.person else "доставка"
        return f"🟢 <b>{who}: {verb} {way} снова работает</b>\nСообщение дошло в {back}. До этого они не доходили с {since} ({lasted})."
    return f"🟢 <b>{who} can be {'paged' if outage.person else 'reached'} {way} again</b>\nA message got through at {back}; none had since {since} ({lasted})."


def _missed(missed: Sequence[Incident], head: str, and_more: str, language: str, timezone: str, now: datetime) -> str:
    if not missed:
        return ""
    lines = [f"\n\n{head}"]
    for one in missed[:MOST_MISSED]:
        times = f"{clock(one.opened_at, timezone, now, language)}–{clock(one.resolved_at or now, timezone, now, language)}"
        lines.append(f"{times} {one.id} {_shown(title_of(one, language), 120)}")
    if len(missed) > MOST_MISSED:
        lines.append(f"… {and_more} {len(missed) - MOST_MISSED}" + ("" if language == "ru" else " more"))
    return "\n".join(lines)


def _channel_begun(outage: Outage, language: str, timezone: str, now: datetime) -> str:
    head, why = banner(outage, language, timezone, now), _shown(outage.why, 200)
    if language == "ru":
        return (
            f"⚠ <b>{head}</b>\nОтвет: {why}\nВызовы идут другими каналами и в резервные чаты, остальное ждёт."
            "\nЧто делать: проверьте сеть, DNS, прокси и токен; <code>receiver doctor</code> покажет, что не так."
        )
    return (
        f"⚠ <b>{head}</b>\nAnswer: {why}\nPages go by other channels and to the fallback, the rest waits."
        "\nWhat to do: check network, DNS, proxy and token; <code>receiver doctor</code> says what is wrong."
    )


def _instead_en(outage: Outage, instead: Sequence[str]) -> str:
    if outage.person and instead:
        return f"Instead they are paged {', then '.join(way_of(one, 'en') for one in instead)}."
    if outage.person:
        return "There is no other way to page them: their pages go to the next step at once."
    return f"Its messages go to {_shown(', '.join(instead), 200)}." if instead else "There is nowhere else to send its messages."


def _instead_ru(outage: Outage, instead: Sequence[str]) -> str:
    if outage.person and instead:
        return f"Вместо этого вызываем {', затем '.join(way_of(one, 'ru') for one in instead)}."
    if outage.person:
        return "Другого способа нет: вызов сразу переходит на следующий шаг."
    return f"Вместо этого пишем в {_shown(', '.join(instead), 200)}." if instead else "Другого места для этих сообщений нет."


def _who(outage: Outage) -> str:
    return outage.label or outage.person or outage.destination


def _shown(text: str, longest: int = 80) -> str:
    return escape(visible(text, longest), quote=False)
