"""Tokens for programs: what each may do, and until when. Pure; kept by `store.tokens`, asked by `web.tokens`."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

PREFIX = "rcv"


class Scope(StrEnum):
    """One thing a program may do. Drafting, agreeing and publishing are apart, so that no single program tells customers by itself."""

    READ = "read"
    INCIDENT_ACT = "incident:act"
    NOTICE_DRAFT = "notice:draft"
    NOTICE_APPROVE = "notice:approve"
    NOTICE_PUBLISH = "notice:publish"
    BOUNCE = "bounce"


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """One program's. `digest` is all that is kept of the secret; instants in UTC, `last_used_at` to the minute."""

    id: str
    name: str
    scopes: frozenset[Scope]
    digest: str
    by: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None

    def is_valid(self, secret: str, now: datetime) -> bool:
        """True for its own secret before its end; takes the same time for every secret."""
        return hmac.compare_digest(digest(secret), self.digest) and now < self.expires_at


def digest(secret: str) -> str:
    """What is kept: secrets are long and random, so a plain hash cannot be searched."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def parts(text: str) -> tuple[str, str] | None:
    """Id and secret of `rcv_ID_SECRET`; none for what is no token of ours."""
    words = text.split("_", 2)
    return (words[1], words[2]) if len(words) == 3 and words[0] == PREFIX and words[1] and words[2] else None
