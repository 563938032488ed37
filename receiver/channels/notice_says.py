"""The sentences of the notice card and its calls, in both languages. Pure; used by `notice_card`."""

import html
from collections.abc import Iterable, Mapping
from datetime import datetime

from receiver.channels.notice_words import button_words, finding_word
from receiver.channels.words import clock, form, number, span
from receiver.core.lint import Remark
from receiver.core.notice_plan import World
from receiver.core.notice_record import Cry, Delivery, Draft, Form, Notice, Passage, Suggestion
from receiver.core.notice_rules import FEEDS, PAGE, NoticeRules
from receiver.core.wording import Piece

_PLACES = {
    "en": {PAGE: "page", FEEDS: "feeds", "email": "mail", "statuspage": "Statuspage", "telegram-private": "private chats", "webhooks": "webhooks"},
    "ru": {PAGE: "страница", FEEDS: "ленты", "email": "почта", "statuspage": "Statuspage", "telegram-private": "личные чаты", "webhooks": "вебхуки"},
}
_MOST_REMARKS = 6
_MOST_CAUSES = 3
_DOUBTS = {
    "en": {
        "watchdog": "the source's Watchdog is silent",
        "resolved by hand": "somebody closed the incident by hand",
        "not reported": "nobody reported them resolved",
        "still listed": "Alertmanager itself still lists them",
        "not asked": "Alertmanager could not be asked",
    },
    "ru": {
        "watchdog": "источник молчит (нет Watchdog)",
        "resolved by hand": "инцидент закрыт вручную",
        "not reported": "о восстановлении никто не сообщил",
        "still listed": "в самом Alertmanager они ещё активны",
        "not asked": "Alertmanager не удалось спросить",
    },
}
_CALLS = {
    "en": {
        "undecided": "{id} has waited {waits} for a decision: approve, edit or say that it is not for customers",
        "undecided_lead": "{id} has waited {waits} and nobody decides. Customers have heard nothing",
        "soon": "{id}: we promised the next word at {promised}",
        "due": "{id}: the promised time has come ({promised})",
        "late": "{id}: the promised word is late. The page shows only how old the last one is",
        "long": "{id} has lasted for more than two hours. A slower rhythm may be kinder: say when the next word comes",
        "blocked": "{id} was not published: the text holds what must not go out. Look at the card",
        "unknown": "{id}: nobody knows whether the word reached {target}. Send it again, or is it there?",
        "failed": "{id}: {target} refused the update: {why}",
        "voided": "{id}: the text changed, so earlier approvals no longer count. Please look again",
        "glass": "{id}: {who} publishes alone. Reason: {why}",
        "returned": "{id}: the trouble is back. A text for customers is drafted",
        "offline": "{id} was published without this service while it was down ({who}). The page has it, everybody else has heard nothing: the next word goes to all",
        "offline_page": "{id} was published without this service while it was down ({who}). Go on from here",
    },
    "ru": {
        "undecided": "{id} ждёт решения {waits}: согласуйте, поправьте или отметьте «не для клиентов»",
        "undecided_lead": "{id} ждёт {waits}, никто не решает. Клиенты ничего не знают",
        "soon": "{id}: следующее сообщение обещали к {promised}",
        "due": "{id}: обещанное время пришло ({promised})",
        "late": "{id}: обещанное сообщение опаздывает. На странице видно только, как давно мы писали",
        "long": "{id} длится больше двух часов. Лучше реже, но точно: скажите, когда напишем снова",
        "blocked": "{id} не опубликовано: в тексте есть то, чего нельзя показывать. Посмотрите карточку",
        "unknown": "{id}: неизвестно, дошло ли сообщение до {target}. Отправить ещё раз или оно уже там?",
        "failed": "{id}: не удалось опубликовать в {target}: {why}",
        "voided": "{id}: текст изменился, прежние согласия больше не в счёт. Посмотрите ещё раз",
        "glass": "{id}: {who} публикует без второго согласия. Причина: {why}",
        "returned": "{id}: проблема вернулась. Текст для клиентов готов",
        "offline": "{id}: опубликовано без сервиса, пока он не работал ({who}). На странице это уже есть, остальные ещё не знают: следующее сообщение уйдёт всем",
        "offline_page": "{id}: опубликовано без сервиса, пока он не работал ({who}). Продолжайте отсюда",
    },
}


def calls(notice: Notice, call: Delivery, world: World, language: str, timezone: str) -> str:
    """Why a person is needed, in one sentence."""
    promised = clock(notice.next_update_at, timezone, world.now, language) if notice.next_update_at else "—"
    waits = span(world.now - notice.draft.proposed_at, language) if notice.draft else ""
    given = {"why": "", "who": "", **call.args, "target": place_word(call.args.get("target", ""), world.rules, language)}
    return _CALLS[_known(language)][call.args["about"]].format(id=notice.id, promised=promised, waits=waits, **given)


def place_word(name: str, rules: NoticeRules, language: str) -> str:
    """What people call a channel: a chat by its name."""
    channel, words = rules.channels.get(name), _PLACES[_known(language)]
    if channel is None:
        return words.get(name, name)
    chat = str(channel.address.get("chat", ""))
    return chat if chat.startswith("@") else words.get(channel.kind) or name  # the number of a chat says nothing to people


def deliveries(notice: Notice, rules: NoticeRules, language: str) -> str:
    """How the newest word went, channel by channel, with true counts."""
    if not notice.updates:
        return ""
    newest = notice.updates[-1].id
    found = [d for d in notice.deliveries.values() if d.form is Form.POST and d.update == newest]
    parts = [f"{place_word(d.target, rules, language)} {_went(d, language)}" for d in found]
    shows = "{} показывает «{}»" if language == "ru" else "{} shows “{}”"
    drift = [shows.format(place_word(name, rules, language), what) for name, what in notice.drift.items()]
    return "  ".join([*parts, *drift])


def _went(delivery: Delivery, language: str) -> str:
    count = f"{number(delivery.sent, language)}/{number(delivery.total, language)}" if delivery.total else ""
    lost = f" ({delivery.failed} {'не дошли' if language == 'ru' else 'failed'})" if delivery.failed else ""
    match delivery.state:
        case Passage.SENT:
            return f"{count or '✓'}{lost}"
        case Passage.FAILED:
            return f"✗ {delivery.reason[:60]}".strip()
        case Passage.UNKNOWN:
            return "❓"
        case Passage.STOPPED:
            return "⏹"
        case Passage.DUE | Passage.SENDING:
            return f"⏳{' ' + delivery.reason[:40] if delivery.attempts else ''}"


def goes_to(draft: Draft, world: World, language: str) -> str:
    """Where it would be published, and to how many subscribers."""
    counts = {name: f" {number(count, language)}" for name, count in world.facts.recipients.items()}
    return " · ".join(place_word(name, world.rules, language) + counts.get(name, "") for name in draft.channels) or "—"


def languages(draft: Draft, rules: NoticeRules, language: str, shown: str) -> str:
    """Which languages are ready, which lag behind; the one that is shown comes first."""
    ready, stale, missing = ("готов", "устарел", "нет") if language == "ru" else ("ready", "stale", "missing")
    ordered = sorted(rules.languages, key=lambda one: one != shown)
    return " · ".join(f"{one.upper()} {missing if one not in draft.texts else stale if one in draft.stale else ready}" for one in ordered)


def checks(remarks: Iterable[Remark], draft: Draft, language: str) -> str:
    """What the lint says: ⛔ blocks, ⚠ asks."""
    said = []
    for remark in remarks:
        mark, where = "⛔" if remark.is_block else "⚠", f"{remark.language.upper()} " if remark.language else ""
        word = f" «{remark.word}»" if remark.word and language == "ru" else f" “{remark.word}”" if remark.word else ""
        said.append(f"{mark} {where}{finding_word(remark.finding, language)}{word}")
    shown = said[:_MOST_REMARKS] + ([f"+{len(said) - _MOST_REMARKS}"] if len(said) > _MOST_REMARKS else [])
    if not said:
        return "✓ ничего внутреннего" if language == "ru" else "✓ nothing internal"
    ticked = (" · приняты" if language == "ru" else " · accepted") if draft.ticked_by else ""
    return "\n".join(shown) + ticked


def approvers(draft: Draft, people: Mapping[str, str], timezone: str, now: datetime, language: str) -> str:
    """Who agreed, and when."""
    return ", ".join(f"✅ {people.get(a.by, a.name) or a.by} {clock(a.at, timezone, now, language)}" for a in draft.approvals)


def suggestion(notice: Notice, world: World, language: str, timezone: str) -> str:
    """What the card proposes."""
    russian = language == "ru"
    match notice.suggestion:
        case Suggestion.UPDATE:
            return "Ещё один инцидент задел то же самое. Дополнить?" if russian else "Another incident touches the same. Say more?"
        case Suggestion.MONITORING:
            return "Алерты закрыты, и это подтверждено. Перейти к наблюдению?" if russian else "The alerts are over, with proof. Say that we are watching?"
        case Suggestion.RESOLVED:
            since, until = (clock(at, timezone, world.now, language) for at in (notice.started_at, notice.calm_at or world.now))
            return (
                f"Тихо достаточно долго ({since}–{until}). Всё решено? Заказы не потерялись?"
                if russian
                else f"It has been quiet long enough ({since}–{until}). Resolved? Were orders lost?"
            )
        case Suggestion.RETURNED:
            return "Проблема вернулась." if russian else "The trouble is back."
        case Suggestion.NO_PROOF:
            doubt = _DOUBTS[_known(language)].get(notice.doubt, notice.doubt)
            return (
                f"Алертов больше не видно, но восстановление не подтверждено: {doubt}."
                if russian
                else f"I no longer see the alerts but have no proof of recovery: {doubt}."
            )
        case Suggestion.NONE:
            return ""


def why_word(notice: Notice, language: str) -> str:
    """Why it is not for customers."""
    return button_words(language)[notice.dismissal.value].lower() if notice.dismissal else ""


def cries(notice: Notice, language: str) -> str:
    """What became of drafts the same rules asked for before; nothing of rules that were always right."""
    return "\n".join(_cry(cry, language) for cry in notice.cries if cry.unwanted and cry.cause in notice.causes[:_MOST_CAUSES])


def _cry(cry: Cry, language: str) -> str:
    words = button_words(language)
    why = ", ".join(f"{words[name].lower()} {count}" for name, count in cry.why.items())
    rule = f"{cry.cause.alert} ({cry.cause.route})"
    if language == "ru":
        drafts = "черновика" if cry.drafts % 10 == 1 and cry.drafts % 100 != 11 else "черновиков"
        return f"Раньше не для клиентов: за 30 дней {cry.unwanted} из {cry.drafts} {drafts} по {rule}, {why}"
    return f"Not for customers before: {cry.unwanted} of {cry.drafts} {form(cry.drafts, ('draft', 'drafts'))} within 30 days by {rule}, {why}"


def pieces(diff: Iterable[Piece]) -> str:
    """A word diff as markup: what went is struck through, what came is bold."""
    shown = {"same": "{}", "added": "<b>{}</b>", "removed": "<s>{}</s>"}
    said, gone = "", ""
    for piece in diff:
        if piece.how == "added" and " " in gone and not gone[-1].isspace() and not piece.text[0].isspace():
            said += " "  # whole sentences that went and came stand apart
        said += shown[piece.how].format(html.escape(piece.text, quote=False))
        gone = piece.text if piece.how == "removed" else ""
    return said


def _known(language: str) -> str:
    return language if language in _CALLS else "en"
