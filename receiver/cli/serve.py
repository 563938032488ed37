"""`receiver serve`: everything in one process."""

import errno
import gc
import os
import sys
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
    for secret in (
        settings.secret_key,
        settings.telegram_token,
        settings.telegram_public_token,
        settings.webhook_token,
        settings.api_token,
        *settings.named_secrets.values(),
    ):
        if secret:
            hide(secret.get_secret_value())
    for url in (settings.rules_git_url, settings.smtp_url):
        if url:
            hide(url.get_secret_value())
        if url and (password := urlsplit(url.get_secret_value()).password):
            hide(password)
            hide(unquote(password))
    intent.configure(os.environ)


async def _greet(app: App) -> None:
    where = f"http://127.0.0.1:{app.settings.port}"
    sys.stderr.write(f"ready: webhooks at {where}/webhooks/alertmanager\nchat in the browser: {where}/chat/login?token={app.login.new()}\n")
    sys.stderr.flush()
