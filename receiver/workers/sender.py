"""The outbox becomes messages: claim, render, begin, send, record. Any number of replicas may run this.

Guarantees: a page is sent at least once; a new message has at most `MOST_COPIES` copies and every repeat is marked; edits repeat
freely. What the wire proved is judged by `core.delivery`; nothing here decides who hears of an incident.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from receiver.channels.base import NOT_MODIFIED, Channel, Message, Outcome
from receiver.channels.forms import Form, form_of
from receiver.channels.keyboard import keyboard
from receiver.channels.render import ServiceView, Templates
from receiver.channels.view import views
from receiver.clock import Clock
from receiver.core.alert import Severity
from receiver.core.delivery import MOST_COPIES, Attempt, Evidence, Judgement, Verdict, judge, pointless
from receiver.core.errors import ReceiverError, StoreUnavailableError, UnknownIncidentError
from receiver.core.event import Delivered, DeliveryTrouble
from receiver.core.history import TimelineEntry
from receiver.core.incident import Destination, Incident, State
from receiver.core.plan import Kind, Priority
from receiver.core.reach import has_failed, is_awaited
from receiver.core.sound import QUIET_HOURS, hush, quiet_note, window_of
from receiver.engine import Engine, Nudge, Rules
from receiver.rhythm import wait_for_nudge
from receiver.store.incidents import Incidents
from receiver.store.outbox import Outbox, Pace, Slot, pace_of
from receiver.telemetry import metrics, traces
from receiver.telemetry.logs import get_logger
from receiver.workers.reach import Reach

POLL = 0.25
IN_FLIGHT = 4
MOST_LOST = 3
CHANNEL_DOWN = "the channel is down"
TRIED_BY_ANOTHER = {True: 5.0, False: 30.0}  # seconds until a page, or anything else, looks whether its channel is back
REPEAT = {"ru": "⚠ Возможен повтор", "en": "⚠ Possible repeat"}
log = get_logger(__name__)


class Sender:
    """Runs until cancelled; `stop` lets what is in flight finish and claims nothing more."""

    def __init__(
        self,
        outbox: Outbox,
        incidents: Incidents,
        engine: Engine,
        channels: Mapping[str, Channel],
        templates: Templates,
        rules: Rules,
        clock: Clock,
        nudge: Nudge,
        reach: Reach,
        *,
        key: bytes,
        language: str,
        timezone: str,
        paces: Mapping[str, Pace],
    ) -> None:
        self._outbox, self._incidents, self._engine, self._channels = outbox, incidents, engine, channels
        self._templates, self._rules, self._clock, self._nudge, self._key = templates, rules, clock, nudge, key
        self._language, self._timezone, self._paces, self._reach = language, timezone, paces, reach
        self._viewed, self._views = rules.current, views(rules.current)
        self._paused: dict[str, float] = {}
        self.in_flight = 0
        self._is_stopping = False

    def stop(self) -> None:
        """Claim nothing more."""
        self._is_stopping = True
        self._nudge.sends.set()

    async def run(self) -> None:
        """Loop until stopped; at most IN_FLIGHT messages are under way, which bounds duplicates per crash."""
        async with asyncio.TaskGroup() as group:
            while not self._is_stopping:
                free = IN_FLIGHT - self.in_flight
                slots = await self._claim(free) if free else []
                self.in_flight += len(slots)
                for together in by_place(slots):
                    group.create_task(self._deliver_all(together))
                if not slots:
                    await wait_for_nudge(self._nudge.sends, POLL)

    async def _claim(self, limit: int) -> list[Slot]:
        try:
            return await self._outbox.claim(self._clock.now(), limit)
        except StoreUnavailableError as fault:
            log.warning("store unavailable, sender waits", error=str(fault))
            await asyncio.sleep(1)
            return []

    async def _deliver_all(self, slots: Sequence[Slot]) -> None:
        """One place's messages one after the other: what is a reply comes after what it replies to."""
        for slot in slots:
            await self._deliver(slot)

    async def _deliver(self, slot: Slot) -> None:
        try:
            await (self._attempt(slot) if slot.lost < MOST_LOST else self._give_up(slot))
        except ReceiverError as fault:
            # Not begun, or recorded by nobody: the lease runs out and the slot comes again.
            log.warning("delivery put off", notification=slot.id, error=str(fault))
            await self._outlive(slot)
        finally:
            self.in_flight -= 1
            self._nudge.sends.set()

    async def _outlive(self, slot: Slot) -> None:
        """This worker lives: what it put off must not count as a message that takes its worker with it."""
        for pause in (0.0, 1.0, 4.0):
            await asyncio.sleep(pause)
            with contextlib.suppress(StoreUnavailableError):
                await self._outbox.outlive(slot)
                return

    async def _give_up(self, slot: Slot) -> None:
        """This one took its worker with it every time: it is not looked at again, and a plain notice of our own pages instead.

        One alert for all of a destination's: should its own message be as bad, nothing new comes of that.
        """
        english = f"A message to {slot.destination.name} could not be made, {slot.lost} workers stopped at it: {slot.incident_id}"
        russian = f"Сообщение для {slot.destination.name} не удалось подготовить, на нём остановились {slot.lost} процесса: {slot.incident_id}"
        annotations = {
            "summary": english,
            "summary_ru": russian,
            "description": "To see it: receiver deadletters list",
            "description_ru": "Посмотреть: receiver deadletters list",
        }
        await self._engine.tell("MessageNotMade", {"destination": slot.destination.name}, annotations, Severity.CRITICAL)
        await self._outbox.done(slot, Verdict.DEAD, self._clock.now(), reason=f"poison: {slot.lost} workers stopped at it")

    async def _attempt(self, slot: Slot) -> None:
        try:
            incident = await self._incidents.load(slot.incident_id)
        except UnknownIncidentError:
            await self._outbox.done(slot, Verdict.SKIPPED, self._clock.now(), reason="incident is gone")
            return
        reply_to = "" if slot.kind is Kind.INCIDENT else await self._outbox.main_ref(incident.id, slot.destination.name)
        was_out = incident.resolved_at is not None and self._reach.outages.was_out(slot.destination.channel, incident.resolved_at)
        skip = "" if slot.ref else pointless(slot.kind, incident, slot.destination, has_living=bool(reply_to), was_out=was_out)
        if skip and not slot.unknowns:
            await self._outbox.done(slot, Verdict.SKIPPED, self._clock.now(), version=incident.version, reason=skip)
            return
        channel = self._channels.get(slot.destination.channel)
        if channel is None or (slot.unknowns >= MOST_COPIES and not channel.is_idempotent):
            why = "too many attempts with unknown outcome" if channel else f"no channel {slot.destination.channel!r} in this installation"
            await self._record(slot, incident, Outcome(evidence=Evidence.DEAD, reason=why), is_edit=False)
        elif not await self._is_put_off(slot, incident):
            try:
                await self._send(slot, incident, channel, reply_to, is_pointless=bool(skip))
            finally:
                self._reach.put_down(slot.id, slot.destination.channel)

    async def _send(self, slot: Slot, incident: Incident, channel: Channel, reply_to: str, *, is_pointless: bool) -> None:
        destination = readdress(slot.destination, await self._outbox.addresses_moved())
        chat = destination.spot
        pace = self._paces.get(destination.channel)
        if pace:
            page = slot.priority is Priority.PAGE
            wait = await self._outbox.throttle(chat, destination.channel, self._clock.now(), pace_of(pace, chat), is_page=page)
            if wait:
                await self._outbox.done(slot, Verdict.WAIT, self._clock.now(), after=wait, reason="rate limit")
                return
        facts = {"incident": incident.id, "notification": slot.id, "message": slot.kind.value, "channel": destination.channel, "destination": destination.name}
        with traces.span("deliver", kind=traces.Kind.CONSUMER, parent=slot.trace, **facts) as span:
            why = hush(incident, slot.kind, slot.priority, slot.destination, self._rules.current, self._clock.now())
            with traces.span("render"):
                message = self._message(slot, incident, destination, silent=bool(why), is_idempotent=channel.is_idempotent)
            if is_pointless:  # it may have got there: whoever has it sees how it went on, and is not rung again
                message = replace(message, silent=True)
            if not await self._outbox.begin(slot):
                span.drop()
                return
            outcome = await self._call(channel, slot, destination, message, reply_to)
            await self._reach.learn(slot.destination, outcome, is_edit=bool(slot.ref))
            await self._record(slot, incident, outcome, is_edit=bool(slot.ref), why_silent=why)
            if outcome.evidence is Evidence.OK:
                for copy in slot.copies:
                    await channel.edit(destination, copy, message)

    async def _call(self, channel: Channel, slot: Slot, destination: Destination, message: Message, reply_to: str) -> Outcome:
        """The one request that people see; the address stays out of the trace, for it may be a secret."""
        with traces.span(f"{destination.channel} {'edit' if slot.ref else 'send'}", kind=traces.Kind.CLIENT) as span:
            outcome = await channel.edit(destination, slot.ref, message) if slot.ref else await channel.send(destination, message, reply_to)
            span.note(evidence=outcome.evidence.value)
            if outcome.evidence is not Evidence.OK:
                span.fail(outcome.reason or outcome.evidence.value)
            return outcome

    async def _is_put_off(self, slot: Slot, incident: Incident) -> bool:
        """While its whole channel is down a slot is kept, and a page goes elsewhere too without asking the wire again. One at a time tries it."""
        pause = self._paused.get(slot.destination.channel, 0.0) - self._clock.monotonic()
        if pause <= 0 and self._reach.is_taken(slot.id, slot.destination.channel):
            pause = TRIED_BY_ANOTHER[slot.priority is Priority.PAGE]
        if pause <= 0:
            return False
        await self._outbox.done(slot, Verdict.WAIT, self._clock.now(), after=timedelta(seconds=pause), reason=CHANNEL_DOWN)
        if slot.priority is Priority.PAGE and not has_failed(incident, slot.destination.name):
            await self._engine.apply(incident.id, DeliveryTrouble(destination=slot.destination.name, why=CHANNEL_DOWN))
        return True

    def _message(self, slot: Slot, incident: Incident, destination: Destination, *, silent: bool, is_idempotent: bool) -> Message:
        language, form = destination.language or self._language, form_of(destination.channel)
        timezone = destination.timezone or self._timezone
        is_repeat = bool(slot.unknowns) and not slot.ref and not is_idempotent
        notes = [f"{REPEAT.get(language, REPEAT['en'])}: {incident.id}"] if is_repeat else []
        notes += [] if slot.ref else self._reach.notes(destination, language, timezone)
        return self._templates.current.render(
            slot.kind.value,
            incident,
            language=language,
            timezone=timezone,
            now=self._clock.now(),
            services=self._services(),
            buttons=keyboard(self._key, slot.kind, incident, destination, language) if form is Form.CHAT else (),
            args={} if slot.ref and slot.kind is Kind.INCIDENT else slot.args,
            person=destination.person,
            silent=silent,
            form=form,
            slot=slot.id,
            note="\n".join(notes),
        )

    def _services(self) -> Mapping[str, ServiceView]:
        """The catalogue of the rules in force, worked out once per rule book."""
        if self._viewed is not self._rules.current:
            self._viewed, self._views = self._rules.current, views(self._rules.current)
        return self._views

    async def _record(self, slot: Slot, incident: Incident, outcome: Outcome, *, is_edit: bool, why_silent: str = "") -> None:
        now = self._clock.now()
        age = timedelta(milliseconds=max(0, int(now.timestamp() * 1000) - slot.first_due_ms))
        page = slot.priority is Priority.PAGE
        channel = self._channels.get(slot.destination.channel)
        attempt = Attempt(
            evidence=outcome.evidence,
            is_edit=is_edit,
            is_page=page,
            is_idempotent=bool(channel and channel.is_idempotent),
            unknowns=slot.unknowns,
            attempts=slot.attempts,
            age=age,
            retry_after=outcome.retry_after,
            is_unanswered=incident.state is State.TRIGGERED,
        )
        judgement = judge(attempt)
        metrics.deliveries.labels(channel=slot.destination.channel, evidence=outcome.evidence.value).inc()
        if outcome.reason and outcome.reason != NOT_MODIFIED:
            log.warning(
                "delivery", notification=slot.id, kind=slot.kind.value, evidence=outcome.evidence.value, reason=outcome.reason, verdict=judgement.verdict.value
            )
        if page and not is_edit and outcome.evidence is Evidence.OK:
            metrics.pages.labels(to=slot.destination.person or slot.destination.name).inc()
        await self._aftermath(slot, outcome, judgement, now)
        await self._until_recorded(slot, incident, outcome, judgement, why_silent)
        if outcome.evidence is Evidence.OK and not is_edit and window_of(why_silent):
            entry = TimelineEntry(at=now, reason=QUIET_HOURS, text=quiet_note(slot.destination.name, why_silent, self._rules.current, now))
            await self._incidents.note(incident.id, entry)
        if outcome.evidence is Evidence.OK and not is_edit and is_awaited(incident, slot.destination.name):
            await self._engine.apply(slot.incident_id, Delivered(destination=slot.destination.name, ref=outcome.ref, at=now))
        if judgement.is_trouble:
            await self._engine.apply(slot.incident_id, DeliveryTrouble(destination=slot.destination.name, why=outcome.reason or outcome.evidence))

    async def _aftermath(self, slot: Slot, outcome: Outcome, judgement: Judgement, now: datetime) -> None:
        chat = str(slot.destination.address.get("chat", ""))
        if judgement.pauses_channel:
            self._paused[slot.destination.channel] = self._clock.monotonic() + judgement.after.total_seconds()
        try:
            if judgement.cools_chat:
                await self._outbox.cool(slot.destination.spot, now + judgement.after, now)
            if outcome.evidence is Evidence.MOVED:
                await self._outbox.moved(slot.destination.channel, chat, outcome.ref)
                await self._tell_moved(slot.destination, chat, outcome.ref)
        except StoreUnavailableError as fault:
            log.warning("store unavailable after a delivery", notification=slot.id, error=str(fault))

    async def _tell_moved(self, destination: Destination, old: str, new: str) -> None:
        """We follow a chat by ourselves, but the rules in git still name the old one."""
        english = f"Chat of {destination.name} has a new id: {new} instead of {old}"
        russian = f"У чата {destination.name} новый номер: {new} вместо {old}"
        annotations = {
            "summary": english,
            "summary_ru": russian,
            "description": f"Put the new id into destinations.yaml: {destination.name}",
            "description_ru": f"Впишите новый номер в destinations.yaml: {destination.name}",
        }
        await self._engine.tell("ChatMoved", {"destination": destination.name}, annotations, Severity.WARNING)

    async def _until_recorded(self, slot: Slot, incident: Incident, outcome: Outcome, judgement: Judgement, why_silent: str) -> None:
        """The outcome is known to this process alone: keep trying to write it down until the fence says it is stale."""
        ref = outcome.ref if outcome.evidence is Evidence.OK else "-" if judgement.forgets else ""
        for pause in (0.05, 0.1, 0.2, 0.5, 1.0, 1.0, 2.0, 2.0, 4.0, 4.0, 4.0):
            try:
                await self._outbox.done(
                    slot,
                    judgement.verdict,
                    self._clock.now(),
                    version=incident.version,
                    ref=ref,
                    after=judgement.after,
                    is_unknown=judgement.is_unknown,
                    reason=outcome.reason or outcome.evidence.value,
                    hush=why_silent,
                )
                return
            except StoreUnavailableError:
                await asyncio.sleep(pause)


def by_place(slots: Sequence[Slot]) -> list[list[Slot]]:
    """The slots of each incident at each place, its living message first when that is not there yet."""
    found: dict[tuple[str, str], list[Slot]] = {}
    for slot in slots:
        found.setdefault((slot.incident_id, slot.destination.name), []).append(slot)
    return [sorted(some, key=lambda one: one.kind is not Kind.INCIDENT or bool(one.ref)) for some in found.values()]


def readdress(destination: Destination, moved: Mapping[str, str]) -> Destination:
    """The destination with the id its chat has now."""
    new = moved.get(f"{destination.channel}:{destination.address.get('chat', '')}")
    if not new:
        return destination
    return replace(destination, address={**destination.address, "chat": int(new) if new.lstrip("-").isdigit() else new})
