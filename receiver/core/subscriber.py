"""Who asked to be told, how, and of what. Pure; kept by `store.subscribers`, told by `workers.mailing`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

EMAIL, TELEGRAM, WEBHOOK = "email", "telegram", "webhook"
LONGEST_HOOK = 500


class Standing(StrEnum):
    """How far it has come."""

    PENDING = "pending"  # asked for, not confirmed: nothing but the question is sent
    ACTIVE = "active"
    QUARANTINED = "quarantined"  # what we send comes back
    LEFT = "left"  # unsubscribed: nothing is sent, and nobody can ask for it anew for a while


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscriber:
    """One address of a `kind`. `components` empty means all; instants in UTC; `consent` is the sentence that was agreed to;
    `misses` counts the words in a row that did not get through.
    """

    id: str
    kind: str
    address: str
    language: str
    components: tuple[str, ...] = ()
    standing: Standing = Standing.PENDING
    asked_at: datetime
    confirmed_at: datetime | None = None
    consent: str = ""
    left_at: datetime | None = None
    misses: int = 0

    def wants(self, touched: Iterable[str]) -> bool:
        """True when a word about these components is for them; a word that names none is for everybody."""
        named = set(touched)
        return not self.components or not named or not named.isdisjoint(self.components)


def is_hook(address: str) -> bool:
    """True for an address we would post to: https, a host with a dot or in brackets, nobody's password in it."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not address.isascii() or not address.isprintable() or " " in address or len(address) > LONGEST_HOOK:
        return False
    return parts.scheme == "https" and parts.username is None and ("." in host or ":" in host)
