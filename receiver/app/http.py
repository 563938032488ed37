"""The HTTP side of the built application: every router, with the webhook route in front. Called by `app.run`."""

import secrets
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Litestar
from litestar.types import ASGIApp, Scope

from receiver.app.build import App
from receiver.app.derived import webhook_secret
from receiver.app.looking_back import looking_back_routes
from receiver.app.reach import banners, describe, outage_routes
from receiver.core.escalation import ways_of
from receiver.store.once import Once
from receiver.store.subscribers import network_of
from receiver.store.tokens import Tokens
from receiver.telemetry import metrics, traces
from receiver.trial.examples import Page
from receiver.web.api import api_router
from receiver.web.audit import audit_routes, audited
from receiver.web.bounces import bounces_router
from receiver.web.browser import Scene, browser_routes
from receiver.web.faults import answer, missing
from receiver.web.heartbeat import heartbeat_route
from receiver.web.ingest import Ingest
from receiver.web.kinds import Kinds
from receiver.web.notices import notices_router
from receiver.web.oncall import oncall_routes
from receiver.web.ops import ops_routes, telegram_route
from receiver.web.pagerduty import ComingBack, pagerduty_route
from receiver.web.people import people_routes
from receiver.web.rules import rules_routes
from receiver.web.sources import Sources, sources_router
from receiver.web.status.host import on_own_host
from receiver.web.status.routes import status_routes
from receiver.web.tokens import Guesses, tokened, tokens_router
from receiver.web.traced import TracedIngest
from receiver.web.trial import trial_router


def webhooks(app: App) -> Ingest:
    """The route of the webhooks."""
    kinds = Kinds(lambda: app.rules.current, app.settings.secret, app.clock)
    route = TracedIngest if traces.is_on() else Ingest
    return route(app.engine, app.quarantine, app.recorder, app.clock, _token_of(app), lambda: not app.ready.faults, kinds, app.watches.spool)


def litestar_app(app: App, ingest: Ingest | None = None) -> ASGIApp:
    """The HTTP side, with this route of the webhooks in front."""
    token_of = _token_of(app)
    ingest = ingest or webhooks(app)
    page = Page(templates=app.templates, language=app.settings.language, timezone=app.settings.timezone)
    sources = Sources(lambda: app.rules.current, ingest.handle, token_of, app.settings.secret, app.incidents, app.quarantine, app.clock)
    handlers: list[Any] = [
        *ops_routes(app.ready.now, lambda: _degraded(app), lambda: _refresh(app)),
        api_router(app.engine, app.rules, app.incidents, app.outbox, app.quarantine, app.clock, app.api_token, *looking_back_routes(app)),
        notices_router(app.notices.engine, app.notices.desk, app.notices.outward, app.api_token),
        *oncall_routes(
            lambda: app.rules.current,
            lambda: app.rules.amendments.swaps,
            app.clock,
            ZoneInfo(app.settings.timezone),
            app.settings.secret_key.get_secret_value(),
            app.api_token,
        ),
        *rules_routes(app.keeper, app.api_token, app.settings.secret("RULES_PUSH")),
        audit_routes(app.chat.audit, app.api_token),
        outage_routes(app.reach, app.api_token),
        people_routes(lambda: app.rules.current, app.chat.links, app.api_token),
        sources_router(sources, lambda: app.rules.current, app.api_token),
        heartbeat_route(app.watches.vitals, lambda: app.rules.current, token_of(""), app.clock),
        trial_router(app.rules, app.incidents, app.recorder, page, app.clock, app.api_token),
        bounces_router(app.customers.subscribers, app.clock, app.customers.key, app.api_token),
        *status_routes(app.customers.shelf, app.customers.signup),
        pagerduty_route(ComingBack(app.engine, app.incidents, Once(app.client), app.clock, app.key), lambda: app.settings.secret("PAGERDUTY_WEBHOOK")),
        *browser_routes(app.browser, app.intake, _scene(app), app.login),
    ]
    if app.settings.telegram_mode == "webhook":
        handlers.append(telegram_route(app.intake, webhook_secret(app.settings)))
    handlers.append(tokens_router(tokens := Tokens(app.client), app.clock, app.api_token))
    rest = Litestar(handlers, logging_config=None, openapi_config=None, exception_handlers={404: missing, 500: answer})
    inner = audited(rest, app.chat.audit, app.clock)
    whole = ingest.in_front_of(tokened(inner, tokens, Guesses(app.clock, _network_of), app.clock))
    return on_own_host(whole, app.settings.status_url, app.settings.public_url)


def _network_of(scope: Scope) -> str:
    """By the connection itself: the API has no proxies to trust."""
    return network_of((scope.get("client") or ("", 0))[0])


def _degraded(app: App) -> tuple[str, ...]:
    """What somebody should look at although traffic may come."""
    found = tuple(f"rules: {fault}" for fault in app.keeper.faults[:1]) + describe(app.reach, app.clock)
    return found + tuple(f"heartbeat held back by {name}: {text}" for name, text in app.watches.heartbeat.held.items())


def _token_of(app: App) -> Callable[[str], str | None]:
    unguessable = secrets.token_urlsafe(32)

    def token_of(source: str) -> str | None:
        known = app.rules.current.sources.get(source)
        if known and known.auth_secret:
            return app.settings.secret(known.auth_secret) or unguessable  # a secret that is not set lets nobody in
        if known and known.signature:
            return None  # the signature stands for the token
        return app.settings.webhook_token.get_secret_value() if app.settings.webhook_token else None

    return token_of


def _scene(app: App) -> Scene:
    return Scene(
        people=lambda: [(person.id, person.name) for person in app.rules.current.people.values()],
        chats=lambda: [place.name for place in app.rules.current.destinations.values() if "chat" in place.address],
        commands=lambda: list(app.chat.commands.table),
        outages=lambda: banners(app.reach, app.clock, app.settings.timezone),
        address_of=_address_of(app),
    )


def _address_of(app: App) -> Callable[[str], str]:
    def address_of(name: str) -> str:
        book = app.rules.current
        person = book.people.get(name.partition("/")[0])
        ways = {way.destination.name: way.destination for way in ways_of(person)} if person else {}
        found = book.destinations.get(name) or ways.get(name)
        return str(found.address.get("chat", "")) if found else ""

    return address_of


async def _refresh(app: App) -> None:
    metrics.incidents_open.set(await app.incidents.count_open())
    metrics.outbox_depth.set(await app.outbox.depth())
    metrics.dead_letters.set(await app.quarantine.count())
