"""Questions the bot asks the support team about a notice. Used by `chat.notices`."""

import html

from receiver.channels.base import Message
from receiver.channels.notice_buttons import Keys
from receiver.channels.notice_says import pieces
from receiver.channels.text import plain_text
from receiver.core.notice_record import Notice
from receiver.core.wording import diff

_QUESTIONS = {
    "en": {
        "title": "write the new title ({language}) as a reply",
        "body": "write the new text ({language}) as a reply",
        "correct": "write the corrected text ({language}) as a reply",
        "retract": "why is it withdrawn? Customers will not see the reason",
        "glass": "why do you publish alone? Everybody here will see the reason",
        "end": "alerts still fire or nobody has proof. Why is it over? A second person must agree",
    },
    "ru": {
        "title": "напишите новый заголовок ({language}) в ответ",
        "body": "напишите новый текст ({language}) в ответ",
        "correct": "напишите исправленный текст ({language}) в ответ",
        "retract": "почему отзываем? Клиенты причину не увидят",
        "glass": "почему публикуете без второго человека? Причину увидят все здесь",
        "end": "алерты ещё активны или нет подтверждения. Почему всё решено? Нужно второе согласие",
    },
}


def prompt_message(field: str, language: str, current: str, who: str, reader: str) -> Message:
    """Mentions the person, so that their reply field opens, and shows the present text to copy with one tap. `who` is markup."""
    question = _QUESTIONS.get(reader, _QUESTIONS["en"])[field].format(language=language.upper())
    markup = f"{who}, {question}" + (f"\n<pre>{html.escape(current, quote=False)}</pre>" if current else "")
    return Message(html=markup, plain=plain_text(markup), silent=True, prompt=question[:64])


def not_yours(keys: Keys, notice: Notice, token: str, owner: str, reader: str) -> Message:
    """Somebody else was asked."""
    name = html.escape(owner, quote=False)
    markup = f"Этот текст правит {name}" if reader == "ru" else f"This edit belongs to {name}"
    button = keys.button(notice, "takeover", keys.word("takeover"), token)
    return Message(html=markup, plain=plain_text(markup), buttons=((button,),), silent=True)


def conflict(keys: Keys, notice: Notice, token: str, language: str, mine: str, reader: str) -> Message:
    """Somebody was faster: both texts, and what to do."""
    theirs = notice.draft.texts[language].body if notice.draft and language in notice.draft.texts else ""
    head = "Пока вы писали, текст изменили. Отличия вашего:" if reader == "ru" else "The text changed while you were writing. Yours differs so:"
    markup = f"{head}\n<blockquote>{pieces(diff(theirs, mine))}</blockquote>"
    row = tuple(keys.button(notice, verb, keys.word(verb), token) for verb in ("mine", "theirs"))
    return Message(html=markup, plain=plain_text(markup), buttons=(row,), silent=True)
