"""What a presser is told about a notice at once, at most 200 characters, in both languages. Used by `chat.notices`."""

from collections.abc import Mapping

from receiver.channels.answers import for_popup
from receiver.channels.notice_words import finding_word
from receiver.core.notice_plan import NoticePlan, NoticeReason

_SAID: Mapping[NoticeReason, tuple[str, str]] = {
    NoticeReason.APPROVED: ("{given} of {needed} — waiting for someone else", "{given} из {needed} — нужен ещё кто-то"),
    NoticeReason.APPROVED_ENOUGH: ("Publishing in {undo} s. Stop takes it back", "Публикуем через {undo} с. «Стоп» отменит"),
    NoticeReason.GLASS_BROKEN: ("Publishing in {undo} s, everybody is told", "Публикуем через {undo} с, все об этом узнают"),
    NoticeReason.ALREADY_APPROVED: ("You have agreed already", "Вы уже согласились"),
    NoticeReason.NEEDS_ANOTHER: ("Somebody else must agree too", "Нужно согласие другого человека"),
    NoticeReason.NEEDS_ROLE: ("This needs the role comms_lead", "Здесь нужна роль comms_lead"),
    NoticeReason.NEEDS_PERSON: ("The last approval must be a person's", "Последнее согласие должен дать человек"),
    NoticeReason.NEEDS_REASON: ("Say why: alerts still fire or there is no proof", "Напишите причину: алерты активны или нет подтверждения"),
    NoticeReason.NEEDS_TICK: ("There are warnings: accept them first, or change the text", "Есть замечания: примите их или измените текст"),
    NoticeReason.STALE_REVISION: ("Text changed, look again", "Текст изменился, посмотрите ещё раз"),
    NoticeReason.LINT_BLOCKS: ("It must not go out: {found}", "Так публиковать нельзя: {found}"),
    NoticeReason.STOPPED: ("Stopped", "Остановлено"),
    NoticeReason.TOO_LATE: ("Nothing is on its way any more", "Останавливать уже нечего"),
    NoticeReason.DISMISSED: ("Not for customers. Noted", "Не для клиентов. Записали"),
    NoticeReason.DRAFT_DROPPED: ("Dropped", "Черновик убран"),
    NoticeReason.TICKED: ("Accepted; one more approval is needed", "Замечания приняты; нужно ещё одно согласие"),
    NoticeReason.EDITED: ("The card shows the new text", "На карточке новый текст"),
    NoticeReason.PROPOSED: ("Drafted", "Черновик готов"),
    NoticeReason.RETRACTED: ("Withdrawn; a trace stays", "Отозвано; след останется"),
    NoticeReason.JUDGED: ("Noted", "Записали"),
    NoticeReason.TURNED: ("Changed", "Изменено"),
    NoticeReason.IMPOSSIBLE: ("Not possible any more", "Это уже невозможно"),
    NoticeReason.EDIT_CONFLICT: ("Somebody else changed the text meanwhile", "Текст за это время изменил кто-то другой"),
}
_ALERTS = frozenset(
    {NoticeReason.LINT_BLOCKS, NoticeReason.STALE_REVISION, NoticeReason.NEEDS_TICK, NoticeReason.NEEDS_REASON, NoticeReason.NEEDS_ROLE, NoticeReason.NEEDS_ANOTHER}
)  # fmt: skip


def notice_answer(plan: NoticePlan, needed: int, undo: int, language: str) -> tuple[str, bool]:
    """What follows, in words, and whether it is worth a pop-up."""
    english, russian = _SAID.get(plan.reason, ("", ""))
    draft = plan.next.draft
    found = "; ".join(f"{finding_word(r.finding, language)} «{r.word}»" for r in plan.remarks if r.is_block)
    given = len(draft.approvals) if draft else 0
    text = (russian if language == "ru" else english).format(given=given, needed=needed, undo=undo, found=found)
    return for_popup(text), plan.reason in _ALERTS
