"""Carries out one delivery of a notice: the card, a call, a word to customers, the head of a channel. Called by `workers.noticer`.

The intent is written before the socket, the outcome after it; what neither proves is judged by `core.notice_delivery`.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from receiver.channels.base import Channel, Evidence, Outcome
from receiver.channels.notice_buttons import Keys
from receiver.channels.notice_card import Desk, NoticeCards, mention
from receiver.channels.notice_target import NoticeTarget, Publication, Report
from receiver.clock import Clock
from receiver.core.errors import StoreUnavailableError
from receiver.core.incident import Destination
from receiver.core.notice import NoticeId
from receiver.core.notice_delivery import CARD, first_post
from receiver.core.notice_event import Begun, Delivered, Drifted
from receiver.core.notice_plan import NoticeReason
from receiver.core.notice_public import project
from receiver.core.notice_record import Delivery, Form, Notice, Passage
from receiver.core.rulebook import Person, RuleBook
from receiver.engine import Rules
from receiver.notice_engine import NoticeEngine
from receiver.store.outward import Outward, Sent
from receiver.telemetry import metrics
from receiver.telemetry.logs import get_logger

_CALLS_LEAD = frozenset({"undecided_lead", "late"})
_CALLS_OWNER = frozenset({"due"})
log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Means:
    """What deliveries go out by. `targets` by the kind of channel; `outward` keeps what was said as it was said."""

    channels: Mapping[str, Channel]
    targets: Mapping[str, NoticeTarget]
    cards: NoticeCards
    outward: Outward
    key: bytes
    language: str
    timezone: str


class Publisher:
    """One delivery at a time."""

    def __init__(self, engine: NoticeEngine, rules: Rules, means: Means, clock: Clock) -> None:
        self._engine, self._rules, self._means, self._clock = engine, rules, means, clock

    async def perform(self, notice_id: NoticeId, key: str) -> None:
        """Begin, send, record; nothing when somebody else has begun it."""
        plan = await self._engine.apply(notice_id, Begun(delivery=key))
        if plan.reason is not NoticeReason.BEGUN:
            return
        delivery = plan.next.deliveries[key]
        report = await self._attempt(plan.next, delivery)
        outcome = report.outcome
        await self._keep(notice_id, delivery, report)
        metrics.deliveries.labels(channel=f"notice:{delivery.target}", evidence=outcome.evidence.value).inc()
        if outcome.evidence is not Evidence.OK:
            log.warning("notice delivery", notice=notice_id, delivery=key, evidence=outcome.evidence.value, reason=outcome.reason)
        await self._record(
            notice_id,
            Delivered(
                delivery=key, evidence=outcome.evidence, did=delivery.want, ref=outcome.ref, reason=outcome.reason, retry_after=outcome.retry_after,
                total=report.total, sent=report.sent, failed=report.failed,
            ),
        )  # fmt: skip

    async def _keep(self, notice_id: NoticeId, delivery: Delivery, report: Report) -> None:
        """What exactly was sent; a store that is away does not undo that it was."""
        if not report.said:
            return
        sent = Sent(
            at=self._clock.now(), target=delivery.target, update=delivery.update, form=delivery.form.value, evidence=report.outcome.evidence.value,
            said=report.said, recipients=report.total,
        )  # fmt: skip
        try:
            await self._means.outward.note(notice_id, sent)
        except StoreUnavailableError as fault:
            log.warning("what was sent is not kept", notice=notice_id, target=delivery.target, error=str(fault))

    async def _attempt(self, notice: Notice, delivery: Delivery) -> Report:
        match delivery.form:
            case Form.CARD:
                return Report(outcome=await self._card(notice, delivery))
            case Form.CALL:
                return Report(outcome=await self._call(notice, delivery))
            case Form.POST | Form.HEAD:
                return await self._publish(notice, delivery)

    async def _card(self, notice: Notice, delivery: Delivery) -> Outcome:
        destination, channel = self._support()
        if destination is None or channel is None:
            return Outcome(evidence=Evidence.OK)  # no support chat: the API and the CLI are the desk
        message = self._means.cards.card(notice, await self._engine.world(notice), self.desk(destination))
        if delivery.ref:
            return await channel.edit(destination, delivery.ref, message)
        return await channel.send(destination, message)

    async def _call(self, notice: Notice, delivery: Delivery) -> Outcome:
        destination, channel = self._support()
        if destination is None or channel is None:
            return Outcome(evidence=Evidence.OK)
        card = notice.deliveries.get(CARD)
        world = await self._engine.world(notice)
        message = self._means.cards.call(notice, delivery, world, self.desk(destination), self._mention(notice, delivery))
        return await channel.send(destination, message, card.ref if card else "")

    async def _publish(self, notice: Notice, delivery: Delivery) -> Report:
        publication = self._publication(notice, delivery)
        target = self._means.targets.get(publication.channel.kind) if publication else None
        if publication is None or target is None:
            return Report(outcome=Outcome(evidence=Evidence.DEAD, reason="no such channel in this installation"))
        return await (target.head(publication) if delivery.form is Form.HEAD else target.post(publication))

    def _publication(self, notice: Notice, delivery: Delivery) -> Publication | None:
        """What a target is given: nothing but what is public."""
        rules, public = self._engine.rules, project(notice)
        channel, update = rules.channels.get(delivery.target), notice.update(delivery.update)
        if public is None or channel is None or update is None:
            return None
        first = first_post(notice, delivery.target)
        return Publication(
            notice=public,
            update=update,
            channel=channel,
            page=rules.page,
            components=rules.components,
            key=_key(notice, delivery),
            ref=delivery.ref,
            is_retry=delivery.attempts > 0,
            reply_to=first.ref if first and first.update != delivery.update else "",
        )

    async def compare(self, notice: Notice) -> None:
        """Ask every far end that can be read back whether it shows what we said last; what it shows instead goes onto the card."""
        newest = notice.updates[-1].id if notice.updates else ""
        for delivery in notice.deliveries.values():
            publication = self._publication(notice, delivery) if delivery.update == newest and delivery.state is Passage.SENT else None
            target = self._means.targets.get(publication.channel.kind) if publication else None
            if publication is None or target is None or delivery.form is not Form.POST:
                continue
            shown = await target.drift(publication)
            if shown is not None and shown != notice.drift.get(delivery.target, ""):
                await self._engine.apply(notice.id, Drifted(target=delivery.target, what=shown))

    def desk(self, destination: Destination) -> Desk:
        """For whom cards are made."""
        language = destination.language or self._means.language
        return Desk(
            language=language,
            timezone=destination.timezone or self._means.timezone,
            people={person.id: person.name for person in self._rules.current.people.values()},
            keys=Keys(key=self._means.key, chat=str(destination.address.get("chat", "")), language=language),
        )

    def _support(self) -> tuple[Destination | None, Channel | None]:
        destination = self._rules.current.destinations.get(self._engine.rules.card)
        return destination, self._means.channels.get(destination.channel) if destination else None

    def _mention(self, notice: Notice, call: Delivery) -> str:
        about, book = call.args["about"], self._rules.current
        people = [book.people[notice.owner]] if about in _CALLS_OWNER and notice.owner in book.people else []
        if about in _CALLS_LEAD:
            people = list(leads(book, self._engine.rules.lead, self._clock.now()))
        return ", ".join(mention(person.telegram, person.name) for person in people)

    async def _record(self, notice_id: NoticeId, event: Delivered) -> None:
        """The outcome is known to this process alone: keep trying to write it down."""
        for pause in (0.05, 0.1, 0.2, 0.5, 1.0, 1.0, 2.0, 2.0, 4.0):
            try:
                await self._engine.apply(notice_id, event)
                return
            except StoreUnavailableError:
                await asyncio.sleep(pause)


def leads(book: RuleBook, name: str, now: datetime) -> tuple[Person, ...]:
    """Whom to call when nobody decides: a person, or whoever a schedule has on call."""
    if name in book.people:
        return (book.people[name],)
    return book.on_call(name, now)


def _key(notice: Notice, delivery: Delivery) -> str:
    """The same for every attempt at the same content, another one after a correction."""
    update = notice.update(delivery.update)
    content = f"{notice.id}\n{delivery.update}\n{delivery.target}\n{delivery.form.value}\n{update}"
    return hashlib.sha256(content.encode()).hexdigest()[:32]


__all__ = ["Means", "Publisher", "leads"]
