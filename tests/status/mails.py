"""A letter as a mail program reads it."""

from email import message_from_bytes, policy


def html_of(raw: bytes) -> str:
    """Its HTML part."""
    body = message_from_bytes(raw, policy=policy.default).get_body(("html",))
    assert body is not None
    return str(body.get_content())
