"""A press becomes an event: signature, chat, person and role are checked now, the effect is the engine's, the answer is always given."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from receiver.channels.answers import answer_text, for_popup
from receiver.channels.keyboard import BACK
from receiver.channels.notice_buttons import ACTION
from receiver.channels.render import Templates
from receiver.channels.view_escalation import lease, paging
from receiver.channels.words import ago, clock
from receiver.chat.actions import Asked, find_action
from receiver.chat.menus import Menus, Rows
from receiver.chat.notices import NoticeChat
from receiver.clock import Clock
from receiver.core.callback import Pressed, read
from receiver.core.errors import ReceiverError, StoreUnavailableError, UnknownIncidentError
from receiver.core.history import TimelineEntry
from receiver.core.incident import Destination, Incident
from receiver.core.plan import Plan, Reason
from receiver.core.roles import Verb, is_allowed
from receiver.core.rulebook import Person
from receiver.core.sound import window_of
from receiver.engine import Engine, Rules
from receiver.store.audit import Audit, Deed
from receiver.store.incidents import Incidents
from receiver.store.intake import Intake, Update
from receiver.store.outbox import Outbox
from receiver.telemetry.logs import get_logger

NOTICED_REFUSAL = 3
log = get_logger(__name__)


class Answerer(Protocol):
    """Where a press came from; takes the answer the presser sees."""

    async def answer(self, callback_id: str, text: str, alert: bool = False) -> object:
        """Show the text; failing to is no failure of the press."""
        ...

    async def edit_buttons(self, chat: str, ref: str, rows: Rows) -> object:
        """Show these buttons under that message."""
        ...


@dataclass(frozen=True, slots=True)
class Press:
    """One callback query, whichever chat it came from."""

    callback_id: str
    chat: str
    chat_name: str
    message_id: str
    data: str
    user_id: str
    via: str


class Buttons:
    """The presses of incidents' buttons; `desk` brings them."""

    def __init__(
        self,
        intake: Intake,
        engine: Engine,
        incidents: Incidents,
        outbox: Outbox,
        rules: Rules,
        answerers: Mapping[str, Answerer],
        templates: Templates,
        clock: Clock,
        *,
        key: bytes,
        language: str,
        timezone: str,
        notices: NoticeChat,
        audit: Audit,
    ) -> None:
        self._intake, self._engine, self._incidents, self._outbox, self._rules = intake, engine, incidents, outbox, rules
        self._answerers, self._templates, self._clock, self._key, self._language = answerers, templates, clock, key, language
        self._timezone, self._notices, self._audit = timezone, notices, audit
        self._menus = Menus(answerers, lambda: rules.current, key=key)

    async def take(self, update: Update) -> None:
        """Apply, answer, finish. What a crash leaves is taken again. Raises StoreUnavailableError."""
        press = _press(update.body)
        if press:
            try:
                await self._answer(press, await self.pressed(press))
            except StoreUnavailableError:
                raise
            except ReceiverError as fault:
                log.warning("press failed, comes again", error=str(fault))
                return
        await self._intake.finish(update)

    async def pressed(self, press: Press) -> tuple[str, bool]:
        """Apply one press; the text for the presser and whether it is worth a pop-up."""
        person = self._person(press)
        language = (person.language if person else "") or self._language
        pressed = read(self._key, press.data, press.chat) or (read(self._key, press.data, press.chat_name) if press.chat_name else None)
        if pressed is not None and pressed.action == ACTION:
            return await self._notices.pressed(pressed.incident_id, person, press.message_id)
        action, _ = find_action(pressed.action) if pressed else (None, "")
        if pressed is None or action is None:
            log.warning("press refused", reason="forged", chat=press.chat, user=press.user_id)
            return answer_text("forged", language), True
        try:
            incident = await self._incidents.load(pressed.incident_id)
        except UnknownIncidentError:
            return answer_text("gone", language), True
        if person is None or not is_allowed(action.verb, person.roles):
            await self._refuse(press, pressed, action.verb)
            await self._note(press, pressed, person, action.verb, "refused")
            return answer_text("not_allowed", language), True
        for destination in incident.places:
            if str(destination.address.get("chat", "")) in (press.chat, press.chat_name):
                await self._outbox.adopt(incident.id, destination.name, press.message_id)
        return await self._do(press, pressed, incident, person, language)

    async def _do(self, press: Press, pressed: Pressed, incident: Incident, person: Person, language: str) -> tuple[str, bool]:
        action, choice = find_action(pressed.action)
        if action is None or action.is_menu:
            await self._show(pressed.action, incident, press, language)
            return "", False
        zone = person.timezone or self._timezone
        if action.event is None:
            return await self._why(incident, _place(incident, press), language, zone), True
        event = action.event(Asked(person=person, choice=choice, rules=self._rules.current, now=self._clock.now(), zone=zone))
        if event is None:
            return answer_text("not_possible", language), True
        plan = await self._engine.apply(incident.id, event)
        await self._note(press, pressed, person, action.verb, plan.reason.value)
        if choice:
            await self._show(BACK, plan.next, press, language)
        return self._say(plan, language, zone), plan.reason is Reason.NOT_POSSIBLE

    async def _note(self, press: Press, pressed: Pressed, person: Person | None, verb: Verb, result: str) -> None:
        actor = person.id if person else f"{press.via}:{press.user_id}"
        deed = Deed(at=self._clock.now(), actor=actor, via=press.via, verb=verb.value, target=pressed.incident_id, result=result)
        await self._audit.note(f"press:{press.callback_id}", deed)

    async def _show(self, name: str, incident: Incident, press: Press, language: str) -> None:
        place = _place(incident, press)
        shown_in = (place.language if place else "") or language
        await self._menus.show(name, incident, via=press.via, chat=press.chat, ref=press.message_id, language=shown_in)

    def _say(self, plan: Plan, language: str, zone: str) -> str:
        incident, now = plan.before, self._clock.now()
        match plan.reason:
            case Reason.ACKNOWLEDGED | Reason.SPLIT:
                said = ("split" if incident.is_storm else "apart") if plan.reason is Reason.SPLIT else "acked_all" if incident.is_storm else "acked"
                return answer_text(said, language, id=incident.id, count=str(len(incident.firing)))
            case Reason.ALREADY_ACKNOWLEDGED:
                since = ago(now - (incident.acknowledged_at or now), language)
                return answer_text("already_acked", language, by=incident.acknowledged_by, ago=since)
            case Reason.NOT_POSSIBLE:
                return answer_text("not_possible", language)
            case Reason.KEPT:
                return answer_text("kept", language, id=incident.id, lease=lease(plan.next, language))
            case Reason.SNOOZED:
                return answer_text("snoozed", language, id=incident.id, until=clock(plan.next.snoozed_until or now, zone, now, language))
            case Reason.RELEASED | Reason.ESCALATED_BY_HAND | Reason.ASSIGNED:
                return answer_text("paging", language, id=incident.id, who=paging(plan.next, language))
            case Reason.RESOLVED_BY_HAND:
                return answer_text("resolved", language, id=incident.id)
            case Reason.ALREADY_RESOLVED if incident.resolved_by:
                return answer_text("already_resolved", language, by=incident.resolved_by)
            case _:
                return answer_text("closed", language)

    async def _why(self, incident: Incident, place: Destination | None, language: str, timezone: str) -> str:
        hush, now = await self._outbox.hush(incident.id, place.name) if place else "", self._clock.now()
        message = self._templates.current.render(
            "why", incident, language=language, timezone=timezone, now=now, services={}, args={"quiet_hours": window_of(hush)}
        )
        return for_popup(message.plain)

    def _person(self, press: Press) -> Person | None:
        book = self._rules.current
        if press.via == "browser":
            return book.people.get(press.user_id)
        return book.person_by_telegram(int(press.user_id))

    async def _refuse(self, press: Press, pressed: Pressed, verb: Verb) -> None:
        log.warning("press refused", reason="not allowed", verb=verb.value, user=press.user_id, incident=pressed.incident_id)
        entry = TimelineEntry(at=self._clock.now(), reason="press_refused", by=f"{press.via}:{press.user_id}", text=verb.value)
        await self._incidents.note(pressed.incident_id, entry)
        if await self._intake.count_refusal(f"{press.via}:{press.user_id}") == NOTICED_REFUSAL:
            await self._notice(press)

    async def _notice(self, press: Press) -> None:
        """Once an hour a person: either somebody is missing in people.yaml, or somebody tries doors."""
        english = f"{press.via} account {press.user_id} pressed buttons it may not press, three times within an hour"
        russian = f"Аккаунт {press.via} {press.user_id} трижды за час нажал кнопки, на которые у него нет права"
        annotations = {
            "summary": english,
            "summary_ru": russian,
            "description": "Who it is and what they may do: people.yaml",
            "description_ru": "Чей это аккаунт и что ему можно: people.yaml",
        }
        await self._engine.tell("RefusedPresses", {"account": press.user_id}, annotations)

    async def _answer(self, press: Press, said: tuple[str, bool]) -> None:
        answerer = self._answerers.get(press.via)
        if answerer:
            await answerer.answer(press.callback_id, said[0], said[1])


def _place(incident: Incident, press: Press) -> Destination | None:
    """The place of the incident where this was pressed."""
    return next((one for one in incident.places if str(one.address.get("chat", "")) in (press.chat, press.chat_name)), None)


def _press(body: dict[str, Any]) -> Press | None:
    """None for updates that are no press, and for malformed ones: a modified client may send anything."""
    query = body.get("callback_query")
    if not isinstance(query, dict):
        return None
    try:
        message, chat = query["message"], query["message"]["chat"]
        return Press(
            callback_id=str(query["id"]),
            chat=str(chat["id"]),
            chat_name=f"@{chat['username']}" if chat.get("username") else "",
            message_id=str(message["message_id"]),
            data=str(query.get("data", "")),
            user_id=str(query["from"]["id"]),
            via=str(body.get("via", "telegram")),
        )
    except (KeyError, TypeError, AttributeError):
        return None
