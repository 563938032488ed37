"""`receiver serve`: everything in one process."""

import errno
import gc
import os
import sys
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

import uvloop

from receiver.app.build import App
from receiver.app.run import serve
from receiver.core.errors import ReceiverError
from receiver.rules.origin import RulesRefusedError
from receiver.settings import Settings
from receiver.telemetry import intent
from receiver.telemetry.logs import configure, hide


def run(settings: Settings) -> int:
    """Serve until stopped; 1 when the rules do not load and there is no last good set."""
    prepare(settings)
    # What is loaded now stays, and what is remembered of alerts has no cycles: the collector's default looks through all of it far too often.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    try:
        uvloop.run(serve(settings, _greet))
    except RulesRefusedError as refused:
        sys.stderr.write("".join(f"{fault}\n" for fault in refused.faults))
        return 1
    except (OSError, ReceiverError) as fault:
        sys.stderr.write(f"can't serve on {settings.host}:{settings.port}: {fault}{_instead(fault)}\n")
        return 1
    return 0


def _instead(fault: Exception) -> str:
    is_taken = isinstance(fault, OSError) and fault.errno == errno.EADDRINUSE
    return "; a service may run there already: stop it, or set RECEIVER_PORT to a free port" if is_taken else ""


def prepare(settings: Settings) -> None:
    """Logs first, and no secret in any of them; then traces, where the standard settings ask for them."""
    configure(settings.log_level)
    for secret in secrets_of(settings):
        hide(secret)
    intent.configure(os.environ)


def secrets_of(settings: Settings) -> Iterator[str]:
    """Whatever must stand in no log: keys and tokens, addresses that are secrets themselves, and the passwords in all the others."""
    keys = (settings.secret_key, settings.telegram_token, settings.telegram_public_token, settings.webhook_token, settings.api_token)
    whole = (*keys, settings.rules_git_url, settings.smtp_url, settings.heartbeat_url, *settings.named_secrets.values())
    yield from (one.get_secret_value() for one in whole if one)
    held = (settings.rules_git_url, settings.smtp_url, settings.heartbeat_url, settings.prometheus_url)
    addresses = [one.get_secret_value() for one in held if one]
    for address in (*addresses, *settings.peers, settings.redis_url, settings.telegram_proxy):
        if address and (password := urlsplit(address).password):
            yield from (password, unquote(password))


async def _greet(app: App) -> None:
    where = f"http://127.0.0.1:{app.settings.port}"
    sys.stderr.write(f"ready: webhooks at {where}/webhooks/alertmanager\nchat in the browser: {where}/chat/login?token={app.login.new()}\n")
    sys.stderr.flush()
