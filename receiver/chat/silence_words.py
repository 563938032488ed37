"""What the silence dialog says, and its buttons. Pure; called by `chat.silence` and `chat.silencer`."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from receiver.channels.words import clock, form, span
from receiver.chat.asked import Asked, Choice, shown
from receiver.store.silences import MadeSilence

MAKE, ONE, DROP, UNDO = "si", "s1", "sx", "su"


def labels_text(labels: Mapping[str, str]) -> str:
    """As matchers are written."""
    return ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items()))


def made_text(made: MadeSilence, now: datetime, ended: tuple[str, str] | None = None) -> str:
    """What its message says, while it lasts and (with why, in English and Russian) after."""
    until = clock(made.until, made.timezone or "UTC", now, made.language)
    labels, name, is_ru = shown(labels_text(made.labels), 600), shown(made.name), made.language == "ru"
    if ended:
        return f"🔔 {made.incident_id}: {shown(ended[1] if is_ru else ended[0], 200)}\n{labels}"
    return f"🔇 {made.incident_id}: {f'заглушено до {until} ({name})' if is_ru else f'silenced by {name} until {until}'}\n{labels}"


def question(asked: Asked, incident_id: str, labels: Mapping[str, str], count: int, outside: int, length: timedelta | None) -> str:
    """What would be silenced now, before anybody says yes."""
    held = span(length, asked.language) if length else ""
    text = shown(labels_text(labels), 600)
    alerts_en, alerts_ru = form(count, ("alert", "alerts")), form(count, ("алерт", "алерта", "алертов"))
    warn = "⚠ " if outside else ""
    english = (
        f"🔇 Silence {incident_id}{f' for {held}' if held else ''}?\n{warn}Now it covers {count} {alerts_en} ({outside} of them outside this incident):\n"
        f"{text}\n\nIt ends before its time when the incident does or a new system joins."
    )
    russian = (
        f"🔇 Заглушить {incident_id}{f' на {held}' if held else ''}?\n{warn}Сейчас это закроет {count} {alerts_ru} (из них вне этого инцидента: {outside}):\n"
        f"{text}\n\nСнимется раньше, если инцидент закончится или добавится новая система."
    )
    return asked.say(english, russian)


def choices(asked: Asked, draft: str, length: timedelta | None, *, is_one: bool) -> tuple[tuple[Choice, ...], ...]:
    """For how long, or a yes to the length that was typed; `is_one` leaves no narrower scope."""
    cancel = (asked.say("Cancel", "Отмена"), DROP, draft)
    if length:
        return (((asked.say("Silence", "Заглушить"), MAKE, f"{draft}-{int(length.total_seconds())}s"), cancel),)
    lengths = ((asked.say("30 min", "30 мин"), "30m"), (asked.say("2 h", "2 ч"), "2h"), (asked.say("until 09:00", "до 09:00"), "morning"))
    first = tuple((label, MAKE, f"{draft}-{choice}") for label, choice in lengths)
    one = () if is_one else ((asked.say("Only this alert", "Только этот алерт"), ONE, draft),)
    return (first, (*one, cancel))


def undo(asked: Asked, made: MadeSilence) -> tuple[tuple[Choice, ...], ...]:
    """The way back."""
    return (((asked.say("Undo", "Снять"), UNDO, made.id),),)
