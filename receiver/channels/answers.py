"""What a presser is told at once, in both languages."""

from collections.abc import Mapping

from receiver.channels.text import cut_plain

LONGEST = 200

ANSWERS: Mapping[str, Mapping[str, str]] = {
    "acked": {"en": "{id} is yours", "ru": "{id} теперь ваш"},
    "already_acked": {"en": "Already taken by {by}, {ago}", "ru": "Уже в работе: {by}, {ago}"},
    "resolved": {"en": "{id} resolved", "ru": "{id} закрыт"},
    "already_resolved": {"en": "Already resolved by {by}", "ru": "Уже закрыт: {by}"},
    "kept": {"en": "{id} is yours for {lease} more", "ru": "{id} ваш ещё на {lease}"},
    "paging": {"en": "{id}: paging {who}", "ru": "{id}: зовём {who}"},
    "snoozed": {"en": "{id} snoozed until {until}", "ru": "{id} отложен до {until}"},
    "apart": {"en": "{id} stands on its own now", "ru": "{id} теперь сам по себе"},
    "not_possible": {"en": "This is not possible now: look at the message again", "ru": "Сейчас так нельзя: посмотрите на сообщение ещё раз"},
    "acked_all": {"en": "{id} is yours with all {count} incidents", "ru": "{id} ваш вместе со всеми инцидентами ({count})"},
    "split": {"en": "{id} is split: each incident is told by itself", "ru": "{id} разобран: о каждом инциденте скажем отдельно"},
    "closed": {"en": "It is already over", "ru": "Инцидент уже закончился"},
    "not_allowed": {
        "en": "You may not do this. Ask an admin to give you the role in people.yaml",
        "ru": "У вас нет права на это действие. Попросите администратора добавить вам роль в people.yaml",
    },
    "forged": {"en": "This button is not valid here", "ru": "Эта кнопка здесь не действует"},
    "gone": {"en": "This incident is no longer kept", "ru": "Этот инцидент уже не хранится"},
}


def answer_text(key: str, language: str, **args: str) -> str:
    """One answer, cut for a pop-up."""
    texts = ANSWERS[key]
    text = texts.get(language, texts["en"])
    for name, value in args.items():
        text = text.replace("{" + name + "}", value)
    return for_popup(text)


def for_popup(text: str) -> str:
    """At most the 200 characters that Telegram shows in answer to a press."""
    return cut_plain(text, LONGEST)
