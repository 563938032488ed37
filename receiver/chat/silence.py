"""*Silence* and `/silence INC-n [2h]`: what it would cover now, for how long, and undoing it. Called by `chat.commands`.

The silence is Alertmanager's own; here it is remembered which incident it is for, so that it ends with it (`chat.silencer`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from receiver.chat.asked import Answer, Asked, Elsewhere, shown
from receiver.chat.silence_words import choices, labels_text, made_text, question, undo
from receiver.clients.silences import AlertmanagerError, Alertmanagers, Wanted
from receiver.core.durations import DurationError, parse_duration
from receiver.core.errors import UnknownIncidentError
from receiver.core.history import TimelineEntry
from receiver.core.incident import Incident, IncidentId
from receiver.core.local import instant_at
from receiver.store.drafts import Drafts
from receiver.store.incidents import Incidents
from receiver.store.silences import MadeSilence, Silences

ASK = "silence"
LONGEST = timedelta(days=7)
MORNING = 9 * 60
SKEW = timedelta(minutes=1)  # Alertmanager makes a start in the past its own now; one ahead of its clock would let alerts through
KIND = "alertmanager"


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What a silence would have: labels all of whose values must be equal; `one` when it is for the worst alert alone."""

    incident_id: str
    labels: Mapping[str, str] = field(default_factory=dict)
    one: bool = False


class Silencing:
    """Asks Alertmanager at every step: what is shown is what is there now."""

    def __init__(self, peers: Alertmanagers, silences: Silences, drafts: Drafts, incidents: Incidents) -> None:
        self._peers, self._silences, self._drafts, self._incidents = peers, silences, drafts, incidents

    async def asked(self, asked: Asked) -> Answer:
        """`/silence INC-n` asks for how long; `/silence INC-n 2h` knows it already and asks for a yes."""
        word = asked.words[0].upper() if asked.words else ""
        found = await self._find(asked, f"INC-{word}" if word.isdigit() else word)
        if isinstance(found, Answer):
            return found
        try:
            length = parse_duration(asked.words[1]) if len(asked.words) > 1 else None
        except DurationError as fault:
            return Answer(text=shown(str(fault), 200), result="unclear", target=found.id)
        if length is not None and not timedelta(0) < length <= LONGEST:
            return Answer(text=asked.say("At most 7 days, please.", "Не дольше 7 дней."), result="unclear", target=found.id)
        return await self._preview(asked, found, length, is_one=False)

    async def pressed(self, asked: Asked) -> Answer:
        """The button of an incident: the question is a message of its own, below."""
        found = await self._find(asked, asked.rest)
        answer = found if isinstance(found, Answer) else await self._preview(asked, found, None, is_one=False)
        if not answer.rows:
            return replace(answer, popup=answer.text, text="")
        said = Elsewhere(there=asked.place.destination(), text=answer.text, rows=answer.rows)
        return replace(answer, text="", rows=(), elsewhere=(said,))

    async def narrowed(self, asked: Asked) -> Answer:
        """Only the worst alert."""
        scope = await self._drafts.read(asked.rest, Scope)
        found = await self._find(asked, scope.incident_id) if scope else _stale(asked)
        return found if isinstance(found, Answer) else await self._preview(asked, found, None, is_one=True)

    async def made(self, asked: Asked) -> Answer:
        """Make it, once, however often the press comes; the argument is `draft-2h`."""
        draft_id, _, choice = asked.rest.partition("-")
        scope = await self._drafts.read(draft_id, Scope)
        if scope is None or asked.person is None:
            return _stale(asked)
        found = await self._find(asked, scope.incident_id)
        if isinstance(found, Answer):
            return found
        made = (await self._silences.held()).get(draft_id) or MadeSilence(
            id=draft_id, incident_id=scope.incident_id, labels=scope.labels, until=_until(asked, choice), by=asked.person.id, name=asked.person.name,
            systems=found.systems, via=asked.place.via, chat=asked.place.chat, place=asked.place.name, ref=asked.message_id,
            language=asked.language, timezone=asked.timezone,
        )  # fmt: skip
        try:
            made = await self._make(made, asked)
        except AlertmanagerError as fault:
            await self._silences.forget(made.id)
            text = asked.say(f"Alertmanager did not take the silence: {shown(str(fault), 300)}", f"Alertmanager не принял: {shown(str(fault), 300)}")
            return Answer(text=text, result="not taken", target=found.id)
        return Answer(text=made_text(made, asked.now), rows=undo(asked, made), result="silenced", target=found.id)

    async def _make(self, made: MadeSilence, asked: Asked) -> MadeSilence:
        """The intent is written first, so that a crash leaves no silence that nobody knows."""
        if made.silence_id:
            return made
        await self._silences.keep(made)
        mark = f"[{made.id}]"
        comment = f"{made.incident_id} silenced in the chat by {made.name} {mark}"
        wanted = Wanted(labels=made.labels, start=asked.now - SKEW, end=made.until, by=made.name, comment=comment)
        made = replace(made, silence_id=await self._peers.find(mark) or await self._peers.silence(wanted))
        await self._silences.keep(made)
        await self._note(made, "silenced", made.by, asked.now)
        return made

    async def undone(self, asked: Asked) -> Answer:
        """End it now."""
        made = (await self._silences.held()).get(asked.rest)
        if made is None:
            return Answer(text=asked.say("This silence is over already.", "Эта тишина уже закончилась."), result="over already")
        try:
            await self._peers.expire(made.silence_id)
        except AlertmanagerError as fault:
            return Answer(popup=asked.say(f"Alertmanager does not answer: {fault}", f"Alertmanager не отвечает: {fault}")[:200], result="not taken")
        name = asked.person.name if asked.person else asked.actor
        if await self._silences.forget(made.id):
            await self._note(made, "silence_undone", asked.actor, asked.now)
        text = asked.say(f"🔔 {made.incident_id}: silence ended by {shown(name)}", f"🔔 {made.incident_id}: тишина снята ({shown(name)})")
        return Answer(text=text, result="undone", target=made.incident_id)

    async def dropped(self, asked: Asked) -> Answer:
        """Not confirmed."""
        return Answer(text=asked.say("Cancelled, nothing is silenced.", "Отменено, ничего не заглушено."), result="cancelled")

    async def of_incident(self, incident_id: str) -> list[MadeSilence]:
        """Those that last, for *Why?*."""
        return [one for one in (await self._silences.held()).values() if one.incident_id == incident_id and one.silence_id]

    async def _preview(self, asked: Asked, incident: Incident, length: timedelta | None, *, is_one: bool) -> Answer:
        labels = scope_of(incident, asked.book.ignore_labels(incident.source), is_one=is_one)
        if not labels:
            text = asked.say("Its alerts have no label in common: use /maintenance.", "У алертов нет общих меток: используйте /maintenance.")
            return Answer(text=text, result="nothing in common", target=incident.id)
        try:
            covered = await self._peers.covered(labels)
        except AlertmanagerError as fault:
            text = asked.say(f"Alertmanager does not answer: {shown(str(fault), 300)}", f"Alertmanager не отвечает: {shown(str(fault), 300)}")
            return Answer(text=text, result="not taken", target=incident.id)
        own = [dict(alert.labels) for alert in incident.alerts.values()]
        outside = sum(dict(one) not in own for one in covered)
        draft = await self._drafts.keep(Scope(incident_id=incident.id, labels=labels, one=is_one))
        text = question(asked, incident.id, labels, len(covered), outside, length)
        return Answer(text=text, rows=choices(asked, draft, length, is_one=is_one or len(incident.firing) < 2), result="previewed", target=incident.id)

    async def _find(self, asked: Asked, wanted: str) -> Incident | Answer:
        if not self._peers.urls:
            return Answer(
                text=asked.say("Set RECEIVER_ALERTMANAGER_URLS to silence from here.", "Чтобы глушить отсюда, задайте RECEIVER_ALERTMANAGER_URLS."),
                result="not set up",
            )
        try:
            found = await self._incidents.load(IncidentId(wanted))
        except UnknownIncidentError:
            return Answer(
                text=asked.say("Which incident? Write /silence INC-412 2h", "Какой инцидент? Напишите /silence INC-412 2h"),
                result="no such incident",
                target=wanted[:40],
            )
        if asked.book.source(found.source).kind not in ("", KIND):
            return Answer(
                text=asked.say(f"{shown(found.source)} is no Alertmanager.", f"{shown(found.source)} — это не Alertmanager."),
                result="no alertmanager",
                target=found.id,
            )
        if not found.firing:
            return Answer(text=asked.say(f"Nothing of {found.id} fires now.", f"В {found.id} сейчас ничего не горит."), result="nothing fires", target=found.id)
        return found

    async def _note(self, made: MadeSilence, reason: str, by: str, at: datetime) -> None:
        text = f"{labels_text(made.labels)} until {made.until:%Y-%m-%dT%H:%M:%SZ}"
        await self._incidents.note(IncidentId(made.incident_id), TimelineEntry(at=at, reason=reason, by=by, text=text))


def scope_of(incident: Incident, ignored: frozenset[str], *, is_one: bool) -> dict[str, str]:
    """The labels that all its firing alerts share, or all of the worst one's; without those that tell no alerts apart."""
    firing = incident.firing
    first = dict(firing[0].labels)
    rest = () if is_one else firing[1:]
    return {n: v for n, v in first.items() if v and n not in ignored and all(alert.labels.get(n) == v for alert in rest)}


def _until(asked: Asked, choice: str) -> datetime:
    if choice != "morning":
        return asked.now + parse_duration(choice)
    today = asked.now.astimezone(ZoneInfo(asked.timezone)).date()
    mornings = (instant_at(today + timedelta(days=day), MORNING, ZoneInfo(asked.timezone)) for day in (0, 1, 2))
    return next(at for at in mornings if at > asked.now)


def _stale(asked: Asked) -> Answer:
    return Answer(text=asked.say("This question is older than 15 minutes: /silence", "Вопросу больше 15 минут: /silence"), result="too late")
