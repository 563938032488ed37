"""The composition root: builds everything, runs it in one TaskGroup, stops it in reverse order. Called by `cli.serve` and `cli.demo`."""

import asyncio
import contextlib
import hashlib
import hmac
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import uvicorn
from litestar import Litestar

from receiver.channels.base import Channel
from receiver.channels.browser import BrowserChannel
from receiver.channels.render import Renderer, ServiceView
from receiver.channels.telegram import TelegramChannel
from receiver.chat.buttons import Buttons
from receiver.clients.calendar import KeptCalendars
from receiver.clock import Clock, SystemClock
from receiver.core.rulebook import RuleBook
from receiver.engine import Engine, Nudge, Rules
from receiver.rules.load import load_rules
from receiver.settings import Settings
from receiver.store.admission import Admission
from receiver.store.browserchat import BrowserChat
from receiver.store.connection import Client, agree_on_time, connect, inspect
from receiver.store.embedded import EmbeddedStore
from receiver.store.incidents import Incidents
from receiver.store.intake import Intake
from receiver.store.keys import Partition
from receiver.store.outbox import Outbox, Pace
from receiver.store.promise import Promise
from receiver.store.quarantine import Quarantine, Recorder
from receiver.telemetry import metrics
from receiver.telemetry.logs import get_logger
from receiver.web.api import api_router
from receiver.web.auth import LoginLink
from receiver.web.browser import browser_routes
from receiver.web.ingest import Ingest
from receiver.web.oncall import oncall_routes
from receiver.web.ops import ops_routes, telegram_route
from receiver.workers.calendars import Calendars
from receiver.workers.poller import Poller
from receiver.workers.sender import Sender
from receiver.workers.waker import Waker

GRACE = 12.0
CHECK_STORE_EVERY = 15.0
log = get_logger(__name__)


@dataclass(slots=True)
class Readiness:
    """Why traffic may not come; empty when it may."""

    faults: tuple[str, ...] = ("starting",)
    is_stopping: bool = False

    def now(self) -> tuple[str, ...]:
        """Faults of this moment."""
        return ("stopping", *self.faults) if self.is_stopping else self.faults


@dataclass(slots=True, kw_only=True)
class App:
    """Everything that runs, built once."""

    settings: Settings
    client: Client
    clock: Clock
    promise: Promise
    rules: Rules
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
    login: LoginLink
    api_token: str
    nudge: Nudge
    ready: Readiness = field(default_factory=Readiness)


def signing_key(settings: Settings) -> bytes:
    """The key of callback data, derived so that no two uses of SECRET_KEY share one."""
    return hmac.new(settings.secret_key.get_secret_value().encode(), b"callback", hashlib.sha256).digest()


def local_api_token(settings: Settings) -> str:
    """RECEIVER_API_TOKEN, or one derived from the kept secret so that the CLI on this machine finds it."""
    if settings.api_token:
        return settings.api_token.get_secret_value()
    return hmac.new(settings.secret_key.get_secret_value().encode(), b"local api", hashlib.sha256).hexdigest()


def build(settings: Settings, store_url: str, clock: Clock | None = None, book: RuleBook | None = None) -> App:
    """Build everything without starting anything; raises RulesError when the rules do not load."""
    clock = clock or SystemClock()
    client, at = connect(store_url), Partition(0)
    rules, nudge = Rules(book or load_rules(settings.rules_dir)), Nudge()
    renderer = Renderer(settings.templates_dir)
    promise = Promise()
    incidents, outbox = Incidents(client, at, promise), Outbox(client, at)
    engine = Engine(Admission(client, clock, at, promise), incidents, rules, clock, nudge)
    browser = BrowserChat(client, clock)
    channels, answerers, paces = _channels(settings, browser)
    intake, key = Intake(client), signing_key(settings)
    services = {n: ServiceView(names=s.names, links=rules.current.links_of(n)) for n, s in rules.current.services.items()}
    sender = Sender(
        outbox, incidents, engine, channels, renderer, clock, nudge,
        key=key, language=settings.language, timezone=settings.timezone, services=services, paces=paces,
    )  # fmt: skip
    buttons = Buttons(intake, engine, incidents, outbox, rules, answerers, renderer, clock, key=key, language=settings.language)
    return App(
        settings=settings, client=client, clock=clock, promise=promise, rules=rules, engine=engine, incidents=incidents, outbox=outbox,
        quarantine=Quarantine(client, at), recorder=Recorder(client, clock), intake=intake, browser=browser, channels=channels,
        sender=sender, buttons=buttons, waker=Waker(engine, incidents, clock, nudge), login=LoginLink(key, clock),
        api_token=local_api_token(settings), nudge=nudge,
    )  # fmt: skip


def _channels(settings: Settings, browser: BrowserChat) -> tuple[dict[str, Channel], dict[str, Any], dict[str, Pace]]:
    """Without a bot token the browser chat stands in for Telegram: same messages, same buttons."""
    page = BrowserChannel(browser)
    if settings.telegram_mode == "off" or not settings.telegram_token:
        return {"browser": page, "telegram": page}, {"browser": browser}, {}
    bot = TelegramChannel(settings.telegram_token.get_secret_value(), settings.telegram_api_url, settings.telegram_proxy)
    return {"browser": page, "telegram": bot}, {"browser": browser, "telegram": bot}, {"telegram": Pace()}


def litestar_app(app: App) -> Litestar:
    """The HTTP side."""
    ingest = Ingest(app.engine, app.quarantine, app.recorder, app.clock, _token_of(app), lambda: not app.ready.faults)
    people = lambda: [(p.id, p.name) for p in app.rules.current.people.values()]  # noqa: E731 - a view, not worth a name
    handlers: list[Any] = [
        ingest.route(),
        *ops_routes(app.ready.now, lambda: _refresh(app)),
        api_router(app.engine, app.incidents, app.outbox, app.quarantine, app.clock, app.api_token),
        *oncall_routes(lambda: app.rules.current, app.clock, ZoneInfo(app.settings.timezone), app.settings.secret_key.get_secret_value(), app.api_token),
        *browser_routes(app.browser, app.intake, people, _address_of(app), app.login),
    ]
    if app.settings.telegram_mode == "webhook":
        handlers.append(telegram_route(app.intake, app.settings.secret_key.get_secret_value()))
    return Litestar(handlers, logging_config=None, openapi_config=None)


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
    settings: Settings, started: Callable[[App], Awaitable[None]] | None = None, companions: tuple[Callable[[App], Awaitable[None]], ...] = ()
) -> None:
    """Run until SIGTERM or SIGINT, then: not ready, no new claims, what is in flight ends, connections close."""
    async with store(settings) as (url, embedded):
        app = build(settings, url)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
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
    await _check_store(app)
    server = uvicorn.Server(_config(app))
    listener = _listen(app.settings)
    async with asyncio.TaskGroup() as group:
        web = group.create_task(server.serve(sockets=[listener]))
        workers = [group.create_task(w) for w in _workers(app, embedded, companions)]
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
        await app.recorder.flush()
        for task in (*workers, sending, web):
            task.cancel()


def _workers(app: App, embedded: EmbeddedStore | None, companions: tuple[Callable[[App], Awaitable[None]], ...]) -> list[Any]:
    workers: list[Any] = [app.waker.run(), app.buttons.run(), app.recorder.run(), _watch_store(app), calendars(app).run()]
    bot = app.channels.get("telegram")
    if app.settings.telegram_mode == "polling" and isinstance(bot, TelegramChannel):
        workers.append(Poller(bot, app.intake).run())
    if embedded:
        workers.append(embedded.supervise())
    return [*workers, *(companion(app) for companion in companions)]


def calendars(app: App) -> Calendars:
    """The worker that keeps the shifts of calendars in the rules."""
    return Calendars(app.rules, app.settings.secret, KeptCalendars(app.settings.calendars_dir), app.clock)


async def _watch_store(app: App) -> None:
    while True:
        await asyncio.sleep(1.0 if app.ready.faults else CHECK_STORE_EVERY)
        await _check_store(app)


async def _check_store(app: App) -> None:
    try:
        report = await inspect(app.client)
        await agree_on_time(app.client, app.clock)
    except Exception as fault:  # noqa: BLE001 - whatever the store does, readiness must say so and the process go on
        app.ready.faults = (f"store: {fault}",)
        return
    app.promise.follow(report)
    app.ready.faults = () if app.settings.durability == "relaxed" else tuple(f"store: {f}" for f in report.faults)


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
