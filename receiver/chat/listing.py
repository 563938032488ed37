"""`/incidents [all]`: what is open, worst first, or everything newest first; long lists have pages. Called by `chat.commands`."""

from dataclasses import replace

from receiver.channels.view import build, views
from receiver.channels.words import form
from receiver.chat.asked import Answer, Asked, Choice, Elsewhere, shown
from receiver.core.incident import Incident, IncidentId
from receiver.store.incidents import Incidents

PAGE = 10
MOST = 500
OPEN, ALL = "open", "all"
PICK, LIST = "pg", "list"


class Listing:
    """Reads incidents for the list."""

    def __init__(self, incidents: Incidents) -> None:
        self._incidents = incidents

    async def asked(self, asked: Asked) -> Answer:
        """The first page; `all` and `все` include what is over."""
        kind = ALL if asked.words[:1] in (("all",), ("все",)) else OPEN
        return await self._page(asked, kind, 0)

    async def turned(self, asked: Asked) -> Answer:
        """Another page of a list shown before; its argument is `open-2`."""
        kind, _, number = asked.rest.rpartition("-")
        return await self._page(asked, kind or OPEN, int(number) if number.isdigit() else 0)

    async def of_storm(self, asked: Asked) -> Answer:
        """The button of a storm: its incidents in a message of their own, below."""
        answer = await self._page(asked, asked.rest, 0)
        said = Elsewhere(there=asked.place.destination(), text=answer.text, rows=answer.rows)
        return replace(answer, text="", rows=(), elsewhere=(said,), target=asked.rest)

    async def _page(self, asked: Asked, kind: str, number: int) -> Answer:
        found = await self._found(kind)
        if not found:
            return Answer(text=_nothing(asked, kind))
        pages = -(-len(found) // PAGE)
        number = min(number, pages - 1)
        lines = [_head(asked, kind, found)]
        lines += [_line(asked, one) for one in found[number * PAGE : (number + 1) * PAGE]]
        if pages > 1:
            lines.append(asked.say(f"Page {number + 1} of {pages}", f"Страница {number + 1} из {pages}"))
        return Answer(text="\n\n".join(lines), rows=_turns(kind, number, pages))

    async def _found(self, kind: str) -> list[Incident]:
        ids = await self._ids(kind)
        found: list[Incident] = []
        for start in range(0, min(len(ids), MOST), 100):
            found += [
                one
                for one in await self._incidents.load_many(ids[start : start + 100])
                if one is not None and one.part is None and (kind != OPEN or one.is_open)
            ]
        return found if kind == ALL else sorted(found, key=lambda one: (-one.severity.rank, one.acknowledged_at is not None, one.opened_at))

    async def _ids(self, kind: str) -> list[IncidentId]:
        if kind in (OPEN, ALL):
            return await (self._incidents.recent(MOST) if kind == ALL else self._incidents.held())
        (storm,) = await self._incidents.load_many([IncidentId(kind)])
        members = (storm.firing or tuple(storm.alerts.values())) if storm else ()
        return [IncidentId(alert.labels["incident"]) for alert in members if "incident" in alert.labels]


def _nothing(asked: Asked, kind: str) -> str:
    if kind == ALL:
        return asked.say("There have been no incidents yet.", "Инцидентов ещё не было.")
    return asked.say("🟢 Nothing is open.\n/incidents all shows what is over.", "🟢 Открытых инцидентов нет.\n/incidents all покажет закрытые.")


def _head(asked: Asked, kind: str, found: list[Incident]) -> str:
    count = len(found)
    if kind == ALL:
        return asked.say(f"<b>The last {count} {form(count, ('incident', 'incidents'))}</b>", f"<b>Последние инциденты: {count}</b>")
    free = sum(one.is_open and one.acknowledged_at is None for one in found)
    if kind != OPEN:
        said = f"<b>{kind}: {count} {form(count, ('incident', 'incidents'))}</b>", f"<b>{kind}: инцидентов {count}</b>"
        return asked.say(said[0] + (f", {free} not taken" if free else ""), said[1] + (f", без ответа: {free}" if free else ""))
    english = f"<b>{count} open {form(count, ('incident', 'incidents'))}</b>" + (f", {free} not taken" if free else ", all taken")
    russian = f"<b>Открытых инцидентов: {count}</b>" + (f", без ответа: {free}" if free else ", все в работе")
    return asked.say(english, russian)


def _line(asked: Asked, incident: Incident) -> str:
    view = build(incident, views(asked.book), asked.language, asked.timezone, asked.now)
    first = f"{view['mark']} <b>{incident.id}</b> {shown(str(view['system']))}: {shown(str(view['title']) or '—', 120)}"
    since = asked.say(f"since {view['since']}", f"с {view['since']}")
    if view["is_over"]:
        since = f"{view['since']}–{view['ended_at']}"
    affected = asked.say(f"affected: {_joined(view['affected'])}", f"затронуто: {_joined(view['affected'])}") if view["affected"] else ""
    parts = [str(view["severity"]), since + (f" ({view['lasted']})" if view["lasted"] else ""), _who(asked, incident, str(view["taken_by"])), affected]
    return f"{first}\n{' · '.join(part for part in parts if part)}"


def _joined(names: object) -> str:
    return shown(", ".join(names if isinstance(names, list) else []), 120)


def _who(asked: Asked, incident: Incident, name: str) -> str:
    if not incident.is_open:
        return ""
    if incident.announced_at is None:
        return asked.say("nobody told yet", "ещё никому не сообщали")
    return shown(name) if name else asked.say("not taken", "никто не взял")


def _turns(kind: str, number: int, pages: int) -> tuple[tuple[Choice, ...], ...]:
    back = (("‹", PICK, f"{kind}-{number - 1}"),) if number else ()
    on = (("›", PICK, f"{kind}-{number + 1}"),) if number + 1 < pages else ()
    return (back + on,) if pages > 1 else ()
