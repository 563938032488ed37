"""`/maintenance`: planned work that is under way, and beginning or ending some from the chat. Called by `chat.commands`.

A window that somebody begins here mutes exactly as one of maintenance.yaml does; it is kept in the store and laid over the rules.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from receiver.channels.words import clock, form
from receiver.chat.asked import Answer, Asked, Choice, shown
from receiver.chat.planned_words import customers, span_of, split_words, when
from receiver.core.alert import matched_labels
from receiver.core.amendment import FROM_CHAT, AdHocWindow
from receiver.core.durations import DurationError, parse_duration
from receiver.core.event import Woke
from receiver.core.matcher import Matcher, MatcherError, parse_matchers
from receiver.engine import Engine
from receiver.store.amendments import AmendmentStore
from receiver.store.drafts import Drafts
from receiver.store.incidents import Incidents

BEGIN, DROP, END = "mb", "mx", "me"
LONGEST, FARTHEST = timedelta(days=7), timedelta(days=30)
MOST = 500
Refresh = Callable[[], Awaitable[object]]


class Planned:
    """`refresh` lays the change over the rules of this replica at once; the others follow within a second."""

    def __init__(self, items: AmendmentStore, drafts: Drafts, engine: Engine, incidents: Incidents, refresh: Refresh) -> None:
        self._items, self._drafts, self._engine, self._incidents, self._refresh = items, drafts, engine, incidents, refresh

    async def asked(self, asked: Asked) -> Answer:
        """Without words the list; `[at 23:00] 2h service="shop-db" [tell checkout]` is a window to confirm."""
        return await (self._preview(asked) if asked.words else self._list(asked))

    async def _list(self, asked: Asked) -> Answer:
        mutes = asked.book.mutes(asked.now)
        lines = [asked.say("<b>Planned work under way</b>", "<b>Идут плановые работы</b>")]
        for mute in mutes:
            until = clock(mute.until, asked.timezone, asked.now, asked.language)
            texts = shown(", ".join(matcher.text for matcher in mute.window.matchers), 200)
            lines.append(f"{shown(mute.window.name)}: {texts}\n{asked.say(f'until {until}', f'до {until}')} · {_where(asked, mute.window.where)}")
        if not mutes:
            lines = [asked.say("No planned work is under way.", "Плановых работ сейчас нет.")]
        lines.append(asked.say('To begin some: /maintenance 2h service="shop-db"', 'Начать: /maintenance 2h service="shop-db"'))
        held = [one for one in (await self._items.held()).windows if one.end > asked.now and not one.is_called_off]
        for one in held:
            if one.start > asked.now:
                since, until = (clock(at, asked.timezone, asked.now, asked.language) for at in (one.start, one.end))
                lines.insert(
                    -1, f"{shown(one.name)}: {shown(', '.join(one.matchers), 200)}\n{asked.say(f'from {since} until {until}', f'с {since} до {until}')}"
                )
        rows: list[tuple[Choice, ...]] = []
        for one in held:
            label = shown(", ".join(one.matchers), 30)
            said = asked.say("End", "Закончить") if one.start <= asked.now else asked.say("Call off", "Отменить")
            rows.append(((f"{said}: {label}", END, one.id),))
        return Answer(text="\n\n".join(lines), rows=tuple(rows))

    async def _preview(self, asked: Asked) -> Answer:
        said = split_words(asked.rest)
        start = when(said.at, asked) if said.at else asked.now
        if start is None or not asked.now <= start <= asked.now + FARTHEST:
            return Answer(text=_usage(asked, asked.say("the time is not one of the next 30 days", "время не в ближайшие 30 дней")), result="unclear")
        if said.component and said.component not in (asked.book.notices.components if asked.book.notices else ()):
            known = ", ".join(asked.book.notices.components) if asked.book.notices else "—"
            return Answer(text=_usage(asked, asked.say(f"customers know: {known}", f"клиенты знают разделы: {known}")), result="unclear")
        try:
            length = parse_duration(said.length)
            matchers = parse_matchers(said.matchers)
        except DurationError as fault:
            return Answer(text=_usage(asked, asked.say(str(fault), f"«{said.length}» — это не длительность: 30m, 2h, 1h30m")), result="unclear")
        except MatcherError as fault:
            return Answer(text=_usage(asked, asked.say(str(fault), 'условие не разобрать, пишите метка="значение"')), result="unclear")
        if not timedelta(0) < length <= LONGEST:
            return Answer(text=_usage(asked, asked.say("at most 7 days", "не дольше 7 дней")), result="unclear")
        if not matchers or all(matcher.matches({}) for matcher in matchers):
            return Answer(text=_usage(asked, asked.say("say what is worked on, not everything", "укажите, над чем работы, а не всё сразу")), result="unclear")
        by = asked.person.id if asked.person else ""
        texts = tuple(matcher.text for matcher in matchers)
        name = asked.person.name if asked.person else ""
        draft = AdHocWindow(id="", matchers=texts, start=start, end=start + length, by=by, name=name, component=said.component)
        draft_id = await self._drafts.keep(draft)
        rows = (((asked.say("Begin", "Начать"), BEGIN, draft_id), (asked.say("Cancel", "Отмена"), DROP, draft_id)),)
        return Answer(text=await self._question(asked, draft, matchers), rows=rows, result="previewed")

    async def _question(self, asked: Asked, draft: AdHocWindow, matchers: tuple[Matcher, ...]) -> str:
        now, ids = await self._covered(asked, matchers)
        until = span_of(draft, asked)
        texts = shown(", ".join(draft.matchers), 300)
        alerts_en, alerts_ru = form(now, ("alert", "alerts")), form(now, ("алерт", "алерта", "алертов"))
        covers_en = f"Now it covers {now} firing {alerts_en} ({', '.join(ids)})." if now else "Nothing that fires now is covered."
        covers_ru = f"Сейчас это {now} {alerts_ru} ({', '.join(ids)})." if now else "Сейчас под это ничего не попадает."
        english = (
            f"Begin planned work {until}?\n{texts}\n\n{covers_en}\nNobody is told of what begins meanwhile; what still fires at the end is told then."
            + customers(draft, asked)
        )
        russian = (
            f"Начать плановые работы {until}?\n{texts}\n\n{covers_ru}\nО том, что начнётся за это время, не сообщим; что не закончится к концу работ — сообщим тогда."
            + customers(draft, asked)
        )
        return asked.say(english, russian)

    async def _covered(self, asked: Asked, matchers: tuple[Matcher, ...]) -> tuple[int, list[str]]:
        """How many firing alerts it takes, and of which incidents (a few)."""
        count, ids = 0, list[str]()
        for incident in await self._incidents.load_many((await self._incidents.held())[:MOST]):
            fires = [a for a in incident.firing if all(m.matches(matched_labels(a.labels, a.severity)) for m in matchers)] if incident else []
            if incident and fires:
                count += len(fires)
                ids.append(incident.id)
        return count, [*ids[:5], "…"] if len(ids) > 5 else ids

    async def begun(self, asked: Asked) -> Answer:
        """Confirmed: from now for as long as was previewed. Who confirms is named."""
        draft = await self._drafts.read(asked.rest, AdHocWindow)
        held = await self._items.held()
        if draft is None or asked.person is None:
            return Answer(text=_stale(asked), result="too late")
        window = replace(draft, id=asked.rest, by=asked.person.id, name=asked.person.name)
        if all(one.id != window.id for one in held.windows):
            await self._items.put(window, held.version)
            await self._refresh()
        until = span_of(window, asked)
        texts, name = shown(", ".join(window.matchers), 300), shown(window.name)
        is_now = window.start <= asked.now
        english = f"🔧 Planned work {until}, {'begun' if is_now else 'announced'} by {name}"
        russian = f"🔧 Плановые работы {until}, {'начаты' if is_now else 'объявлены'}: {name}"
        text = f"{asked.say(english, russian)}\n{texts}{customers(window, asked)}"
        label = asked.say("End now", "Закончить") if is_now else asked.say("Call off", "Отменить")
        return Answer(text=text, rows=(((label, END, window.id),),), result="begun", target=", ".join(window.matchers))

    async def dropped(self, asked: Asked) -> Answer:
        """Not confirmed."""
        return Answer(text=asked.say("Cancelled, nothing is muted.", "Отменено, ничего не заглушено."), result="cancelled")

    async def ended(self, asked: Asked) -> Answer:
        """Over before its time: whatever still fires is told now."""
        held = await self._items.held()
        window = next((one for one in held.windows if one.id == asked.rest), None)
        if window is None or window.is_called_off or window.end <= asked.now:
            return Answer(text=asked.say("This planned work is over already.", "Эти работы уже закончены."), result="over already")
        if window.component:  # customers were told, so they hear that it is over, or that it never begins
            await self._items.put(replace(window, end=max(asked.now, window.start)), held.version)
        else:
            await self._items.remove(window, held.version)
        await self._refresh()
        await self._engine.apply_to_all(await self._incidents.held(), Woke())
        texts, name = shown(", ".join(window.matchers), 300), shown(asked.person.name if asked.person else asked.actor)
        english, russian = ("ended", "закончены") if window.start <= asked.now else ("called off", "отменены")
        text = asked.say(f"Planned work {english} by {name}\n{texts}", f"Плановые работы {russian}: {name}\n{texts}")
        return Answer(text=text, result="ended", target=", ".join(window.matchers))


def _usage(asked: Asked, fault: str) -> str:
    now, later = '/maintenance 2h service="shop-db" severity=~"warning|info"', '/maintenance at 23:00 2h service="shop-db" tell checkout'
    return f"{shown(fault[:1].upper() + fault[1:], 200)}\n{asked.say('Write it like', 'Напишите так:')} {shown(now, 200)}\n{shown(later, 200)}"


def _where(asked: Asked, where: str) -> str:
    """Where a window is written: a line of maintenance.yaml, or the chat."""
    return asked.say("begun in the chat", "начаты из чата") if where == FROM_CHAT else shown(where)


def _stale(asked: Asked) -> str:
    return asked.say("This question is older than 15 minutes; ask again.", "Вопросу больше 15 минут; спросите снова.")
