"""Proves the way out to Telegram by performing: one silent message in a chat of its own whose time is edited. Asked by `workers.heartbeat`.

That Telegram answers is not that it performs: a bot that was thrown out of a chat, or may not write, still gets an answer. All replicas edit
the same message; one that somebody deleted is written anew.
"""

from receiver.channels.base import Evidence, Message
from receiver.channels.telegram import TelegramChannel
from receiver.clock import Clock
from receiver.core.destination import Destination
from receiver.store.vitals import Vitals

TEXTS = {
    "en": "Sign of life of the incident router: this time moves once a minute. Last: {at} UTC. Please leave the message here.",
    "ru": "Признак жизни сервиса инцидентов: это время меняется раз в минуту. Последнее — {at} UTC. Пожалуйста, не удаляйте сообщение.",
}


class Canary:
    """One message in one chat."""

    def __init__(self, bot: TelegramChannel, vitals: Vitals, clock: Clock, chat: int, language: str) -> None:
        self._bot, self._vitals, self._clock, self._language = bot, vitals, clock, language
        self._place = Destination(name="canary", channel="telegram", address={"chat": chat})

    async def prove(self) -> str:
        """Empty when Telegram performed it, else what it said. Raises StoreUnavailableError."""
        text = TEXTS[self._language].format(at=f"{self._clock.now():%Y-%m-%d %H:%M:%S}")
        message = Message(html=text, plain=text, silent=True)
        ref = await self._vitals.canary()
        if ref:
            outcome = await self._bot.edit(self._place, ref, message)
            if outcome.evidence is not Evidence.UNEDITABLE:
                return "" if outcome.evidence is Evidence.OK else outcome.reason
        outcome = await self._bot.send(self._place, message)
        if outcome.evidence is not Evidence.OK:
            return outcome.reason
        await self._vitals.keep_canary(outcome.ref)
        return ""
