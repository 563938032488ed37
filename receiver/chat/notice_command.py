"""`/notice`: what customers are told now, or a notice begun by hand. Called by `chat.commands`."""

from receiver.channels.notice_words import impact_word, phase_word
from receiver.chat.asked import Answer, Asked, shown
from receiver.core.errors import CommitConflictError, NoticesOffError
from receiver.core.notice_event import Actor, Proposed
from receiver.core.notice_record import Notice, Stage
from receiver.core.notice_text import STARTERS
from receiver.notice_engine import NoticeEngine
from receiver.store.notice_desk import NoticeDesk

_WAITS = {
    "": ("the hold of its route is not over", "время выдержки ещё не вышло"),
    "muted": ("planned work mutes its alerts", "алерты заглушены плановыми работами"),
    "flapping": ("its alerts come and go", "алерты то появляются, то исчезают"),
    "no_watchdog": ("the source's Watchdog is silent, so its alerts prove nothing", "источник молчит (нет Watchdog), его алертам нельзя верить"),
    "not_confirmed": ("Alertmanager does not confirm that they fire", "Alertmanager не подтверждает, что алерты активны"),
}


class NoticeCommand:
    """The card in the support chat shows what comes of it."""

    def __init__(self, engine: NoticeEngine, desk: NoticeDesk) -> None:
        self._engine, self._desk = engine, desk

    async def asked(self, asked: Asked) -> Answer:
        """`/notice` lists, `/notice COMPONENT [TEXT]` drafts."""
        try:
            rules = self._engine.rules
        except NoticesOffError:
            text = asked.say("The rules hold no notices.yaml: customers are told nothing.", "В правилах нет notices.yaml: клиентам ничего не сообщается.")
            return Answer(text=text, result="no notices")
        if not asked.words:
            return await self._list(asked)
        component, key = asked.words[0], asked.words[1] if len(asked.words) > 1 else "holding"
        if component not in rules.components or key not in STARTERS:
            return Answer(text=self._choices(asked), result="unclear")
        if asked.person is None:
            return Answer()
        try:
            notice = await self._engine.open_by_hand([component], key)
        except CommitConflictError:
            text = asked.say("An open notice already speaks of this component.", "Об этом разделе уже есть открытое сообщение.")
            return Answer(text=text, result="covered", target=component)
        actor = Actor(id=asked.person.id, name=asked.person.name, roles=asked.person.roles)
        await self._engine.apply(notice.id, Proposed(actor=actor, key=key))
        text = asked.say(f"{notice.id} is drafted: see its card in the support chat.", f"Черновик {notice.id} готов: карточка в чате поддержки.")
        return Answer(text=text, target=notice.id)

    async def _list(self, asked: Asked) -> Answer:
        lines = [self._line(one, asked) for one in await self._desk.open()]
        nothing = asked.say("Customers are told nothing now.", "Сейчас клиентам ничего не сообщается.")
        return Answer(text="\n".join(lines) or nothing + "\n" + self._choices(asked))

    def _line(self, notice: Notice, asked: Asked) -> str:
        names = ", ".join(c.name(asked.language) for name in notice.components if (c := self._engine.rules.components.get(name)))
        if notice.stage is Stage.HELD:
            english, russian = _WAITS.get(notice.waits_for, _WAITS[""])
            return f"<b>{notice.id}</b> {asked.say('held', 'отложено')} · {shown(names, 200)} · {asked.say(english, russian)}"
        state = phase_word(notice.phase, asked.language) if notice.phase else asked.say("draft", "черновик")
        impact = notice.draft.impact if notice.draft and not notice.phase else notice.worst
        return f"<b>{notice.id}</b> {state} · {shown(names, 200)} · {impact_word(impact, asked.language)}"

    def _choices(self, asked: Asked) -> str:
        components = ", ".join(self._engine.rules.components)
        head = asked.say("Write /notice COMPONENT TEXT. Components:", "Напишите /notice РАЗДЕЛ ТЕКСТ. Разделы:")
        return f"{head} {shown(components, 400)}. {asked.say('Texts:', 'Тексты:')} {', '.join(STARTERS)}"
