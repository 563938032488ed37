"""Makes and sends the pictures of incidents: their own lane of the outbox, one at a time, so that no text ever waits for one. Run by `app`.

The picture is a silent reply to the living message, replaced in place. Nothing depends on it: where Prometheus has nothing to show, where
nothing can be drawn or sent, the slot says why and everything else is as it was.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from receiver.channels.base import Channel, Message, Outcome
from receiver.channels.picture import Graph, Line, by_badness, readable
from receiver.channels.render import Templates
from receiver.channels.view import views
from receiver.channels.visible import visible
from receiver.clients.prometheus import Prometheus, PrometheusUnavailableError
from receiver.clock import Clock
from receiver.core.alert import Alert, precedence
from receiver.core.delivery import Attempt, Evidence, Verdict, judge_picture
from receiver.core.errors import ReceiverError, StoreUnavailableError, UnknownIncidentError
from receiver.core.incident import Destination, Incident
from receiver.engine import Nudge, Rules
from receiver.rhythm import wait_for_nudge
from receiver.store.incidents import Incidents
from receiver.store.outbox import PICTURES, Outbox, Pace, Slot, pace_of
from receiver.telemetry import metrics, traces
from receiver.telemetry.logs import get_logger
from receiver.workers.easel import DrawingError, Easel
from receiver.workers.measure import Measured, measure
from receiver.workers.sender import MOST_LOST, readdress

POLL = 1.0
ASK_LIMIT = 6.0
BEFORE, LEAST, MOST = timedelta(hours=1), timedelta(minutes=75), timedelta(hours=24)
AFTER = timedelta(minutes=10)
AGAIN, PATIENCE = timedelta(seconds=2), timedelta(minutes=30)  # for the living message; later the next picture that is due waits for it anew
ALERTS = 3
KEPT = 16
TELLING = ("instance", "pod", "queue", "device", "route", "http_route", "datname")
log = get_logger(__name__)


class NothingToShowError(ReceiverError):
    """There is no picture; the text says why."""


class Painter:
    """Runs until cancelled, and ends the process that draws with itself."""

    def __init__(
        self,
        outbox: Outbox,
        incidents: Incidents,
        channels: Mapping[str, Channel],
        templates: Templates,
        rules: Rules,
        clock: Clock,
        nudge: Nudge,
        prometheus: Prometheus,
        easel: Easel,
        *,
        language: str,
        timezone: str,
        paces: Mapping[str, Pace],
    ) -> None:
        self._outbox, self._incidents, self._channels, self._templates, self._rules = outbox, incidents, channels, templates, rules
        self._clock, self._nudge, self._prometheus, self._easel = clock, nudge, prometheus, easel
        self._language, self._timezone, self._paces = language, timezone, paces
        self._kept: OrderedDict[tuple[str, datetime | None, str, str], bytes | NothingToShowError] = OrderedDict()

    async def run(self) -> None:
        """Loop until cancelled."""
        try:
            while True:
                try:
                    slots = await self._outbox.claim(self._clock.now(), 1, PICTURES)
                    for slot in slots:
                        await self._deliver(slot)
                except ReceiverError as fault:
                    # Not begun, or recorded by nobody: the lease runs out and the slot comes again.
                    log.warning("picture put off", fault=str(fault))
                    slots = []
                if not slots:
                    await wait_for_nudge(self._nudge.pictures, POLL)
        finally:
            await self._easel.close()

    async def _deliver(self, slot: Slot) -> None:
        try:
            incident = await self._incidents.load(slot.incident_id)
        except UnknownIncidentError:
            await self._skip(slot, "incident is gone")
            return
        channel, (reply_to, is_coming) = self._channels.get(slot.destination.channel), await self._outbox.living(incident.id, slot.destination.name)
        if channel is None or slot.lost >= MOST_LOST:
            await self._skip(slot, f"{slot.lost} workers stopped at it" if channel else "no such channel", incident)
        elif not incident.is_open and not slot.ref:
            await self._skip(slot, "over by now", incident)
        elif not reply_to and is_coming and self._clock.now().timestamp() * 1000 - slot.first_due_ms < PATIENCE / timedelta(milliseconds=1):
            await self._outbox.done(slot, Verdict.WAIT, self._clock.now(), after=AGAIN, reason="its message is still on its way")
        elif not reply_to:
            await self._skip(slot, "no message to reply to", incident)
        else:
            try:
                message = await self._message(incident, slot)
            except NothingToShowError as fault:
                await self._skip(slot, str(fault), incident)
                return
            await self._send(slot, incident, channel, message, reply_to)

    async def _send(self, slot: Slot, incident: Incident, channel: Channel, message: Message, reply_to: str) -> None:
        destination = readdress(slot.destination, await self._outbox.addresses_moved())
        pace, chat = self._paces.get(destination.channel), destination.spot
        if pace:
            wait = await self._outbox.throttle(chat, destination.channel, self._clock.now(), pace_of(pace, chat), is_page=False, is_picture=True)
            if wait:
                await self._outbox.done(slot, Verdict.WAIT, self._clock.now(), after=wait, reason="rate limit")
                return
        if await self._outbox.begin(slot):
            facts = {"incident": incident.id, "notification": slot.id, "message": slot.kind.value, "destination": destination.name}
            with traces.span(f"{destination.channel} {'edit' if slot.ref else 'send'}", kind=traces.Kind.CLIENT, parent=slot.trace, **facts) as span:
                outcome = await (channel.edit(destination, slot.ref, message) if slot.ref else channel.send(destination, message, reply_to))
                span.note(evidence=outcome.evidence.value)
            await self._record(slot, incident, outcome)

    async def _record(self, slot: Slot, incident: Incident, outcome: Outcome) -> None:
        now, is_edit = self._clock.now(), bool(slot.ref)
        attempt = Attempt(evidence=outcome.evidence, is_edit=is_edit, is_page=False, unknowns=slot.unknowns, attempts=slot.attempts, age=timedelta(0))
        attempt = replace(attempt, retry_after=outcome.retry_after)
        judgement = judge_picture(attempt)
        metrics.deliveries.labels(channel=slot.destination.channel, evidence=outcome.evidence.value).inc()
        if outcome.evidence is not Evidence.OK:
            log.warning("picture", notification=slot.id, evidence=outcome.evidence.value, reason=outcome.reason, verdict=judgement.verdict.value)
        if judgement.cools_chat:
            await self._outbox.cool(slot.destination.spot, now + judgement.after, now)
        if outcome.evidence is Evidence.MOVED:
            await self._outbox.moved(slot.destination.channel, str(slot.destination.address.get("chat", "")), outcome.ref)
        ref = outcome.ref if outcome.evidence is Evidence.OK else ""
        reason = outcome.reason or outcome.evidence.value
        for pause in (0.1, 0.5, 2.0):
            try:
                await self._outbox.done(
                    slot, judgement.verdict, now, version=incident.version, ref=ref, after=judgement.after, is_unknown=judgement.is_unknown, reason=reason
                )
                return
            except StoreUnavailableError:
                await asyncio.sleep(pause)

    async def _skip(self, slot: Slot, reason: str, incident: Incident | None = None) -> None:
        log.info("no picture", notification=slot.id, reason=reason)
        await self._outbox.done(slot, Verdict.SKIPPED, self._clock.now(), version=incident.version if incident else 0, reason=reason)

    async def _message(self, incident: Incident, slot: Slot) -> Message:
        """The caption with its picture, drawn once for all places of one language and zone; raises NothingToShowError."""
        place = slot.destination
        language, zone = place.language or self._language, place.timezone or self._timezone
        message = self._caption(incident, place, language, zone, slot)
        key = (incident.id, incident.pictured_at, language, zone)
        if key not in self._kept:
            try:
                self._kept[key] = await self._paint(incident, message.title, language, zone)
            except NothingToShowError as fault:
                self._kept[key] = fault
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        found = self._kept[key]
        if isinstance(found, NothingToShowError):
            raise found
        return replace(message, picture=found)

    def _caption(self, incident: Incident, place: Destination, language: str, zone: str, slot: Slot) -> Message:
        services = views(self._rules.current)
        return self._templates.current.render(
            slot.kind.value,
            incident,
            language=language,
            timezone=zone,
            now=self._clock.now(),
            services=services,
            silent=True,
            slot=slot.id,
            person=place.person,
        )

    async def _paint(self, incident: Incident, title: str, language: str, zone: str) -> bytes:
        end = min(self._clock.now(), (incident.resolved_at or self._clock.now()) + AFTER)
        start = max(min(incident.opened_at - BEFORE, end - LEAST), end - MOST)
        try:
            async with asyncio.timeout(ASK_LIMIT):
                measured = await self._measure(incident, start, end)
        except (PrometheusUnavailableError, TimeoutError) as fault:
            raise NothingToShowError(f"Prometheus: {fault or 'no answer in time'}") from None
        graph = graph_of(incident, measured, title, end, language, zone)
        try:
            return await self._easel.draw(graph)
        except DrawingError as fault:
            raise NothingToShowError(str(fault)) from None

    async def _measure(self, incident: Incident, start: datetime, end: datetime) -> Measured:
        """The worst alert's own expression; where that has no values, the next one's."""
        for alert in leads(incident)[:ALERTS]:
            measured = await measure(self._prometheus, alert, start, end)
            if measured:
                return measured
        raise NothingToShowError("Prometheus has no values of its alerts")


def graph_of(incident: Incident, measured: Measured, title: str, now: datetime, language: str, zone: str) -> Graph:
    """What is drawn of an incident at `now` (UTC); raises NothingToShowError when no value is a number."""
    lines = by_badness([Line(name=_name(one.labels), samples=tuple(one.samples)) for one in measured.series], is_floor=measured.is_floor)
    if not lines:
        raise NothingToShowError("Prometheus has no numbers of its alerts")
    return readable(
        Graph(
            title=title, lines=lines, since=incident.opened_at, now=now, zone=zone, language=language, threshold=measured.threshold, is_floor=measured.is_floor,
            unit=measured.unit, ended=incident.resolved_at,
        )
    )  # fmt: skip


def leads(incident: Incident) -> list[Alert]:
    """One of each name, in the order the incident is named by: the worst that fires, or the worst there was."""
    past = sorted(incident.alerts.values(), key=precedence)
    found: dict[str, Alert] = {}
    for alert in (*incident.firing, *past):
        found.setdefault(alert.name, alert)
    return list(found.values())


def _name(labels: Mapping[str, str]) -> str:
    """What tells a series from its neighbours."""
    said = next((labels[name] for name in TELLING if labels.get(name)), "") or ", ".join(f"{k}={v}" for k, v in sorted(labels.items()))
    return visible(said, 28)
