"""Signed words in links: what for, for whom, until when. One made for one purpose is nothing for another. Pure; used by the public side.

Nothing is kept of them, so nothing can be stolen from the store; whoever has one may do the one thing it says.
"""

import base64
import hashlib
import hmac
from datetime import datetime
from enum import StrEnum


class Purpose(StrEnum):
    """What the holder may do."""

    CONFIRM = "confirm"
    MANAGE = "manage"
    UNSUBSCRIBE = "unsubscribe"
    BOUNCE = "bounce"
    FORM = "form"  # a sign-up form that was really fetched; its subject is when


def pledge(key: bytes, purpose: Purpose, subject: str, until: datetime | None = None) -> str:
    """`SUBJECT.UNTIL.PROOF`, fit for an address; `until` none never ends. The subject has no dot."""
    end = str(int(until.timestamp())) if until else "0"
    return f"{subject}.{end}.{_proof(key, purpose, subject, end)}"


def redeem(key: bytes, purpose: Purpose, text: str, now: datetime) -> str | None:
    """The subject; none for anything we did not sign for this purpose, or whose time is over."""
    parts = text.split(".")
    if len(parts) != 3:
        return None
    subject, end, proof = parts
    if not hmac.compare_digest(proof.encode(), _proof(key, purpose, subject, end).encode()):
        return None
    return subject if end == "0" or int(end) > now.timestamp() else None


def _proof(key: bytes, purpose: Purpose, subject: str, end: str) -> str:
    digest = hmac.new(key, f"{purpose}\n{subject}\n{end}".encode("utf-8", "replace"), hashlib.sha256).digest()
    return base64.b32encode(digest[:20]).decode().rstrip("=").lower()  # a mailbox may fold case
