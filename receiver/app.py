"""The composition root: builds everything, runs it in one TaskGroup, stops it in reverse order. Called by `cli.serve` and `cli.demo`."""

import asyncio
import contextlib
import hashlib
import hmac
import os
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import uvicorn
from litestar import Litestar
from litestar.types import ASGIApp

from receiver.channels.base import Channel
from receiver.channels.browser import BrowserChannel
from receiver.channels.render import Renderer, Templates
from receiver.channels.telegram import TelegramChannel
from receiver.chat.buttons import Buttons
from receiver.clients.calendar import KeptCalendars
from receiver.clock import Clock, SystemClock
from receiver.engine import Engine, Nudge, Rules
from receiver.rules.git import Mirror, Remote
from receiver.rules.load import Reading
from receiver.rules.origin import Directory, Origin, Place, RulesRefusedError
from receiver.settings import Settings
from receiver.store.admission import Admission
from receiver.store.browserchat import BrowserChat
from receiver.store.connection import Client, connect
from receiver.store.embedded import EmbeddedStore
from receiver.store.incidents import Incidents
from receiver.store.intake import Intake
from receiver.store.keys import Partition
from receiver.store.outbox import Outbox, Pace
from receiver.store.promise import Promise
from receiver.store.quarantine import Quarantine
from receiver.store.recorder import Recorder
from receiver.store.replicas import Replicas
from receiver.telemetry import metrics
from receiver.telemetry.logs import get_logger
from receiver.trial.examples import Page, prove
from receiver.web.api import api_router
from receiver.web.auth import LoginLink
from receiver.web.browser import browser_routes
from receiver.web.ingest import Ingest
from receiver.web.oncall import oncall_routes
from receiver.web.ops import ops_routes, telegram_route
from receiver.web.rules import rules_routes
from receiver.web.trial import trial_router
from receiver.workers.calendars import Calendars
from receiver.workers.poller import Poller, register_webhook
from receiver.workers.ruleskeeper import Loaded, Prove, RulesKeeper, first, load, nothing_to_prove
from receiver.workers.sender import Sender
from receiver.workers.standing import Standing
from receiver.workers.storewatch import Readiness, StoreWatch
from receiver.workers.waker import Waker

GRACE = 12.0
log = get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class App:
    """Everything that runs, built once."""

    settings: Settings
    client: Client
    clock: Clock
    promise: Promise
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
    waker: Waker
    keeper: RulesKeeper
    login: LoginLink
    api_token: str
    nudge: Nudge
    ready: Readiness = field(default_factory=Readiness)


def signing_key(settings: Settings) -> bytes:
    """The key of callback data, derived so that no two uses of SECRET_KEY share one."""
    return hmac.new(settings.secret_key.get_secret_value().encode(), b"callback", hashlib.sha256).digest()


def webhook_secret(settings: Settings) -> str:
    """What Telegram shows with every update; derived, because the key itself is nobody else's to know."""
    return hmac.new(settings.secret_key.get_secret_value().encode(), b"telegram webhook", hashlib.sha256).hexdigest()


def local_api_token(settings: Settings) -> str:
    """RECEIVER_API_TOKEN, or one derived from the kept secret so that the CLI on this machine finds it."""
    if settings.api_token:
        return settings.api_token.get_secret_value()
    return hmac.new(settings.secret_key.get_secret_value().encode(), b"local api", hashlib.sha256).hexdigest()


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
) -> App:
    """Build everything without starting anything; raises RulesRefusedError when no rules are given and those in RULES_DIR do not load."""
    clock = clock or SystemClock()
    client, at = connect(store_url), Partition(0)
    origin, loaded = origin or origin_of(settings), loaded or load(Place(rules=settings.rules_dir, templates=settings.templates_dir), prove)
    rules, templates, nudge = Rules(loaded.book), Templates(loaded.renderer), Nudge()
    promise = Promise()
    incidents, outbox, replicas = Incidents(client, at, promise), Outbox(client, at), Replicas(client)
    engine = Engine(Admission(client, clock, at, promise), incidents, rules, clock, nudge)
    browser = BrowserChat(client, clock)
    channels, answerers, paces = _channels(settings, browser)
    intake, key = Intake(client), signing_key(settings)
    sender = Sender(
        outbox, incidents, engine, channels, templates, rules, clock, nudge,
        key=key, language=settings.language, timezone=settings.timezone, paces=paces,
    )  # fmt: skip
    keeper = RulesKeeper(
        rules, templates, origin, replicas, Standing(engine, replicas, clock), clock,
        loaded=loaded, refused=refused, data_dir=settings.data_dir, prove=prove, every=settings.rules_git_interval, replica_id=_replica_id(),
    )  # fmt: skip
    buttons = Buttons(intake, engine, incidents, outbox, rules, answerers, templates, clock, key=key, language=settings.language, timezone=settings.timezone)
    recorder = Recorder(client, clock, keep=timedelta(days=settings.record_days), most_bytes=settings.record_mib << 20)
    return App(
        settings=settings, client=client, clock=clock, promise=promise, rules=rules, templates=templates, engine=engine, incidents=incidents, outbox=outbox,
        quarantine=Quarantine(client, at), recorder=recorder, intake=intake, browser=browser, channels=channels,
        sender=sender, buttons=buttons, waker=Waker(engine, incidents, clock, nudge), keeper=keeper, login=LoginLink(key, clock),
        api_token=local_api_token(settings), nudge=nudge,
    )  # fmt: skip


def _replica_id() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(2)}"


def _channels(settings: Settings, browser: BrowserChat) -> tuple[dict[str, Channel], dict[str, Any], dict[str, Pace]]:
    """Without a bot token the browser chat stands in for Telegram: same messages, same buttons."""
    page = BrowserChannel(browser)
    if settings.telegram_mode == "off" or not settings.telegram_token:
        return {"browser": page, "telegram": page}, {"browser": browser}, {}
    bot = TelegramChannel(settings.telegram_token.get_secret_value(), settings.telegram_api_url, settings.telegram_proxy)
    return {"browser": page, "telegram": bot}, {"browser": browser, "telegram": bot}, {"telegram": Pace()}


def litestar_app(app: App) -> ASGIApp:
    """The HTTP side."""
    ingest = Ingest(app.engine, app.quarantine, app.recorder, app.clock, _token_of(app), lambda: not app.ready.faults)
    people = lambda: [(p.id, p.name) for p in app.rules.current.people.values()]  # noqa: E731 - a view, not worth a name
    page = Page(templates=app.templates, language=app.settings.language, timezone=app.settings.timezone)
    handlers: list[Any] = [
        *ops_routes(app.ready.now, lambda: tuple(f"rules: {fault}" for fault in app.keeper.faults[:1]), lambda: _refresh(app)),
        api_router(app.engine, app.incidents, app.outbox, app.quarantine, app.clock, app.api_token),
        *oncall_routes(lambda: app.rules.current, app.clock, ZoneInfo(app.settings.timezone), app.settings.secret_key.get_secret_value(), app.api_token),
        *rules_routes(app.keeper, app.api_token, app.settings.secret("RULES_PUSH")),
        trial_router(app.rules, app.incidents, app.recorder, page, app.clock, app.api_token),
        *browser_routes(app.browser, app.intake, people, _address_of(app), app.login),
    ]
    if app.settings.telegram_mode == "webhook":
        handlers.append(telegram_route(app.intake, webhook_secret(app.settings)))
    return ingest.in_front_of(Litestar(handlers, logging_config=None, openapi_config=None))


def prover(settings: Settings) -> Prove:
    """Rules are live only when their own examples hold, in the language and zone of this installation."""

    def proved(directory: Path, reading: Reading, renderer: Renderer) -> Sequence[str]:
        return prove(Page(templates=Templates(renderer), language=settings.language, timezone=settings.timezone), directory, reading)

    return proved


def _token_of(app: App) -> Callable[[str], str | None]:
    def token_of(source: str) -> str | None:
        known = app.rules.current.sources.get(source)
        if known and known.auth_secret:
            return app.settings.secret(known.auth_secret)
        return app.settings.webhook_token.get_secret_value() if app.settings.webhook_token else None

    return token_of


def _address_of(app: App) -> Callable[[str], str]:
    def address_of(name: str) -> str:
        found = app.rules.current.destinations.get(name)
        return str(found.address.get("chat", "")) if found else ""

    return address_of


async def _refresh(app: App) -> None:
    metrics.incidents_open.set(await app.incidents.count_open())
    metrics.outbox_depth.set(await app.outbox.depth())
    metrics.dead_letters.set(await app.quarantine.count())


@contextlib.asynccontextmanager
async def store(settings: Settings) -> AsyncIterator[tuple[str, EmbeddedStore | None]]:
    """The store's URL: the one that is configured, or an embedded server that is started (or adopted) in the data directory."""
    if settings.redis_url:
        yield settings.redis_url, None
        return
    embedded = EmbeddedStore()
    path = await embedded.start(settings.data_dir)
    try:
        yield f"unix://{path}", embedded
    finally:
        await embedded.stop()


async def serve(
    settings: Settings,
    started: Callable[[App], Awaitable[None]] | None = None,
    companions: tuple[Callable[[App], Awaitable[None]], ...] = (),
) -> None:
    """Run until SIGTERM or SIGINT, then: not ready, no new claims, what is in flight ends, connections close. SIGHUP reloads the rules.

    Raises RulesRefusedError when neither the newest rules nor a last good set can be used.
    """
    origin = origin_of(settings)
    prove = prover(settings)
    loaded, refused = await first(origin, settings.data_dir, prove)
    async with store(settings) as (url, embedded):
        app = build(settings, url, origin=origin, loaded=loaded, refused=refused, prove=prove)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        loop.add_signal_handler(signal.SIGHUP, app.keeper.ask)
        try:
            await _run(app, embedded, stop, started, companions)
        finally:
            await _close(app)


async def _run(
    app: App,
    embedded: EmbeddedStore | None,
    stop: asyncio.Event,
    started: Callable[[App], Awaitable[None]] | None,
    companions: tuple[Callable[[App], Awaitable[None]], ...],
) -> None:
    watch = StoreWatch(app.client, app.clock, app.promise, app.ready, is_relaxed=app.settings.durability == "relaxed")
    await watch.look()
    server = uvicorn.Server(_config(app))
    listener = _listen(app.settings)
    async with asyncio.TaskGroup() as group:
        web = group.create_task(server.serve(sockets=[listener]))
        workers = [group.create_task(w) for w in (watch.run(), *_workers(app, embedded, companions))]
        sending = group.create_task(app.sender.run())
        log.info("serving", host=app.settings.host, port=listener.getsockname()[1], rules=app.rules.current.version)
        if started:
            await started(app)
        await stop.wait()
        log.info("stopping")
        app.ready.is_stopping = True
        app.sender.stop()
        await asyncio.wait([sending], timeout=GRACE)
        server.should_exit = True
        await asyncio.wait([web], timeout=5)
        with contextlib.suppress(OSError, Exception):
            await app.intake.release()
            await app.keeper.census.leave()
        await app.recorder.flush()
        await end([*workers, sending, web])


async def end(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Cancel until all have ended: a cancellation may be lost inside a library (seen in a store command on Python 3.11)."""
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=0.5)


def _workers(app: App, embedded: EmbeddedStore | None, companions: tuple[Callable[[App], Awaitable[None]], ...]) -> list[Any]:
    workers: list[Any] = [app.waker.run(), app.buttons.run(), app.recorder.run(), app.keeper.run(), calendars(app).run()]
    bot = app.channels.get("telegram")
    if app.settings.telegram_mode == "polling" and isinstance(bot, TelegramChannel):
        workers.append(Poller(bot, app.intake).run())
    if app.settings.telegram_mode == "webhook" and isinstance(bot, TelegramChannel):
        workers.append(register_webhook(bot, app.settings.public_url or "", webhook_secret(app.settings)))
    if embedded:
        workers.append(embedded.supervise())
    return [*workers, *(companion(app) for companion in companions)]


def calendars(app: App) -> Calendars:
    """The worker that keeps the shifts of calendars in the rules."""
    return Calendars(app.rules, app.settings.secret, KeptCalendars(app.settings.calendars_dir), app.clock)


def _config(app: App) -> uvicorn.Config:
    return uvicorn.Config(
        litestar_app(app),
        loop="none",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=2,
        server_header=False,
        proxy_headers=False,
    )


def _listen(settings: Settings) -> socket.socket:
    listener = socket.create_server((settings.host, settings.port), backlog=2048)
    listener.setblocking(False)
    return listener


async def _close(app: App) -> None:
    for channel in {id(c): c for c in app.channels.values()}.values():
        await channel.close()
    await app.client.aclose()
