"""Tells what routes collect (`collect` in routes.yaml): one message for each destination at its time, by whichever replica comes first. Run by `app.run`.

The store keeps what was told, so neither a second replica nor a restart tells it twice; what is to be told is read from the incidents
themselves, so nothing is lost with a process. A service that was down at the time tells the last round when it is back.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from receiver.channels.render import Templates
from receiver.channels.view import views
from receiver.channels.view_collected import SHOWN, collected_facts
from receiver.chat.post import Post
from receiver.clock import Clock
from receiver.core.collection import Listed, Round, list_round, rounds, shown
from receiver.core.history import Past
from receiver.core.incident import Incident, IncidentId
from receiver.engine import Rules
from receiver.rhythm import keep_looking
from receiver.store.history import History
from receiver.store.incidents import Incidents
from receiver.telemetry.logs import get_logger

EVERY = 30.0
KEPT = timedelta(days=8)  # no round is longer than a week
BACK = timedelta(days=6)  # what began this long before a round, and is over, is no longer looked for
log = get_logger(__name__)


class Collector:
    """Runs until cancelled."""

    def __init__(
        self, rules: Rules, history: History, incidents: Incidents, post: Post, templates: Templates, clock: Clock, *, language: str, timezone: str
    ) -> None:
        self._rules, self._history, self._incidents, self._post, self._templates, self._clock = rules, history, incidents, post, templates, clock
        self._language, self._timezone = language, timezone
        self._told: dict[str, datetime] = {}

    async def run(self) -> None:
        """Loop: look, sleep; a store that is away is no reason to stop."""
        await keep_looking(self.turn, self._clock.sleep, EVERY, log, "store unavailable, what is collected is told later")

    async def turn(self) -> None:
        """Tell every round that is due and that nobody told. Raises StoreUnavailableError."""
        book, read = self._rules.current, dict[tuple[datetime, datetime], list[Past]]()
        for one in rounds(book, self._clock.now(), self._timezone):
            if self._told.get(one.place.name) == one.until:
                continue
            if (one.since, one.until) not in read:
                read[one.since, one.until], _ = await self._history.since(one.since - BACK, one.until)
            found = list_round(one, read[one.since, one.until], book)
            if found is None or await self._say(one, found):
                self._told[one.place.name] = one.until

    async def _say(self, one: Round, found: Listed) -> bool:
        place, book = one.place, self._rules.current
        language = place.language or self._language
        whole = await self._whole(found)
        facts = collected_facts(whole, views(book), language, place.timezone or self._timezone, one.since, one.until)
        message = self._templates.current.overview("collected", facts, language)
        return await self._post.say(f"collected:{place.name}:{one.until.isoformat()}", place, message, kept=KEPT)

    async def _whole(self, found: Listed) -> Listed:
        """The same, those that are named with their alerts."""
        ids = list(dict.fromkeys(incident.id for incident in shown(found, SHOWN)))
        held: dict[IncidentId, Incident] = {one.id: one for one in await self._incidents.load_many(ids) if one is not None}

        def with_alerts(some: tuple[Incident, ...]) -> tuple[Incident, ...]:
            return tuple(replace(one, alerts=held[one.id].alerts) if one.id in held else one for one in some)

        return replace(found, open=with_alerts(found.open), ended=with_alerts(found.ended), closed=with_alerts(found.closed))
