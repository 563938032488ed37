"""What `receiver doctor` says of telling customers: the bot that publishes, and the secrets of channels. Called by `doctor`."""

from collections.abc import Iterator

from receiver.core.rulebook import RuleBook
from receiver.settings import Settings


def findings(settings: Settings, book: RuleBook) -> Iterator[tuple[bool, str]]:
    """Whether it is all right, and a sentence; nothing where the rules tell customers nothing."""
    if book.notices is None:
        return
    used = [book.notices.channels[name] for name in book.notices.publish if name in book.notices.channels]
    bots = [channel.name for channel in used if channel.kind == "telegram"]
    if bots and not settings.telegram_public_token:
        yield True, f"{', '.join(bots)} is published by the working bot: with RECEIVER_TELEGRAM_PUBLIC_TOKEN a leaked token of the one is not the other's"
    for channel in used:
        if channel.secret and settings.secret(channel.secret) is None:
            yield False, f"{channel.name}: set RECEIVER_SECRET_{channel.secret}, nothing can be published there"
