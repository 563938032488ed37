"""Which form of a message each channel takes: the one table. Used by `channels.render` and `workers.sender`."""

from collections.abc import Mapping
from enum import StrEnum


class Form(StrEnum):
    """How a text is laid out. The words are those of the kind's template in every form."""

    CHAT = "chat"  # Telegram's HTML with buttons
    MAIL = "mail"  # a text part, and a page in the frame of mail.<language>.html.j2
    PLAIN = "plain"  # text without markup; a link is `name: address`


FORMS: Mapping[str, Form] = {
    "telegram": Form.CHAT,
    "browser": Form.CHAT,
    "email": Form.MAIL,
    "pagerduty": Form.PLAIN,
    "webhook": Form.PLAIN,
    "longtail": Form.PLAIN,
    "sms": Form.PLAIN,
}


def form_of(channel: str) -> Form:
    """The form this channel takes; plain text for one nobody knows."""
    return FORMS.get(channel, Form.PLAIN)
