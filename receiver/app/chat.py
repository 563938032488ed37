"""Builds the chat: commands, presses and their answers. Called by `app.build`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from receiver.channels.base import Channel
from receiver.channels.render import Templates
from receiver.chat.account import Account
from receiver.chat.announcer import Announcer
from receiver.chat.buttons import Buttons
from receiver.chat.commands import Commands, Parts
from receiver.chat.condition import Condition
from receiver.chat.desk import Desk, Means
from receiver.chat.notice_command import NoticeCommand
from receiver.chat.notices import NoticeChat
from receiver.chat.outage import OutageTeller
from receiver.chat.planned import Planned
from receiver.chat.post import Post
from receiver.chat.reader import Readers
from receiver.chat.refusal import Refusals
from receiver.chat.silence import Silencing
from receiver.chat.silencer import Silencer
from receiver.chat.subscribing import Subscribing
from receiver.chat.swap import Swaps
from receiver.clients.silences import Alertmanagers
from receiver.clock import Clock
from receiver.core.notice_plan import NoticePlan
from receiver.engine import Engine, Rules
from receiver.notice_engine import Audit as NoticeAudit
from receiver.notice_engine import NoticeEngine
from receiver.settings import Settings
from receiver.store.amendments import AmendmentStore
from receiver.store.announced import Announced
from receiver.store.audit import Audit, Deed
from receiver.store.connection import Client
from receiver.store.drafts import Drafts
from receiver.store.history import History
from receiver.store.incidents import Incidents
from receiver.store.intake import Intake
from receiver.store.links import Links
from receiver.store.notice_desk import NoticeDesk
from receiver.store.once import Once
from receiver.store.outbox import Outbox, Pace
from receiver.store.promise import Promise
from receiver.store.quarantine import Quarantine
from receiver.store.replicas import Replicas
from receiver.store.silences import Silences
from receiver.trial.examples import Page
from receiver.workers.amender import Amender
from receiver.workers.reach import Reach
from receiver.workers.storewatch import Readiness


@dataclass(slots=True, kw_only=True)
class Chat:
    """What runs and what other parts ask."""

    desk: Desk
    commands: Commands
    amender: Amender
    announcer: Announcer
    outages: OutageTeller
    silencer: Silencer
    items: AmendmentStore
    audit: Audit
    links: Links

    @property
    def workers(self) -> tuple[Desk | Amender | Announcer | OutageTeller | Silencer, ...]:
        """What runs until it is cancelled."""
        return self.desk, self.amender, self.announcer, self.outages, self.silencer


def build_chat(
    settings: Settings, client: Client, clock: Clock, promise: Promise, engine: Engine, rules: Rules, templates: Templates, incidents: Incidents,
    outbox: Outbox, quarantine: Quarantine, intake: Intake, buttons: Buttons, ready: Readiness, channels: Mapping[str, Channel],
    answerers: Mapping[str, Any], paces: Mapping[str, Pace], key: bytes, notices: NoticeChat, notice_engine: NoticeEngine, notice_desk: NoticeDesk,
    customers: Subscribing | None, reach: Reach,
) -> Chat:  # fmt: skip
    """The desk and all that it needs."""
    links, audit = Links(client), Audit(client, promise)
    items, drafts = AmendmentStore(client, promise), Drafts(client)
    amender = Amender(rules, links, items, clock)
    account = Account(links, amender.look)
    condition = Condition(incidents, outbox, quarantine, Replicas(client), ready.now, reach.outages)
    page = Page(templates=templates, language=settings.language, timezone=settings.timezone)
    notice_engine.senses = replace(notice_engine.senses, audit=audited(audit))
    peers, silences = Alertmanagers(settings.peers), Silences(client)
    silencing = Silencing(peers, silences, drafts, incidents)
    parts = Parts(
        condition=condition,
        account=account,
        planned=Planned(items, drafts, engine, incidents, amender.look),
        swaps=Swaps(items, drafts, amender.look),
        silencing=silencing,
        notices=NoticeCommand(notice_engine, notice_desk),
    )
    commands = Commands(engine, incidents, page, parts)
    post = Post(channels, Once(client), outbox, paces, clock)
    silencer = Silencer(peers, silences, incidents, post, clock)
    announcer = Announcer(rules, Announced(client), engine, post, clock, language=settings.language, timezone=settings.timezone)
    missed = History(client, incidents.partitions, incidents).missed
    teller = OutageTeller(reach.outages, rules, post, clock, reach.asks, reach.learn_channel, missed, language=settings.language, timezone=settings.timezone)
    means = Means(post, answerers, key, Refusals(intake, engine), audit, customers)
    readers = Readers(rules, clock, language=settings.language, timezone=settings.timezone)
    desk = Desk(intake, buttons, commands, account, readers, means, clock, notices)
    return Chat(desk=desk, commands=commands, amender=amender, announcer=announcer, outages=teller, silencer=silencer, items=items, audit=audit, links=links)


def audited(audit: Audit) -> NoticeAudit:
    """Every decision about a notice is kept, by whom and about which revision."""

    async def note(plan: NoticePlan, at: datetime) -> None:
        by = plan.by or "rules"
        via = by.partition(":")[0] if ":" in by else "rules" if by == "rules" else "chat"
        deed = Deed(at=at, actor=by, via=via, verb=f"notice {plan.reason.value}", target=plan.next.id, result=plan.text[:200])
        await audit.note(f"notice:{plan.next.id}:{plan.next.version}:{plan.reason.value}", deed)

    return note
