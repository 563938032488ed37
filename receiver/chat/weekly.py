"""Tells the week to the chat that the rules name under `digest`: once a week, by whichever replica comes first. Run by `app.run`.

The store keeps what was told, so neither a second replica nor a restart tells it twice. A service that was down at the time tells it
when it is back, within a day; then the week is left out.
"""

from datetime import datetime, timedelta

from receiver.channels.digest import tell
from receiver.channels.view import name_of, views
from receiver.chat.post import Post
from receiver.clock import Clock
from receiver.core.digest import Digest, week_of
from receiver.core.incident import Destination
from receiver.core.statistics import summarize
from receiver.engine import Rules
from receiver.rhythm import keep_looking
from receiver.store.history import History
from receiver.telemetry.logs import get_logger

EVERY = 30.0
LATE = timedelta(days=1)
KEPT = timedelta(days=8)
log = get_logger(__name__)


class Weekly:
    """Runs until cancelled."""

    def __init__(self, rules: Rules, history: History, post: Post, clock: Clock, *, language: str, timezone: str) -> None:
        self._rules, self._history, self._post, self._clock = rules, history, post, clock
        self._language, self._timezone = language, timezone
        self._told = ""

    async def run(self) -> None:
        """Loop: look, sleep; a store that is away is no reason to stop."""
        await keep_looking(self.turn, self._clock.sleep, EVERY, log, "store unavailable, the week is told later")

    async def turn(self) -> None:
        """Tell the week if it is due and nobody did. Raises StoreUnavailableError."""
        book = self._rules.current
        place = book.destinations.get(book.digest.destination) if book.digest else None
        if book.digest is None or place is None:
            return
        zone = place.timezone or self._timezone
        since, until = week_of(book.digest, self._clock.now(), zone)
        name = f"digest:{place.name}:{until.isoformat()}"
        if name == self._told or self._clock.now() - until > LATE:
            return
        if await self._say(name, place, book.digest, since, until):
            self._told = name

    async def _say(self, name: str, place: Destination, digest: Digest, since: datetime, until: datetime) -> bool:
        pasts, is_cut = await self._history.since(since, until)
        found = summarize(pasts, since, until, digest.zone or place.timezone or self._timezone, is_cut=is_cut)
        book, language = self._rules.current, place.language or self._language
        people = {person.id: person.name for person in book.people.values()}
        systems = {service: name_of(service, views(book), language) for service in book.services}
        return await self._post.say(name, place, tell(found, language, people, systems), kept=KEPT)
