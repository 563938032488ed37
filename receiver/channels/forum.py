"""Telegram with a topic per incident: made with its first message, closed at its end, opened again with it. Built by `app.channels`.

A topic can't be asked for twice safely (`createForumTopic` has no identity, and a bot can't list topics), so who makes one says so in the store
first. Where the outcome is unknown, or the chat takes no topics, the incident's messages go to the chat itself: nothing waits for a topic.
Methods and rights: https://core.telegram.org/bots/api#createforumtopic; error texts are the Bot API server's.
"""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from receiver.channels.base import Evidence, Message, Outcome
from receiver.channels.telegram import NO_TOPIC, TelegramChannel
from receiver.channels.visible import visible
from receiver.clock import Clock
from receiver.core.errors import StoreUnavailableError
from receiver.core.incident import Destination, Incident, IncidentId, State
from receiver.telemetry.logs import get_logger

PER_INCIDENT = "per-incident"
GENERAL = "general"
MAKING = timedelta(seconds=20)
LONGEST_NAME = 128
_UNCHANGED = re.compile(r"TOPIC_NOT_MODIFIED", re.I)
_NO_FORUM = re.compile(r"not a forum|rights? to (create|manage)|CHAT_ADMIN_REQUIRED|not enough rights", re.I)
log = get_logger(__name__)


class Kept(Protocol):
    """Where topics are remembered; `store.threads` says what each means."""

    async def find(self, incident_id: IncidentId, chat: str) -> str: ...  # noqa: D102 - see store.threads

    async def claim(self, incident_id: IncidentId, chat: str, now: datetime) -> bool: ...  # noqa: D102

    async def settle(self, incident_id: IncidentId, chat: str, topic: str) -> None: ...  # noqa: D102

    async def is_closed(self, incident_id: IncidentId, chat: str) -> bool: ...  # noqa: D102

    async def note_closed(self, incident_id: IncidentId, chat: str, *, is_closed: bool) -> None: ...  # noqa: D102

    async def is_plain(self, chat: str) -> bool: ...  # noqa: D102

    async def note_plain(self, chat: str) -> bool: ...  # noqa: D102


class ForumChannel(TelegramChannel):
    """The same bot; only destinations with `topic: per-incident` are treated otherwise."""

    def __init__(self, token: str, api_url: str, proxy: str | None, kept: Kept, clock: Clock) -> None:
        super().__init__(token, api_url, proxy)
        self._kept, self._clock = kept, clock

    async def send(self, destination: Destination, message: Message, reply_to: str = "") -> Outcome:
        """Into the incident's topic; the living message makes it where there is none, also where somebody deleted it."""
        if destination.address.get("topic") != PER_INCIDENT or message.about is None:
            return await super().send(destination, message, reply_to)
        incident, is_living = message.about.incident, message.about.kind == "incident"
        try:
            for _ in range(2):
                topic = await self._topic(destination, incident, message.title, is_living=is_living)
                if topic is None:
                    return Outcome(evidence=Evidence.NOT_SENT, reason="its topic is being made")
                outcome = await super().send(_placed(destination, topic), message, reply_to)
                if not (topic and outcome.evidence is Evidence.REFUSED and NO_TOPIC.search(outcome.reason)):
                    break
                await self._kept.settle(incident.id, _chat(destination), "")  # somebody deleted it
                reply_to = ""
            if outcome.evidence is Evidence.OK and is_living:
                await self._follow(destination, incident, message.title)
        except StoreUnavailableError as fault:
            return Outcome(evidence=Evidence.NOT_SENT, reason=str(fault))
        return outcome

    async def edit(self, destination: Destination, ref: str, message: Message) -> Outcome:
        """As everywhere; the topic follows what the living message says."""
        outcome = await super().edit(destination, ref, message)
        if destination.address.get("topic") == PER_INCIDENT and message.about and message.about.kind == "incident" and outcome.evidence is Evidence.OK:
            try:
                await self._follow(destination, message.about.incident, message.title)
            except StoreUnavailableError as fault:
                log.warning("the topic does not follow", incident=message.about.incident.id, fault=str(fault))
        return outcome

    async def _topic(self, destination: Destination, incident: Incident, title: str, *, is_living: bool) -> int | None:
        """Its number; 0 for the chat itself, none while somebody else makes it."""
        chat, now = _chat(destination), self._clock.now()
        found = await self._kept.find(incident.id, chat)
        if found.startswith("?"):
            if int(found[1:]) > (now - MAKING).timestamp() * 1000:
                return None
            await self._kept.settle(incident.id, chat, GENERAL)  # whoever began never came back: there may be one, and no second is made
            return 0
        if found:
            return int(found) if found.isdigit() else 0
        if not is_living or await self._kept.is_plain(chat) or not await self._kept.claim(incident.id, chat, now):
            return 0
        return await self._make(destination, incident, title)

    async def _make(self, destination: Destination, incident: Incident, title: str) -> int:
        async def call() -> str:
            made = await self._bot.create_forum_topic(chat_id=destination.address["chat"], name=_name(incident, title))
            return str(made.message_thread_id)

        outcome, chat = await self._classified(call), _chat(destination)
        if outcome.evidence is Evidence.OK:
            await self._kept.settle(incident.id, chat, outcome.ref)
            return int(outcome.ref)
        is_certain = outcome.evidence in (Evidence.NOT_SENT, Evidence.MOVED, Evidence.DOWN)
        await self._kept.settle(incident.id, chat, "" if is_certain else GENERAL)
        if _NO_FORUM.search(outcome.reason) and await self._kept.note_plain(chat):
            hint = "make it a forum and let the bot manage topics, or write topic: none"
            log.warning("no topics in this chat, messages go to the chat itself", destination=destination.name, reason=outcome.reason, hint=hint)
        return 0

    async def _follow(self, destination: Destination, incident: Incident, title: str) -> None:
        """Closed and named so when the incident is over, open while it lives. What fails now is tried with the next edit."""
        chat, is_over = _chat(destination), incident.state is State.RESOLVED
        topic = await self._kept.find(incident.id, chat)
        if not topic.isdigit() or await self._kept.is_closed(incident.id, chat) is is_over:
            return
        where, thread = destination.address["chat"], int(topic)

        async def rename() -> str:
            await self._bot.edit_forum_topic(where, thread, name=_name(incident, title))
            return ""

        async def turn() -> str:
            await (self._bot.close_forum_topic(where, thread) if is_over else self._bot.reopen_forum_topic(where, thread))
            return ""

        for outcome in (await self._classified(rename), await self._classified(turn)):
            if outcome.evidence is not Evidence.OK and not _UNCHANGED.search(outcome.reason):
                log.warning("the topic does not follow", incident=incident.id, destination=destination.name, reason=outcome.reason)
                return
        await self._kept.note_closed(incident.id, chat, is_closed=is_over)


def _placed(destination: Destination, topic: int) -> Destination:
    return replace(destination, address={**destination.address, "topic": topic, "is_own": 1} if topic else {**destination.address, "topic": "none"})


def _chat(destination: Destination) -> str:
    return str(destination.address["chat"])


def _name(incident: Incident, title: str) -> str:
    mark = "🟢 " if incident.state is State.RESOLVED else ""
    return visible(f"{mark}{incident.id} {title}", LONGEST_NAME)
