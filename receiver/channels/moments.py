"""Days, clock times and spans as customers read them, always with the zone. Pure; used by `pages` and mail."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

MONTHS = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"),
    "ru": ("января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября", "декабря"),
}
MONTH_NAMES = {
    "en": MONTHS["en"],
    "ru": ("Январь", "Февраль", "Март", "Апрель", "Май", "Июнь", "Июль", "Август", "Сентябрь", "Октябрь", "Ноябрь", "Декабрь"),
}
_UNITS = {"en": ("min", "h", "d"), "ru": ("мин", "ч", "д")}


def day(when: date, language: str, *, year: bool = False) -> str:
    """`23 November`, `23 ноября 2026`."""
    return f"{when.day} {MONTHS.get(language, MONTHS['en'])[when.month - 1]}" + (f" {when.year}" if year else "")


def month(text: str, language: str) -> str:
    """`November 2026` of `2026-11`."""
    year, _, number = text.partition("-")
    return f"{MONTH_NAMES.get(language, MONTH_NAMES['en'])[int(number) - 1]} {year}"


def offset(instant: datetime) -> str:
    """`UTC+3`, `UTC−3:30`, `UTC` of an instant in a zone."""
    minutes = int((instant.utcoffset() or timedelta(0)).total_seconds()) // 60
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '−'}{hours}" + (f":{rest:02d}" if rest else "")


def moment(instant: datetime, zone: ZoneInfo, now: datetime, language: str) -> str:
    """`14:02 UTC+3` today, else `22 November, 14:02 UTC+3`, in another year with it."""
    local, today = instant.astimezone(zone), now.astimezone(zone)
    clock = f"{local:%H:%M} {offset(local)}"
    if local.date() == today.date():
        return clock
    return f"{day(local.date(), language, year=local.year != today.year)}, {clock}"


def stretch(start: datetime, end: datetime | None, zone: ZoneInfo, language: str) -> str:
    """`23 November, 14:02–14:51 UTC+3`; over midnight both days are named."""
    a = start.astimezone(zone)
    if end is None:
        return f"{day(a.date(), language)}, {a:%H:%M} {offset(a)}"
    b = end.astimezone(zone)
    if a.date() == b.date() and a.utcoffset() == b.utcoffset():
        return f"{day(a.date(), language)}, {a:%H:%M}–{b:%H:%M} {offset(a)}"
    first = f"{a:%H:%M}" if a.utcoffset() == b.utcoffset() else f"{a:%H:%M} {offset(a)}"
    return f"{day(a.date(), language)}, {first} – {day(b.date(), language)}, {b:%H:%M} {offset(b)}"


def span(length: timedelta, language: str) -> str:
    """`41 min`, `1 h 20 min`, `2 d 3 h`; less than a minute counts as one."""
    minute, hour, days = _UNITS.get(language, _UNITS["en"])
    total = max(1, int(length.total_seconds() // 60))
    if total < 60:
        return f"{total} {minute}"
    if total < 24 * 60:
        return f"{total // 60} {hour}" + (f" {total % 60} {minute}" if total % 60 else "")
    return f"{total // 1440} {days}" + (f" {total % 1440 // 60} {hour}" if total % 1440 // 60 else "")


def ago(length: timedelta, language: str) -> str:
    """`41 min ago`, `41 мин назад`; under a minute `just now`, `только что`."""
    if length < timedelta(minutes=1):
        return "только что" if language == "ru" else "just now"
    return f"{span(length, language)} {'назад' if language == 'ru' else 'ago'}"
