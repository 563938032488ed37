"""Makes the bot known to itself and to its users at start: its name, and its commands in both languages. Run by `app.run`."""

import asyncio
from collections.abc import Mapping, Sequence

from receiver.channels.base import Evidence
from receiver.channels.telegram import TelegramChannel
from receiver.chat.commands import Commands
from receiver.chat.desk import Desk
from receiver.telemetry.logs import get_logger

PATIENCE = 30.0
PRIVATE_ONLY = frozenset({"link", "unlink"})
log = get_logger(__name__)


async def introduce(bot: TelegramChannel, desk: Desk, commands: Commands, language: str) -> None:
    """Learn the bot's name, then publish the commands for each scope: in the installation's language, and in each that a client may ask for."""
    while (outcome := await bot.me()).evidence is not Evidence.OK:
        log.warning("Telegram does not say who this bot is", reason=outcome.reason)
        await asyncio.sleep(PATIENCE)
    desk.bot_name = outcome.ref
    for scope in ("private", "group"):
        for code in ("", "en", "ru"):
            while (outcome := await bot.set_commands(menu(commands, code or language, scope), scope, code)).evidence is not Evidence.OK:
                log.warning("Telegram does not take the commands yet", scope=scope, reason=outcome.reason)
                await asyncio.sleep(PATIENCE)


def menu(commands: Commands, language: str, scope: str) -> Sequence[tuple[str, str]]:
    """Names and descriptions, as a client offers them while somebody types."""
    texts: Mapping[str, str] = {name: one.russian if language == "ru" else one.english for name, one in commands.table.items()}
    return [(name, text) for name, text in texts.items() if scope == "private" or name not in PRIVATE_ONLY]
