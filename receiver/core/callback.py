"""Callback data that can't be forged: action and incident, signed and bound to the chat. Made by the sender, read by `chat.buttons`."""

import base64
import hashlib
import hmac
from dataclasses import dataclass

from receiver.core.incident import IncidentId

VERSION = "v1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pressed:
    """What a button said, once its signature held."""

    action: str
    incident_id: IncidentId


def sign(key: bytes, action: str, incident_id: IncidentId, chat: str) -> str:
    """`v1:<action>:<id>:<hmac80>`, at most 64 bytes."""
    return sign_text(key, action, incident_id, chat)


def sign_text(key: bytes, action: str, subject: str, chat: str) -> str:
    """The same for any subject without a colon: what a button is about."""
    return f"{VERSION}:{action}:{subject}:{_tag(key, action, IncidentId(subject), chat)}"


def read(key: bytes, data: str, chat: str) -> Pressed | None:
    """None for anything that we did not sign for this chat."""
    parts = data.split(":")
    if len(parts) != 4 or parts[0] != VERSION:
        return None
    _, action, incident_id, tag = parts
    if not hmac.compare_digest(tag.encode(), _tag(key, action, IncidentId(incident_id), chat).encode()):
        return None
    return Pressed(action=action, incident_id=IncidentId(incident_id))


def _tag(key: bytes, action: str, incident_id: IncidentId, chat: str) -> str:
    digest = hmac.new(key, f"{VERSION}\n{action}\n{incident_id}\n{chat}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:10]).rstrip(b"=").decode()
