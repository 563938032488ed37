"""Spans, times and counts as people say them, in Russian and English. Pure; used by templates as filters."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

UNITS: Mapping[str, tuple[str, str, str, str]] = {"en": ("s", "min", "h", "d"), "ru": ("с", "мин", "ч", "д")}
NOUNS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "en": {
        "alert": ("alert", "alerts"),
        "value": ("value", "values"),
        "system": ("system", "systems"),
        "time": ("time", "times"),
        "incident": ("incident", "incidents"),
        "new incident": ("new incident", "new incidents"),
        "webhook": ("identical webhook", "identical webhooks"),
        "change": ("change", "changes"),
        "consumer": ("consumer", "consumers"),
        "instance": ("instance", "instances"),
    },
    "ru": {
        "alert": ("алерт", "алерта", "алертов"),
        "value": ("значение", "значения", "значений"),
        "active": ("активный", "активных", "активных"),
        "system": ("системе", "системах", "системах"),  # after «на»
        "time": ("раз", "раза", "раз"),
        "incident": ("инцидент", "инцидента", "инцидентов"),
        "new incident": ("новый инцидент", "новых инцидента", "новых инцидентов"),
        "webhook": ("такое же сообщение", "таких же сообщения", "таких же сообщений"),
        "change": ("изменение", "изменения", "изменений"),
        "consumer": ("потребитель", "потребителя", "потребителей"),
        "instance": ("экземпляр", "экземпляра", "экземпляров"),
    },
}
NTH: Mapping[str, tuple[str, ...]] = {
    "en": ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"),
    "ru": ("первый", "второй", "третий", "четвёртый", "пятый", "шестой", "седьмой", "восьмой", "девятый", "десятый"),
}
SEVERITY: Mapping[str, Mapping[str, str]] = {
    "en": {"critical": "critical", "warning": "warning", "info": "info"},
    "ru": {"critical": "критично", "warning": "предупреждение", "info": "сведения"},
}
UNIT_NAMES: Mapping[str, str] = {
    "s": "с", "ms": "мс", "/s": "/с", "/min": "/мин", "B": "Б", "KiB": "КиБ", "MiB": "МиБ", "GiB": "ГиБ", "TiB": "ТиБ", "KB/s": "КБ/с",
}  # fmt: skip
COUNTED: Mapping[str, tuple[str, tuple[str, str, str]]] = {  # units that are nouns: one of them in English, and the Russian forms for 1, 2 and 5
    "messages": ("message", ("сообщение", "сообщения", "сообщений")),
    "letters": ("letter", ("письмо", "письма", "писем")),
    "connections": ("connection", ("соединение", "соединения", "соединений")),
    "channels": ("channel", ("канал", "канала", "каналов")),
    "consumers": ("consumer", ("потребитель", "потребителя", "потребителей")),
    "instances": ("instance", ("экземпляр", "экземпляра", "экземпляров")),
    "systems": ("system", ("система", "системы", "систем")),
    "sessions": ("session", ("сессия", "сессии", "сессий")),
    "nodes": ("node", ("узел", "узла", "узлов")),
    "replicas": ("replica", ("реплика", "реплики", "реплик")),
    "notifications": ("notification", ("уведомление", "уведомления", "уведомлений")),
}
_NUMBER = r"-?\d{1,15}(\.\d{1,9})?"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def span(length: timedelta, language: str) -> str:
    """`4 min`, `1 h 20 min`, `2 d 3 h`: the two largest units that matter."""
    second, minute, hour, day = UNITS.get(language, UNITS["en"])
    total = max(0, int(length.total_seconds()))
    if total < 60:
        return f"{total} {second}"
    minutes, hours, days = total // 60 % 60, total // 3600 % 24, total // 86400
    if days:
        return f"{days} {day} {hours} {hour}" if hours else f"{days} {day}"
    if hours:
        return f"{hours} {hour} {minutes} {minute}" if minutes else f"{hours} {hour}"
    return f"{minutes} {minute}"


def about(length: timedelta, towards: int = 0) -> timedelta:
    """An estimate as exact as it is worth: to a minute under half an hour, then five, from two hours on ten, from ten hours on whole hours.

    Down when `towards` is negative, up when it is positive, else to the nearest.
    """
    steps = ((timedelta(minutes=30), 1), (timedelta(hours=2), 5), (timedelta(hours=10), 10))
    step = timedelta(minutes=next((minutes for below, minutes in steps if length < below), 60))
    whole, rest = divmod(length, step)
    return step * (whole + (rest > timedelta(0) if towards > 0 else towards == 0 and rest * 2 >= step))


def ago(length: timedelta, language: str) -> str:
    """`2 min ago`, `2 мин назад`; under five seconds `just now`, `только что`."""
    if length < timedelta(seconds=5):
        return "только что" if language == "ru" else "just now"
    return f"{span(length, language)} {'назад' if language == 'ru' else 'ago'}"


def clock(instant: datetime, zone: str, now: datetime, language: str) -> str:
    """`03:02`, with the day when it is not today in that zone: `22 Nov 03:02`, `22.11 03:02`."""
    there = ZoneInfo(zone)
    local, today = instant.astimezone(there), now.astimezone(there)
    if local.date() == today.date():
        return f"{local:%H:%M}"
    return f"{local:%d.%m %H:%M}" if language == "ru" else f"{local.day} {MONTHS[local.month - 1]} {local:%H:%M}"


def plural(count: int, word: str, language: str) -> str:
    """`1 alert`, `2 alerts`, `1,200 alerts`; `1 алерт`, `2 алерта`, `5 алертов`."""
    return f"{number(count, language)} {noun(count, word, language)}"


def noun(count: int, word: str, language: str) -> str:
    """The noun alone in the form this count asks for."""
    return form(count, NOUNS.get(language, NOUNS["en"])[word])


def form(count: int, forms: tuple[str, ...]) -> str:
    """The form of a noun for this count."""
    if len(forms) == 2:
        return forms[0] if count == 1 else forms[1]
    if count % 10 == 1 and count % 100 != 11:
        return forms[0]
    return forms[1] if 2 <= count % 10 <= 4 and not 12 <= count % 100 <= 14 else forms[2]


def ordinal(count: int, language: str) -> str:
    """`3rd`, `3-й`."""
    if language == "ru":
        return f"{count}-й"
    ending = "th" if 11 <= count % 100 <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")
    return f"{count}{ending}"


def nth(count: int, language: str) -> str:
    """`third`, `третий` up to the tenth, in numbers from there on."""
    named = NTH.get(language, NTH["en"])
    return named[count - 1] if 1 <= count <= len(named) else ordinal(count, language)


def number(value: float, language: str) -> str:
    """`48,200`, `7.8`, `0.012`; `48 200`, `7,8`, `0,012`: three digits that matter, thousands parted."""
    size = abs(value)
    digits = 0 if size >= 100 or value == int(value) else 1 if size >= 10 else 2 if size >= 1 else 3
    text = f"{value:,.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace(",", "\u00a0").replace(".", ",") if language == "ru" else text


def rounded(value: float) -> float:
    """An estimate with the three digits that it is worth."""
    return float(f"{value:.3g}")


def unit_name(unit: str, language: str) -> str:
    """What a unit of the rules is called where no number says which form: `s`, `messages`; `с`, `сообщений`. One nobody knows stays as it is."""
    if language != "ru":
        return unit
    return COUNTED[unit][1][2] if unit in COUNTED else UNIT_NAMES.get(unit, unit)


def unit_of(value: float | None, unit: str, language: str) -> str:
    """The unit as it stands behind this number, with the space before it: ` messages`, ` %`, `/min`; ` сообщения`, ` с`. No number, the form for many."""
    if not unit or unit not in COUNTED or value is None:
        name = unit_name(unit, language)
    elif language == "ru":
        forms = COUNTED[unit][1]
        name = form(abs(int(value)), forms) if value == int(value) else forms[1]
    else:
        name = COUNTED[unit][0] if value == 1 else unit
    return name if name.startswith("/") or not name else f" {name}"


def measured(text: str, unit: str, language: str) -> str:
    """A number that came as text, with its unit: `1 instance`, `12/min`; `1 экземпляр`, `12/мин`."""
    is_number = re.fullmatch(_NUMBER, text, re.ASCII) is not None
    return figure(text, language) + unit_of(float(text) if is_number else None, unit, language) if text else ""


def figure(text: str, language: str) -> str:
    """A number that came as text, as people write it; what is none stays as it is."""
    return number(float(text), language) if re.fullmatch(_NUMBER, text, re.ASCII) else text
