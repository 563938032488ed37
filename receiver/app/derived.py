"""Keys and tokens derived from SECRET_KEY, so that no two uses share one. Called by `app.build`, `app.http` and `cli`."""

import hashlib
import hmac

from receiver.settings import Settings


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
