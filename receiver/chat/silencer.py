"""Watches the silences that were made here: each ends with its incident, when a new system joins, or when somebody ends it elsewhere.

Every replica runs this; whoever forgets a silence first says so.
"""

import asyncio
from dataclasses import replace

from receiver.channels.base import Message
from receiver.channels.render import to_plain
from receiver.chat.asked import Place
from receiver.chat.post import Post
from receiver.chat.silence_words import labels_text, made_text
from receiver.clients.silences import AlertmanagerError, Alertmanagers
from receiver.clock import Clock
from receiver.core.errors import UnknownIncidentError
from receiver.core.history import TimelineEntry
from receiver.core.incident import Incident, IncidentId
from receiver.rhythm import keep_looking
from receiver.store.incidents import Incidents
from receiver.store.silences import MadeSilence, Silences
from receiver.telemetry.logs import get_logger

EVERY = 10.0
log = get_logger(__name__)
Why = tuple[str, str]


class Silencer:
    """Runs until cancelled."""

    def __init__(self, peers: Alertmanagers, silences: Silences, incidents: Incidents, post: Post, clock: Clock) -> None:
        self._peers, self._silences, self._incidents, self._post, self._clock = peers, silences, incidents, post, clock

    async def run(self) -> None:
        """Loop: look, sleep; whoever is away is asked again."""
        await keep_looking(self.turn, asyncio.sleep, EVERY, log, "store unavailable, silences are looked at later")

    async def turn(self) -> None:
        """Look at each. Raises StoreUnavailableError."""
        for made in (await self._silences.held()).values():
            try:
                why = await self._over(made)
                if why is None:
                    continue
                if made.silence_id and made.until > self._clock.now():
                    await self._peers.expire(made.silence_id)
                await self._tell(made, why)
            except AlertmanagerError as fault:
                log.warning("a silence is looked at later", incident=made.incident_id, error=str(fault))

    async def _over(self, made: MadeSilence) -> Why | None:
        """Why it is, or must be, over (in English and Russian); none while it lasts."""
        if made.until <= self._clock.now():
            return "the silence is over", "тишина закончилась"
        incident = await self._incident(made)
        if incident is None or not incident.is_open:
            return "silence ended with the incident", "тишина снята, инцидент закончился"
        joined = [system for system in incident.systems if system not in made.systems]
        if joined:
            names = ", ".join(joined)
            return f"silence ended early, it spreads: {names}", f"тишина снята раньше, добавилось: {names}"
        if made.silence_id and not await self._peers.is_live(made.silence_id):
            return "silence ended in Alertmanager", "тишину сняли в Alertmanager"
        return None

    async def _incident(self, made: MadeSilence) -> Incident | None:
        try:
            return await self._incidents.load(IncidentId(made.incident_id))
        except UnknownIncidentError:
            return None

    async def _tell(self, made: MadeSilence, why: Why) -> None:
        if not await self._silences.forget(made.id):
            return
        now = self._clock.now()
        entry = TimelineEntry(at=now, reason="silence_over", text=f"{why[0]}: {labels_text(made.labels)}")
        await self._incidents.note(IncidentId(made.incident_id), entry)
        if made.ref:
            text = made_text(made, now, why)
            place = replace(Place(via=made.via, chat=made.chat).destination(), name=made.place)
            await self._post.change(place, made.ref, Message(html=text, plain=to_plain(text)))
