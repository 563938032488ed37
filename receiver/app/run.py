"""Runs everything in one TaskGroup and stops it in reverse order. Called by `cli.serve` and `cli.demo`."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import uvicorn

from receiver.app.build import App, auditor, build, calendars, origin_of, prover, works
from receiver.app.derived import webhook_secret
from receiver.app.http import litestar_app, webhooks
from receiver.app.looking_back import collector, weekly
from receiver.app.pictures import evidence_workers
from receiver.channels.telegram import TelegramChannel
from receiver.chat.setup import introduce
from receiver.core.errors import ReceiverError, StoreUnavailableError
from receiver.settings import Settings
from receiver.store.embedded import EmbeddedStore
from receiver.telemetry import traces
from receiver.telemetry.logs import get_logger
from receiver.web.connection import serving
from receiver.workers.poller import Poller, register_webhook
from receiver.workers.ruleskeeper import first
from receiver.workers.storewatch import StoreWatch

GRACE = 12.0
log = get_logger(__name__)


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
    watch = StoreWatch(app.client, app.clock, app.promise, app.ready, app.partitions, is_relaxed=app.settings.durability == "relaxed")
    await watch.look()
    with contextlib.suppress(StoreUnavailableError):
        await app.watches.watchdogs.look()  # before anything may end
    with contextlib.suppress(ReceiverError):
        await app.notices.keeper.offline.look()  # before the static copy is written anew; the keeper tries again
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
            if app.customers.bots.intake:
                await app.customers.bots.intake.release()
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
    workers: list[Any] = [
        app.waker.run(),
        *app.watches.workers(),
        app.notices.noticer.run(),
        works(app).run(),
        app.notices.keeper.run(),
        *(worker.run() for worker in app.chat.workers),
        app.recorder.run(),
        app.keeper.run(),
        calendars(app).run(),
        auditor(app).run(),
        weekly(app).run(),
        collector(app).run(),
        app.customers.twin.run(),
        *evidence_workers(app),
    ]
    bot = app.channels.get("telegram")
    if isinstance(bot, TelegramChannel):
        workers.append(introduce(bot, app.chat.desk, app.chat.commands, app.settings.language))
    if app.settings.telegram_mode == "polling" and isinstance(bot, TelegramChannel):
        workers.append(Poller(bot, app.intake).run())
    if app.settings.telegram_mode == "webhook" and isinstance(bot, TelegramChannel):
        workers.append(register_webhook(bot, app.settings.public_url or "", webhook_secret(app.settings)))
    workers += [app.customers.subscriptions.run(), *app.customers.bots.workers()]
    if embedded:
        workers.append(embedded.supervise())
    return [*workers, *(companion(app) for companion in companions)]


def _config(app: App) -> uvicorn.Config:
    ingest = webhooks(app)
    return uvicorn.Config(
        litestar_app(app, ingest),
        loop="none",
        http=serving(ingest),
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
    await app.watches.alertmanager.close()
    if app.prometheus:
        await app.prometheus.close()
    await app.notices.close()
    await app.customers.hooks.close()
    await app.client.aclose()
    traces.close()
