"""`receiver serve`: everything in one process."""

import sys

import uvloop

from receiver.app import App, serve
from receiver.core.errors import ReceiverError
from receiver.rules.load import RulesError
from receiver.settings import Settings
from receiver.telemetry.logs import configure, hide


def run(settings: Settings) -> int:
    """Serve until stopped; 1 when the rules do not load."""
    prepare(settings)
    try:
        uvloop.run(serve(settings, _greet))
    except RulesError as faults:
        sys.stderr.write("".join(f"{fault}\n" for fault in faults.faults))
        return 1
    except (OSError, ReceiverError) as fault:
        sys.stderr.write(f"can't serve on {settings.host}:{settings.port}: {fault}\n")
        return 1
    return 0


def prepare(settings: Settings) -> None:
    """Logs first, and no secret in any of them."""
    configure(settings.log_level)
    for secret in (settings.secret_key, settings.telegram_token, settings.webhook_token, settings.api_token):
        if secret:
            hide(secret.get_secret_value())
    for secret in settings.named_secrets.values():
        hide(secret.get_secret_value())


async def _greet(app: App) -> None:
    where = f"http://127.0.0.1:{app.settings.port}"
    sys.stderr.write(f"ready: webhooks at {where}/webhooks/alertmanager\nchat in the browser: {where}/chat/login?token={app.login.new()}\n")
    sys.stderr.flush()
