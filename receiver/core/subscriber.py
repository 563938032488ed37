"""Who asked to be told, how, and of what. Pure; kept by `store.subscribers`, told by `workers.mailing`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Standing(StrEnum):
    """How far it has come."""

    PENDING = "pending"  # asked for, not confirmed: nothing but the question is sent
    ACTIVE = "active"
    QUARANTINED = "quarantined"  # what we send comes back


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscriber:
    """One address. `components` empty means all; instants in UTC; `consent` is the sentence that was agreed to."""

    id: str
    kind: str
    address: str
    language: str
    components: tuple[str, ...] = ()
    standing: Standing = Standing.PENDING
    asked_at: datetime
    confirmed_at: datetime | None = None
    consent: str = ""

    def wants(self, touched: Iterable[str]) -> bool:
        """True when a word about these components is for them; a word that names none is for everybody."""
        named = set(touched)
        return not self.components or not named or not named.isdisjoint(self.components)
