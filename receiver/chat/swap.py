"""`/swap`: somebody offers a shift, somebody else takes it, both are named. Called by `chat.commands`.

A taken swap is laid over the schedule until git says otherwise; overrides of schedules.yaml cover it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

from receiver.channels.words import clock
from receiver.chat.asked import Answer, Asked, Choice, Elsewhere, shown
from receiver.chat.duty import read_time
from receiver.core.amendment import Swap, why_not
from receiver.core.incident import Destination
from receiver.core.oncall import upcoming
from receiver.store.amendments import AmendmentStore, Held
from receiver.store.drafts import Drafts

OFFER, TAKE, WITHDRAW = "so", "st", "sw"
AHEAD = timedelta(days=30)
MOST = 8
Refresh = Callable[[], Awaitable[object]]


class Swaps:
    """`refresh` lays the change over the rules of this replica at once; the others follow within a second."""

    def __init__(self, items: AmendmentStore, drafts: Drafts, refresh: Refresh) -> None:
        self._items, self._drafts, self._refresh = items, drafts, refresh

    async def asked(self, asked: Asked) -> Answer:
        """Without words one's own shifts to choose from; `SCHEDULE FROM TO` offers a part of one."""
        held, me = await self._items.held(), asked.actor
        if asked.words:
            return await self._part(asked, held)
        free = [
            swap
            for name, schedule in asked.book.schedules.items()
            for shift in upcoming(schedule, asked.now, AHEAD)
            if me in shift.people
            for swap in [Swap(id="", schedule=name, start=max(shift.start, _minute(asked.now)), end=shift.end, giver=me)]
            if not why_not(swap, schedule, held.swaps, asked.now)
        ]
        if not free:
            return Answer(text=asked.say("You have no shift of your own in the next 30 days.", "В ближайшие 30 дней у вас нет своих смен."), result="no shifts")
        chosen = sorted(free, key=lambda one: one.start)[:MOST]
        rows = [((_when(asked, swap), OFFER, await self._drafts.keep(swap)),) for swap in chosen]
        text = asked.say("Which shift do you offer?\nA part of one: /swap SCHEDULE FROM TO", "Какую смену вы отдаёте?\nЧасть смены: /swap РАСПИСАНИЕ С ДО")
        return Answer(text=text, rows=tuple(rows))

    async def _part(self, asked: Asked, held: Held) -> Answer:
        schedule = asked.book.schedules.get(asked.words[0])
        times = [read_time(word, asked.timezone, asked.now) for word in asked.words[1:]]
        if schedule is None or len(times) != 2 or times[0] is None or times[1] is None:
            names = shown(", ".join(asked.book.schedules), 200)
            name = asked.say("SCHEDULE", "РАСПИСАНИЕ")
            example = f"/swap {name} 2026-12-01T18:00 2026-12-02T08:00"
            return Answer(text=asked.say(f"Write it like {example}\nSchedules: {names}", f"Напишите так: {example}\nРасписания: {names}"), result="unclear")
        swap = Swap(id="", schedule=schedule.name, start=times[0], end=times[1], giver=asked.actor)
        if reason := why_not(swap, schedule, held.swaps, asked.now):
            return Answer(text=_refusal(asked, reason), result=reason, target=schedule.name)
        return await self._offer(asked, replace(swap, id=await self._drafts.keep(swap)), held)

    async def offered(self, asked: Asked) -> Answer:
        """One of the shifts shown before; only whose it is may offer it."""
        swap, held = await self._drafts.read(asked.rest, Swap), await self._items.held()
        if swap is None:
            return Answer(text=asked.say("This list is older than 15 minutes: /swap", "Этому списку больше 15 минут: /swap"), result="too late")
        if swap.giver != asked.actor:
            return Answer(popup=asked.say("These are somebody else's shifts", "Это чужие смены"), result="not theirs")
        return await self._offer(asked, replace(swap, id=asked.rest), held)

    async def _offer(self, asked: Asked, swap: Swap, held: Held) -> Answer:
        schedule = asked.book.schedules.get(swap.schedule)
        reason = "gone" if schedule is None else why_not(swap, schedule, held.swaps, asked.now)
        if schedule is None or reason:
            return Answer(text=_refusal(asked, reason), result=reason, target=swap.schedule)
        if all(one.id != swap.id for one in held.swaps):
            await self._items.put(swap, held.version)
        rows = ((_choice(asked, TAKE, swap), _choice(asked, WITHDRAW, swap)),)
        if not asked.place.is_private:
            return Answer(text=_offer_text(asked, swap), rows=rows, result="offered", target=swap.schedule)
        there = asked.book.destinations.get(schedule.announce) or next(iter(asked.book.fallback_destinations()))
        posted = _for(asked, there)
        rows = ((_choice(posted, TAKE, swap), _choice(posted, WITHDRAW, swap)),)
        text = asked.say(f"Offered in {shown(there.name)}: {_when(asked, swap)}", f"Предложено в {shown(there.name)}: {_when(asked, swap)}")
        return Answer(text=text, result="offered", target=swap.schedule, elsewhere=(Elsewhere(there=there, text=_offer_text(posted, swap), rows=rows),))

    async def taken(self, asked: Asked) -> Answer:
        """Somebody else takes it; the first one does."""
        held = await self._items.held()
        swap = next((one for one in held.swaps if one.id == asked.rest), None)
        if swap is None:
            return Answer(text=asked.say("This offer was withdrawn.", "Предложение отозвано."), result="withdrawn")
        if swap.taker:
            popup = asked.say(f"{_name(asked, swap.taker)} has taken it already", f"Уже берёт {_name(asked, swap.taker)}")
            return Answer(text=_taken_text(asked, swap), popup=popup if swap.taker != asked.actor else "", result="taken already", target=swap.schedule)
        if swap.giver == asked.actor:
            return Answer(
                popup=asked.say("It is your own shift: somebody else has to take it", "Это ваша смена: взять её должен кто-то другой"), result="own shift"
            )
        schedule = asked.book.schedules.get(swap.schedule)
        reason = "gone" if schedule is None else why_not(swap, schedule, held.swaps, asked.now)
        if reason:
            return Answer(popup=_refusal(asked, reason), result=reason, target=swap.schedule)
        swap = replace(swap, taker=asked.actor)
        await self._items.put(swap, held.version)
        await self._refresh()
        return Answer(text=_taken_text(asked, swap), result="taken", target=swap.schedule)

    async def withdrawn(self, asked: Asked) -> Answer:
        """By who offered it, or an admin, while nobody has taken it."""
        held = await self._items.held()
        swap = next((one for one in held.swaps if one.id == asked.rest), None)
        if swap is not None and swap.taker:
            return Answer(
                popup=asked.say(f"{_name(asked, swap.taker)} has it already", f"Смена уже не ваша: её берёт {_name(asked, swap.taker)}"), result="taken already"
            )
        roles = asked.person.roles if asked.person else frozenset[str]()
        if swap is not None and swap.giver != asked.actor and "admin" not in roles:
            return Answer(popup=asked.say("Only who offered it may withdraw it", "Отозвать может только тот, кто предложил"), result="not theirs")
        if swap is not None:
            await self._items.remove(swap, held.version)
        return Answer(text=asked.say("This offer was withdrawn.", "Предложение отозвано."), result="withdrawn", target=swap.schedule if swap else "")


def _for(asked: Asked, there: Destination) -> Asked:
    """The same question as the readers of another chat read it."""
    return replace(asked, language=there.language or asked.language, timezone=there.timezone or asked.timezone)


def _choice(asked: Asked, action: str, swap: Swap) -> Choice:
    label = asked.say("I take it", "Беру") if action == TAKE else asked.say("Withdraw", "Отозвать")
    return (label, action, swap.id)


def _name(asked: Asked, person: str) -> str:
    found = asked.book.people.get(person)
    return shown(found.name if found else person)


def _when(asked: Asked, swap: Swap) -> str:
    start, end = (clock(at, asked.timezone, asked.now, asked.language) for at in (swap.start, swap.end))
    return f"{shown(swap.schedule)} {start} – {end}"


def _offer_text(asked: Asked, swap: Swap) -> str:
    name = _name(asked, swap.giver)
    return asked.say(f"🔁 {name} offers a shift: {_when(asked, swap)}\nWho takes it?", f"🔁 {name} отдаёт смену: {_when(asked, swap)}\nКто возьмёт?")


def _taken_text(asked: Asked, swap: Swap) -> str:
    giver, taker = _name(asked, swap.giver), _name(asked, swap.taker)
    return asked.say(f"🔁 {taker} is on call instead of {giver}: {_when(asked, swap)}", f"🔁 {taker} дежурит вместо {giver}: {_when(asked, swap)}")


def _refusal(asked: Asked, reason: str) -> str:
    return asked.say(
        {
            "past": "This time is over, or it ends before it begins.",
            "override": "schedules.yaml has an override there, and that one holds.",
            "swap": "A part of it was swapped already; change it in schedules.yaml.",
            "not_yours": "Who offers it is not on call all that time.",
            "gone": "This schedule is gone.",
        }[reason],
        {
            "past": "Это время уже прошло или конец раньше начала.",
            "override": "На это время в schedules.yaml есть замена, действует она.",
            "swap": "Часть этого времени уже передана; измените её в schedules.yaml.",
            "not_yours": "Кто отдаёт смену, дежурит не всё это время.",
            "gone": "Такого расписания больше нет.",
        }[reason],
    )


def _minute(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0)
