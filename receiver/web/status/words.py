"""What the public side says by itself, in Russian and English; everything else is said by people in notices. Pure; used by every public surface."""

from collections.abc import Mapping

from receiver.channels.public_words import known
from receiver.core.notice import Impact

BANNERS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "none": "All systems are working",
        "maintenance": "Planned work is under way",
        "minor": "Some things are slow or fail at times",
        "major": "Some things are not working",
        "critical": "There is a major outage",
    },
    "ru": {
        "none": "Всё работает",
        "maintenance": "Идут плановые работы",
        "minor": "Есть перебои",
        "major": "Часть сервисов не работает",
        "critical": "Серьёзный сбой",
    },
}
WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "skip": "Skip to content",
        "in_language": "In English",
        "updates": "Get updates",
        "main": "Pages",
        "status": "Current status",
        "history": "History",
        "maintenance": "Planned work",
        "as_of": "As of {time}",
        "kept": "We could not refresh this page: it shows what was known at {time}.",
        "old": "This page was last refreshed {ago}; things may have changed since.",
        "copied": "Static copy made {time}.",
        "stale_copy": "This copy is more than 15 minutes old; things may have changed since.",
        "open": "What is happening now",
        "affects": "Affects",
        "next": "Next update by {time}",
        "late": "Last updated {ago}",
        "started": "Started {time}, {ago}",
        "lasted": "Lasted {span}: {stretch}",
        "earlier": "Earlier updates",
        "all_updates": "Timeline",
        "components": "Components",
        "others": "Other",
        "days_ago": "90 days ago",
        "days_ago_phone": "30 days ago",
        "today": "today",
        "no_trouble": "90 days without problems",
        "trouble": "90 days: {good} without problems; {bad}",
        "days_table": "Days with problems",
        "day": "Day",
        "what": "What",
        "how_long": "How long",
        "notices": "Details",
        "week": "The last seven days",
        "quiet_week": "No problems in the last seven days.",
        "quiet_days": "The other days: no problems.",
        "quiet_month": "No problems in this month.",
        "no_works": "Nothing is planned.",
        "planned_for": "Planned for {stretch}",
        "overruns": "The work takes longer than planned.",
        "past_works": "Past work",
        "retracted": "This message was withdrawn.",
        "retracted_update": "Withdrawn {time}",
        "edited": "edited {time}",
        "follows": "The translation follows; this is the text in another language.",
        "contact": "Contact support",
        "zone": "All times are in {zone}.",
        "feeds": "Atom",
        "rss": "RSS",
        "json": "JSON",
        "calendar": "Calendar",
        "all_history": "All history",
        "back": "Current status",
        "not_found": "There is no such page",
        "not_found_text": "It may have been moved. The current status has everything that is going on now.",
        "uptime": "Component history",
    },
    "ru": {
        "skip": "К содержанию",
        "in_language": "По-русски",
        "updates": "Получать новости",
        "main": "Разделы",
        "status": "Сейчас",
        "history": "История",
        "maintenance": "Плановые работы",
        "as_of": "По состоянию на {time}",
        "kept": "Обновить страницу не удалось: здесь то, что было известно на {time}.",
        "old": "Страница обновлена {ago}; с тех пор всё могло измениться.",
        "copied": "Копия страницы сделана {time}.",
        "stale_copy": "Этой копии больше 15 минут; с тех пор всё могло измениться.",
        "open": "Что происходит",
        "affects": "Затронуто",
        "next": "Следующее сообщение — до {time}",
        "late": "Последнее сообщение — {ago}",
        "started": "Началось {time}, {ago}",
        "lasted": "Длилось {span}: {stretch}",
        "earlier": "Предыдущие сообщения",
        "all_updates": "Хронология",
        "components": "Сервисы",
        "others": "Другое",
        "days_ago": "90 дней назад",
        "days_ago_phone": "30 дней назад",
        "today": "сегодня",
        "no_trouble": "90 дней без проблем",
        "trouble": "За 90 дней без проблем: {good}; {bad}",
        "days_table": "Дни с проблемами",
        "day": "День",
        "what": "Что было",
        "how_long": "Сколько",
        "notices": "Подробнее",
        "week": "Последние семь дней",
        "quiet_week": "За последние семь дней проблем не было.",
        "quiet_days": "В остальные дни проблем не было.",
        "quiet_month": "В этом месяце проблем не было.",
        "no_works": "Ничего не запланировано.",
        "planned_for": "Запланировано на {stretch}",
        "overruns": "Работы идут дольше, чем планировалось.",
        "past_works": "Прошедшие работы",
        "retracted": "Это сообщение отозвано.",
        "retracted_update": "Отозвано {time}",
        "edited": "исправлено {time}",
        "follows": "Перевод скоро появится; пока — текст на другом языке.",
        "contact": "Написать в поддержку",
        "zone": "Время везде указано по поясу {zone}.",
        "feeds": "Atom",
        "rss": "RSS",
        "json": "JSON",
        "calendar": "Календарь",
        "all_history": "Вся история",
        "back": "Состояние сейчас",
        "not_found": "Такой страницы нет",
        "not_found_text": "Возможно, она переехала. Всё, что происходит сейчас, — на странице состояния.",
        "uptime": "История сервиса",
    },
}
SHAPES: Mapping[Impact, str] = {
    Impact.OPERATIONAL: "ok",
    Impact.UNDER_MAINTENANCE: "work",
    Impact.DEGRADED_PERFORMANCE: "degraded",
    Impact.PARTIAL_OUTAGE: "partial",
    Impact.MAJOR_OUTAGE: "major",
}
_DAYS = {"en": ("day", "days"), "ru": ("день", "дня", "дней")}


def words(language: str) -> Mapping[str, str]:
    """All of them in one language."""
    return WORDS[known(language)]


def count_days(count: int, language: str) -> str:
    """`1 day`, `3 дня`."""
    forms = _DAYS[known(language)]
    if len(forms) == 2:
        return f"{count} {forms[count != 1]}"
    tens, ones = count % 100, count % 10
    return f"{count} {forms[0] if ones == 1 and tens != 11 else forms[1] if ones in (2, 3, 4) and tens not in (12, 13, 14) else forms[2]}"
