"""`/status`: what is open, who is on call, and whether the service itself is well. Called by `chat.commands`."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from receiver.channels.outage_words import banner
from receiver.channels.words import form, span
from receiver.chat.asked import Answer, Asked, shown
from receiver.chat.duty import duty_line, tell_duty
from receiver.core.incident import Incident
from receiver.core.oncall import find_duty
from receiver.core.outage import Outage
from receiver.store.incidents import Incidents
from receiver.store.outages import Outages
from receiver.store.outbox import Outbox
from receiver.store.quarantine import Quarantine
from receiver.store.replicas import Replica, Replicas

MOST = 500
# What is wrong with the service now, as /readyz says it.
Faults = Callable[[], Sequence[str]]


class Condition:
    """Reads what it tells from the store; `faults` says what is wrong with this replica."""

    def __init__(self, incidents: Incidents, outbox: Outbox, quarantine: Quarantine, replicas: Replicas, faults: Faults, outages: Outages) -> None:
        self._outages = outages
        self._incidents, self._outbox, self._quarantine, self._replicas, self._faults = incidents, outbox, quarantine, replicas, faults

    async def asked(self, asked: Asked) -> Answer:
        """Three parts: what is open, who is on call, the service."""
        held = (await self._incidents.held())[:MOST]
        found = [one for one in await self._incidents.load_many(held) if one is not None and one.is_open and not one.is_part] if held else []
        parts = [_open(asked, found), _duties(asked), await self._service(asked)]
        return Answer(text="\n\n".join(part for part in parts if part))

    async def duty(self, asked: Asked) -> Answer:
        """`/oncall`: who is on call, and which of all people can't be reached."""
        answer = tell_duty(asked)
        gone = [one for one in (await self._outages.refresh()).values() if one.person or one.is_channel] if answer.result == "told" else []
        return replace(answer, text="\n\n".join([answer.text, *([_gone(asked, gone)] if gone else [])]))

    async def _service(self, asked: Asked) -> str:
        live, letters, waiting = await self._replicas.live(), await self._quarantine.count(), await self._outbox.depth()
        faults = [shown(fault, 200) for fault in self._faults()]
        lines = [asked.say("<b>Service</b>", "<b>Сервис</b>")]
        lines += [f"⚠ {fault}" for fault in faults] or [asked.say("Ready", "Работает")]
        lines += [_gone(asked, gone)] if (gone := list((await self._outages.refresh()).values())) else []
        lines.append(_rules(asked, live))
        if waiting:
            lines.append(asked.say(f"{waiting} {form(waiting, ('message', 'messages'))} waiting to be sent", f"Ждут отправки: {waiting}"))
        if letters:
            lines.append(
                asked.say(f"⚠ Dead letters: {letters} (receiver deadletters list)", f"⚠ Не разобрано и не доставлено: {letters} (receiver deadletters list)")
            )
        else:
            lines.append(asked.say("No dead letters", "Неразобранного и недоставленного нет"))
        return "\n".join(lines)


def _open(asked: Asked, found: list[Incident]) -> str:
    if not found:
        return asked.say("🟢 Nothing is open", "🟢 Открытых инцидентов нет")
    worst = Counter(one.severity.value for one in found)
    words = {"critical": ("critical", "критичных"), "warning": ("warning", "предупреждений"), "info": ("info", "сведений")}
    parts = [asked.say(f"{worst[name]} {english}", f"{russian}: {worst[name]}") for name, (english, russian) in words.items() if worst[name]]
    free = [one for one in found if one.acknowledged_at is None]
    mark = "🔴" if any(one.severity.rank == 2 for one in free) else "🟠" if free else "🟡"
    first = f"{mark} " + asked.say(f"Open: {len(found)} ({', '.join(parts)})", f"Открыто: {len(found)} ({', '.join(parts)})")
    if not free:
        return first + asked.say(", all taken\n/incidents", ", все в работе\n/incidents")
    oldest = span(asked.now - min(one.opened_at for one in free), asked.language)
    return first + asked.say(f"\nNot taken: {len(free)}, the oldest for {oldest}\n/incidents", f"\nБез ответа: {len(free)}, самый давний {oldest}\n/incidents")


def _gone(asked: Asked, gone: Sequence[Outage]) -> str:
    return "\n".join(f"⚠ {shown(banner(one, asked.language, asked.timezone, asked.now), 200)}" for one in gone)


def _duties(asked: Asked) -> str:
    duties = [f"{shown(name)}: {duty_line(asked, find_duty(asked.book, one, asked.now))}" for name, one in asked.book.schedules.items()]
    return "\n".join([asked.say("<b>On call</b>", "<b>Дежурят</b>"), *duties]) if duties else ""


def _rules(asked: Asked, live: list[Replica]) -> str:
    versions = sorted({one.commit[:7] or one.version for one in live})
    count = max(1, len(live))
    english = f"{count} {form(count, ('replica', 'replicas'))} · rules {asked.book.name}"
    russian = f"{count} {form(count, ('реплика', 'реплики', 'реплик'))} · правила {asked.book.name}"
    if len(versions) > 1:
        return asked.say(f"⚠ {english}; replicas disagree: {', '.join(versions)}", f"⚠ {russian}; у реплик разные правила: {', '.join(versions)}")
    return asked.say(english, russian)
