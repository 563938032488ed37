"""Builds everything without starting anything. Called by `app.run`; the one place where parts meet."""

import os
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from receiver.app.channels import Parts, build_channels, paces_of, who_answers
from receiver.app.chat import Chat, build_chat
from receiver.app.customers import Customers, build_customers
from receiver.app.derived import local_api_token, signing_key
from receiver.app.engine import build_engine
from receiver.app.notices import NoticeParts, build_notices
from receiver.app.reach import build_reach
from receiver.app.watches import Watches, build_watches
from receiver.channels.base import Channel
from receiver.channels.render import Renderer, Templates
from receiver.chat.buttons import Buttons
from receiver.clients.calendar import KeptCalendars
from receiver.clients.prometheus import Prometheus
from receiver.clock import Clock, SystemClock
from receiver.engine import Engine, Nudge, Rules
from receiver.rules.git import Mirror, Remote
from receiver.rules.load import Reading
from receiver.rules.origin import Directory, Origin, Place, RulesRefusedError
from receiver.settings import Settings
from receiver.store.audit import Audit
from receiver.store.browserchat import BrowserChat
from receiver.store.connection import Client, connect, partitions_for
from receiver.store.incidents import Incidents
from receiver.store.intake import Intake
from receiver.store.keys import Partitions
from receiver.store.outbox import Outbox
from receiver.store.promise import Promise
from receiver.store.quarantine import Quarantine
from receiver.store.recorder import Recorder
from receiver.store.replicas import Replicas
from receiver.store.threads import Threads
from receiver.store.upkeep import Upkeep
from receiver.trial.examples import Page, prove
from receiver.web.auth import LoginLink
from receiver.workers.auditor import Auditor
from receiver.workers.calendars import Calendars
from receiver.workers.reach import Reach
from receiver.workers.ruleskeeper import Loaded, Prove, RulesKeeper, load, nothing_to_prove
from receiver.workers.sender import Sender
from receiver.workers.standing import Standing
from receiver.workers.storewatch import Readiness
from receiver.workers.waker import Waker
from receiver.workers.works import Works


@dataclass(slots=True, kw_only=True)
class App:
    """Everything that runs, built once."""

    settings: Settings
    client: Client
    clock: Clock
    promise: Promise
    partitions: Partitions
    rules: Rules
    templates: Templates
    engine: Engine
    incidents: Incidents
    outbox: Outbox
    quarantine: Quarantine
    recorder: Recorder
    intake: Intake
    browser: BrowserChat
    channels: dict[str, Channel]
    sender: Sender
    buttons: Buttons
    notices: NoticeParts
    waker: Waker
    watches: Watches
    keeper: RulesKeeper
    login: LoginLink
    api_token: str
    key: bytes
    nudge: Nudge
    customers: Customers
    prometheus: Prometheus | None
    ready: Readiness
    chat: Chat
    reach: Reach


def origin_of(settings: Settings) -> Origin:
    """Where the rules come from by these settings."""
    if not settings.rules_git_url:
        return Directory(settings.rules_dir, settings.templates_dir)
    remote = Remote(
        url=settings.rules_git_url.get_secret_value(),
        ref=settings.rules_git_ref,
        path=settings.rules_git_path,
        allowed_signers=settings.rules_git_allowed_signers if settings.rules_git_verify == "signed" else None,
        allow_force=settings.rules_git_allow_force,
    )
    return Mirror(remote, settings.data_dir, settings.templates_dir)


def build(
    settings: Settings,
    store_url: str,
    clock: Clock | None = None,
    *,
    origin: Origin | None = None,
    loaded: Loaded | None = None,
    refused: RulesRefusedError | None = None,
    prove: Prove = nothing_to_prove,
    partitions: Partitions | None = None,
) -> App:
    """Build everything without starting anything; raises RulesRefusedError when no rules are given and those in RULES_DIR do not load."""
    clock = clock or SystemClock()
    client, at = connect(store_url), partitions or partitions_for(store_url)
    origin, loaded = origin or origin_of(settings), loaded or load(Place(rules=settings.rules_dir, templates=settings.templates_dir), prove)
    rules, templates, nudge = Rules(loaded.book, settings.peers), Templates(loaded.renderer), Nudge()
    promise, ready = Promise(), Readiness()
    incidents, outbox, replicas = Incidents(client, at, promise), Outbox(client, at), Replicas(client)
    engine = build_engine(client, clock, at, promise, incidents, rules, nudge)
    standing, browser = Standing(engine, replicas, clock), BrowserChat(client, clock)
    intake, key = Intake(client), signing_key(settings)
    channels = build_channels(Parts(settings=settings, board=browser, clock=clock, key=key, threads=Threads(client, at)))
    answerers, paces, reach = who_answers(channels), paces_of(channels), build_reach(client, clock, channels)
    sender = Sender(
        outbox, incidents, engine, channels, templates, rules, clock, nudge, reach,
        key=key, language=settings.language, timezone=settings.timezone, paces=paces,
    )  # fmt: skip
    keeper = RulesKeeper(
        rules, templates, origin, replicas, standing, clock,
        loaded=loaded, refused=refused, data_dir=settings.data_dir, prove=prove, every=settings.rules_git_interval, replica_id=_replica_id(),
    )  # fmt: skip
    watches = build_watches(settings, client, promise, at, engine, incidents, rules, clock, nudge, standing, channels, ready.now, lambda: keeper.faults)
    notices = build_notices(settings, client, clock, promise, rules, incidents, channels, nudge, templates, key=key, senses=watches.senses)
    customers = build_customers(settings, client, rules, clock, notices, outbox, channels, key)
    buttons = Buttons(
        intake, engine, incidents, outbox, rules, answerers, templates, clock,
        key=key, language=settings.language, timezone=settings.timezone, notices=notices.chat, audit=Audit(client, promise),
    )  # fmt: skip
    quarantine, recorder = Quarantine(client, at), Recorder(client, clock, keep=timedelta(days=settings.record_days), most_bytes=settings.record_mib << 20)
    chat = build_chat(
        settings, client, clock, promise, engine, rules, templates, incidents, outbox, quarantine, intake, buttons, ready, channels, answerers, paces, key,
        notices.chat, notices.engine, notices.desk, customers.bots.shared, reach,
    )  # fmt: skip
    return App(
        settings=settings, client=client, clock=clock, promise=promise, partitions=at, rules=rules, templates=templates, engine=engine, incidents=incidents, outbox=outbox,
        prometheus=Prometheus(settings.prometheus_url.get_secret_value()) if settings.prometheus_url else None,
        quarantine=quarantine, recorder=recorder, intake=intake, browser=browser, channels=channels,
        sender=sender, buttons=buttons, notices=notices, waker=Waker(engine, incidents, clock, nudge), watches=watches, keeper=keeper, login=LoginLink(key, clock),
        api_token=local_api_token(settings), key=key, nudge=nudge, ready=ready, chat=chat, customers=customers, reach=reach,
    )  # fmt: skip


def _replica_id() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(2)}"


def prover(settings: Settings) -> Prove:
    """Rules are live only when their own examples hold, in the language and zone of this installation."""

    def proved(directory: Path, reading: Reading, renderer: Renderer) -> Sequence[str]:
        return prove(Page(templates=Templates(renderer), language=settings.language, timezone=settings.timezone), directory, reading)

    return proved


def auditor(app: App) -> Auditor:
    """The worker that proves that no open incident is forgotten."""
    return Auditor(Upkeep(app.client, app.partitions), app.incidents, app.rules, app.clock, app.nudge)


def works(app: App) -> Works:
    """The worker that brings planned work to the support chat."""
    return Works(app.notices.engine, app.notices.desk, app.incidents, app.rules, app.clock, signing_key(app.settings))


def calendars(app: App) -> Calendars:
    """The worker that keeps the shifts of calendars in the rules."""
    return Calendars(app.rules, app.settings.secret, KeptCalendars(app.settings.calendars_dir), app.clock)
