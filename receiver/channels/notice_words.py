"""Words of the notice card, its buttons and its calls, in both languages. Used by `notice_card`, `notice_buttons` and `chat`."""

from collections.abc import Mapping

from receiver.core.lint import Finding
from receiver.core.notice import Impact, Phase

IMPACTS: Mapping[str, Mapping[Impact, str]] = {
    "en": {
        Impact.OPERATIONAL: "operational",
        Impact.UNDER_MAINTENANCE: "under maintenance",
        Impact.DEGRADED_PERFORMANCE: "degraded performance",
        Impact.PARTIAL_OUTAGE: "partial outage",
        Impact.MAJOR_OUTAGE: "major outage",
    },
    "ru": {
        Impact.OPERATIONAL: "работает",
        Impact.UNDER_MAINTENANCE: "плановые работы",
        Impact.DEGRADED_PERFORMANCE: "работает медленно",
        Impact.PARTIAL_OUTAGE: "работает частично",
        Impact.MAJOR_OUTAGE: "не работает",
    },
}
PHASES: Mapping[str, Mapping[Phase, str]] = {
    "en": {
        Phase.INVESTIGATING: "Investigating",
        Phase.IDENTIFIED: "Identified",
        Phase.MONITORING: "Monitoring",
        Phase.RESOLVED: "Resolved",
        Phase.POSTMORTEM: "Post-mortem",
        Phase.SCHEDULED: "Scheduled",
        Phase.IN_PROGRESS: "In progress",
        Phase.VERIFYING: "Verifying",
        Phase.COMPLETED: "Completed",
        Phase.CANCELLED: "Cancelled",
    },
    "ru": {
        Phase.INVESTIGATING: "Разбираемся",
        Phase.IDENTIFIED: "Причина найдена",
        Phase.MONITORING: "Наблюдаем",
        Phase.RESOLVED: "Решено",
        Phase.POSTMORTEM: "Разбор",
        Phase.SCHEDULED: "Запланировано",
        Phase.IN_PROGRESS: "Идут работы",
        Phase.VERIFYING: "Проверяем",
        Phase.COMPLETED: "Закончено",
        Phase.CANCELLED: "Отменено",
    },
}
MARKS: Mapping[Phase, str] = {
    Phase.INVESTIGATING: "🔴",
    Phase.IDENTIFIED: "🟠",
    Phase.MONITORING: "🟡",
    Phase.RESOLVED: "🟢",
    Phase.COMPLETED: "🟢",
}
FINDINGS: Mapping[str, Mapping[Finding, str]] = {
    "en": {
        Finding.LABEL_VALUE: "stands in our alerts",
        Finding.HOST: "a host name",
        Finding.ADDRESS: "an address or port",
        Finding.LINK: "a link that is not allowed",
        Finding.ERROR_TEXT: "an error text",
        Finding.PATH: "a path",
        Finding.VERSION: "a version",
        Finding.SECRET: "looks like a secret",
        Finding.MAILBOX: "an e-mail or account name",
        Finding.PHONE: "a phone number",
        Finding.NUMBER: "an order or ticket number",
        Finding.PERSON: "a colleague's name",
        Finding.VENDOR: "a vendor's name",
        Finding.HTTP_CODE: "an error code",
        Finding.EMPTY: "title or text is empty",
        Finding.LANGUAGE_MISSING: "this language is missing",
        Finding.LANGUAGE_STALE: "older than the other language",
        Finding.FORECAST: "promises when it will work",
        Finding.JARGON: "jargon",
        Finding.LONG: "a long text",
        Finding.CAPITALS: "capitals",
        Finding.STILL_FIRING: "alerts still fire",
        Finding.COMPONENT_ABSENT: "does not say what it is about",
    },
    "ru": {
        Finding.LABEL_VALUE: "есть в наших алертах",
        Finding.HOST: "имя машины",
        Finding.ADDRESS: "адрес или порт",
        Finding.LINK: "ссылка не из разрешённых",
        Finding.ERROR_TEXT: "текст ошибки",
        Finding.PATH: "путь к файлу",
        Finding.VERSION: "версия",
        Finding.SECRET: "похоже на секрет",
        Finding.MAILBOX: "почта или имя аккаунта",
        Finding.PHONE: "телефон",
        Finding.NUMBER: "номер заказа или обращения",
        Finding.PERSON: "имя коллеги",
        Finding.VENDOR: "название поставщика",
        Finding.HTTP_CODE: "код ошибки",
        Finding.EMPTY: "пустой заголовок или текст",
        Finding.LANGUAGE_MISSING: "этого языка нет",
        Finding.LANGUAGE_STALE: "старше текста на другом языке",
        Finding.FORECAST: "обещает, когда заработает",
        Finding.JARGON: "жаргон",
        Finding.LONG: "длинный текст",
        Finding.CAPITALS: "заглавные буквы",
        Finding.STILL_FIRING: "алерты ещё активны",
        Finding.COMPONENT_ABSENT: "не сказано, о чём речь",
    },
}
BUTTONS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "approve": "✅ Approve",
        "edit": "✏️ Edit",
        "lang": "🌐 Languages",
        "impact": "🎯 Impact",
        "channels": "📣 Channels",
        "next": "⏱ Next",
        "dismiss": "🙈 Not for customers",
        "drop": "🗑 Drop this update",
        "tick": "⚠ Accept warnings",
        "stop": "↩️ Stop",
        "update": "✍️ Update",
        "cause-found": "🔎 Cause found",
        "fix-applied": "🛠 Fix applied",
        "partly-restored": "◐ Partly restored",
        "workaround": "🧭 Workaround",
        "still-working": "⏳ Still working",
        "monitoring": "👀 Monitoring",
        "resolve": "🟢 Resolve",
        "nothing-lost": "🟢 Resolved, nothing lost",
        "resolved": "🟢 Some orders lost — write",
        "looking-back": "📖 Looking back",
        "later": "⏱ Later",
        "more": "⋯ More",
        "correct": "✏️ Correct",
        "retract": "🗑 Retract",
        "glass": "🚨 Publish alone",
        "back": "← Back",
        "title": "Title",
        "body": "Text",
        "again": "🔁 Send again",
        "was_sent": "✔ It was sent",
        "retry": "🔁 Retry",
        "mine": "Use mine",
        "theirs": "Keep theirs",
        "takeover": "Take over",
        "false_alarm": "False alarm",
        "internal": "Internal only",
        "covered": "Already covered",
        "planned": "Planned work",
        "minutes": "min",
    },
    "ru": {
        "approve": "✅ Согласовать",
        "edit": "✏️ Изменить",
        "lang": "🌐 Языки",
        "impact": "🎯 Что видно",
        "channels": "📣 Куда",
        "next": "⏱ Снова через",
        "dismiss": "🙈 Не для клиентов",
        "drop": "🗑 Не публиковать",
        "tick": "⚠ Принять замечания",
        "stop": "↩️ Стоп",
        "update": "✍️ Написать",
        "cause-found": "🔎 Причина найдена",
        "fix-applied": "🛠 Исправили",
        "partly-restored": "◐ Частично работает",
        "workaround": "🧭 Как обойтись",
        "still-working": "⏳ Ещё работаем",
        "monitoring": "👀 Наблюдаем",
        "resolve": "🟢 Решено",
        "nothing-lost": "🟢 Решено, ничего не потеряно",
        "resolved": "🟢 Часть заказов потеряна — написать",
        "looking-back": "📖 Итоги",
        "later": "⏱ Позже",
        "more": "⋯ Ещё",
        "correct": "✏️ Исправить",
        "retract": "🗑 Отозвать",
        "glass": "🚨 Опубликовать одному",
        "back": "← Назад",
        "title": "Заголовок",
        "body": "Текст",
        "again": "🔁 Отправить ещё раз",
        "was_sent": "✔ Уже отправлено",
        "retry": "🔁 Повторить",
        "mine": "Мой текст",
        "theirs": "Оставить их",
        "takeover": "Забрать себе",
        "false_alarm": "Ложная тревога",
        "internal": "Только внутреннее",
        "covered": "Уже сказано",
        "planned": "Плановые работы",
        "minutes": "мин",
    },
}


def impact_word(impact: Impact, language: str) -> str:
    """As a person says it."""
    return IMPACTS.get(language, IMPACTS["en"])[impact]


def phase_word(phase: Phase, language: str) -> str:
    """As a person says it."""
    return PHASES.get(language, PHASES["en"])[phase]


def finding_word(finding: Finding, language: str) -> str:
    """What is wrong, in a few words."""
    return FINDINGS.get(language, FINDINGS["en"])[finding]


def button_words(language: str) -> Mapping[str, str]:
    """The buttons' texts."""
    return BUTTONS.get(language, BUTTONS["en"])
