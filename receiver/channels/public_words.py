"""What customers read of phases and states, in Russian and English. Pure; used by the status page and by letters."""

from collections.abc import Mapping

from receiver.core.notice import Impact, Phase

IMPACTS: Mapping[str, Mapping[Impact, str]] = {
    "en": {
        Impact.OPERATIONAL: "Operational",
        Impact.UNDER_MAINTENANCE: "Under maintenance",
        Impact.DEGRADED_PERFORMANCE: "Slow or with errors",
        Impact.PARTIAL_OUTAGE: "Partial outage",
        Impact.MAJOR_OUTAGE: "Major outage",
    },
    "ru": {
        Impact.OPERATIONAL: "Работает",
        Impact.UNDER_MAINTENANCE: "Плановые работы",
        Impact.DEGRADED_PERFORMANCE: "Работает с перебоями",
        Impact.PARTIAL_OUTAGE: "Частично не работает",
        Impact.MAJOR_OUTAGE: "Не работает",
    },
}
PHASES: Mapping[str, Mapping[Phase, str]] = {
    "en": {
        Phase.INVESTIGATING: "Investigating",
        Phase.IDENTIFIED: "Identified",
        Phase.MONITORING: "Monitoring",
        Phase.RESOLVED: "Resolved",
        Phase.POSTMORTEM: "Looking back",
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
        Phase.POSTMORTEM: "Итоги",
        Phase.SCHEDULED: "Запланировано",
        Phase.IN_PROGRESS: "Идут работы",
        Phase.VERIFYING: "Проверяем",
        Phase.COMPLETED: "Завершено",
        Phase.CANCELLED: "Отменено",
    },
}


def known(language: str) -> str:
    """The language the page's own words are in: Russian, else English."""
    return language if language in IMPACTS else "en"
