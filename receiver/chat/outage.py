"""Tells the admins once when somebody, a chat or a whole channel can't be reached, and once when it works again. Called by `app.run`.

Every replica runs this; the store keeps what stands and what was told. Admins are the fallback of the rules: where what can't be delivered
goes. Where that is what can't be reached, the people who are admins hear it themselves.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta

from receiver.channels.base import Message, Outcome
from receiver.channels.outage_words import begun, ended
from receiver.channels.render import to_plain
from receiver.chat.post import Post
from receiver.clock import Clock
from receiver.core.destination import Destination
from receiver.core.escalation import ways_of
from receiver.core.incident import Incident
from receiver.core.outage import Outage
from receiver.core.rulebook import RuleBook
from receiver.engine import Rules
from receiver.rhythm import keep_looking
from receiver.store.outages import Outages
from receiver.telemetry.logs import get_logger

EVERY = 5.0
WORTH_TELLING = timedelta(seconds=60)  # a shorter outage of a whole channel is nobody's business
KEPT = timedelta(days=400)
Learn = Callable[[str, Outcome], Awaitable[None]]
Missed = Callable[[Outage], Awaitable[Sequence[Incident]]]
log = get_logger(__name__)


class OutageTeller:
    """Runs until cancelled. `asks` are channels that answer a question which nobody hears, `learn` takes what they answered.

    `missed` are the incidents of which a channel says nothing any more: they were over before it worked again.
    """

    def __init__(
        self,
        outages: Outages,
        rules: Rules,
        post: Post,
        clock: Clock,
        asks: Mapping[str, Callable[[], Awaitable[Outcome]]],
        learn: Learn,
        missed: Missed,
        *,
        language: str,
        timezone: str,
    ) -> None:
        self._outages, self._rules, self._post, self._clock = outages, rules, post, clock
        self._asks, self._learn, self._missed, self._language, self._timezone = asks, learn, missed, language, timezone
        self._said: set[str] = set()

    async def run(self) -> None:
        """Loop: look, sleep; a store that is away is no reason to stop."""
        await keep_looking(self.turn, self._clock.sleep, EVERY, log, "store unavailable, outages are told later")

    async def turn(self) -> None:
        """Tell what is due. Raises StoreUnavailableError."""
        book = self._rules.current
        known = {place.spot for place in places_of(book)}
        for outage in tuple((await self._outages.refresh()).values()):
            if outage.is_channel and outage.channel in self._asks:
                await self._learn(outage.channel, await self._asks[outage.channel]())
            if not outage.is_channel and outage.key not in known:
                await self._outages.forget(outage.key)
            elif outage.key in self._outages.standing:
                await self._begin(book, outage)
        for outage in await self._outages.over():
            if await self._end(book, outage):
                await self._outages.told(outage)

    async def _begin(self, book: RuleBook, outage: Outage) -> None:
        now = self._clock.now()
        if outage.is_channel and now - outage.since < WORTH_TELLING:
            return
        for place in self._admins(book, outage):
            text = begun(outage, instead_of(book, outage, tuple(self._outages.standing)), self._language_of(place), place.timezone or self._timezone, now)
            await self._say(f"outage:{outage.identity}:{place.name}", place, text)

    async def _end(self, book: RuleBook, outage: Outage) -> bool:
        """True when nothing remains to be told."""
        if outage.is_channel and outage.over_at and outage.over_at - outage.since < WORTH_TELLING:
            return True
        is_told, missed = True, await self._missed(outage) if outage.is_channel else ()
        for place in self._admins(book, outage, is_over=True):
            text = ended(outage, self._language_of(place), place.timezone or self._timezone, missed)
            is_told = await self._say(f"outage:{outage.identity}:{place.name}:over", place, text) and is_told
        return is_told

    async def _say(self, identity: str, place: Destination, text: str) -> bool:
        if identity not in self._said and await self._post.say(identity, place, Message(html=text, plain=to_plain(text)), kept=KEPT):
            self._said.add(identity)
        return identity in self._said

    def _admins(self, book: RuleBook, outage: Outage, *, is_over: bool = False) -> Sequence[Destination]:
        """Who hears of it: what is out of reach itself hears nothing before it is back."""
        gone = set(self._outages.standing) | ({outage.key} if not is_over else set())
        reached = [place for place in book.fallback_destinations() if place.spot not in gone and place.channel not in gone]
        if reached:
            return reached
        admins = [person for person in book.people.values() if "admin" in person.roles]
        ways = [
            next((way.destination for way in ways_of(one) if way.destination.spot not in gone and way.destination.channel not in gone), None) for one in admins
        ]
        return [place for place in ways if place is not None]

    def _language_of(self, place: Destination) -> str:
        return place.language or self._language


def places_of(book: RuleBook) -> tuple[Destination, ...]:
    """Every place that these rules know: destinations, and the ways of people."""
    return (*book.destinations.values(), *(way.destination for person in book.people.values() for way in ways_of(person)))


def instead_of(book: RuleBook, outage: Outage, gone: Sequence[str]) -> tuple[str, ...]:
    """Where its messages go: a person's other channels, or the fallback."""
    if outage.person:
        person = book.people.get(outage.person)
        ways = [way.destination for way in ways_of(person)] if person else []
        return tuple(dict.fromkeys(one.channel for one in ways if one.spot not in gone and one.channel not in gone))
    return tuple(place.name for place in book.fallback_destinations() if place.spot not in gone)
