"""What the bot says to customers who subscribe in a private chat, in Russian and English. Pure; used by `chat.subscribing` and `workers.couriers`."""

from collections.abc import Mapping

from receiver.channels.public_words import known

CHAT: Mapping[str, Mapping[str, str]] = {
    "en": {
        "subscribed": "You are subscribed to “{page}”. I will write here when something breaks, when work is planned, and when it is over.",
        "changed": "Your subscription to “{page}”:",
        "all": "About: everything",
        "some": "About: {names}",
        "hint": "Press a name to hear of it alone; press it again to take it off.",
        "everything": "Everything",
        "language": "По-русски",
        "stop": "Unsubscribe",
        "stopped": "You are unsubscribed and this chat is forgotten. /start subscribes again.",
        "nothing": "You are not subscribed. /start subscribes.",
        "closed": "There is nothing to subscribe to here at the moment.",
        "footer": "Unsubscribe: /stop · choose: /start",
        "invalid": "This button no longer works. /start brings new ones.",
    },
    "ru": {
        "subscribed": "Вы подписаны на «{page}». Напишу сюда, когда что-то сломается, когда запланируют работы и когда всё закончится.",
        "changed": "Ваша подписка на «{page}»:",
        "all": "О чём: обо всём",
        "some": "О чём: {names}",
        "hint": "Нажмите на название, чтобы получать только о нём; ещё раз — чтобы убрать.",
        "everything": "Обо всём",
        "language": "In English",
        "stop": "Отписаться",
        "stopped": "Вы отписаны, этот чат забыт. Подписаться снова: /start",
        "nothing": "Вы не подписаны. Подписаться: /start",
        "closed": "Сейчас здесь не на что подписаться.",
        "footer": "Отписаться: /stop · выбрать темы: /start",
        "invalid": "Кнопка больше не действует. Новые: /start",
    },
}


def chat_words(language: str) -> Mapping[str, str]:
    """All of them in one language."""
    return CHAT[known(language)]
