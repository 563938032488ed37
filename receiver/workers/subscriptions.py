"""Deals with what people ask on the status page: the question back, limits against abuse, forgetting. Run by `app.run`.

The page only writes the wish down and answers the same to everybody; whether an address is known, blocked or wrong shows in nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import msgspec

from receiver.channels.base import Evidence, Outcome
from receiver.clock import Clock
from receiver.core.errors import StoreUnavailableError
from receiver.core.notice_rules import NoticeRules
from receiver.core.subscriber import EMAIL, Standing, Subscriber
from receiver.store.subscribers import BOUNCED_FOR, Subscribers
from receiver.telemetry.logs import get_logger
from receiver.workers.doors import Door

EVERY = 1.0
CONFIRM_WITHIN = timedelta(hours=24)
LEFT_KEPT = timedelta(days=30)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PER_NETWORK, PER_DOMAIN, PER_HOUR = 6, 60, 500  # questions of one hour that nobody asked for with certainty
PER_SUBSCRIBER = 3  # letters with their own settings, of one day
log = get_logger(__name__)


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What the form said. `network` is the /24 or /64 it came from; `left` is a subscriber who has just gone and is told so."""

    kind: str = EMAIL
    address: str = ""
    language: str = ""
    components: tuple[str, ...] = ()
    network: str = ""
    consent: str = ""
    left: str = ""


class Subscriptions:
    """Runs until cancelled. `doors` are the ways somebody can be asked back, by kind."""

    def __init__(self, subscribers: Subscribers, doors: Mapping[str, Door], rules: Callable[[], NoticeRules | None], clock: Clock) -> None:
        self._subscribers, self._doors, self._rules, self._clock = subscribers, doors, rules, clock
        self._allowed: set[bytes] = set()

    async def run(self) -> None:
        """Loop: deal with what was asked, forget who never answered, sleep."""
        while True:
            await self.look()
            await self._clock.sleep(EVERY)

    async def look(self) -> None:
        """Once; a store that is away or mail that can't be handed over now leaves the wish for later."""
        try:
            while found := await self._subscribers.next_asked():
                raw, said = found
                if not await self._deal(raw, msgspec.json.decode(said, type=Wish)):
                    return
                self._allowed.discard(raw)
                await self._subscribers.drop_asked(raw)
            now = self._clock.now()
            await self._subscribers.forget(now, pending=CONFIRM_WITHIN, left=LEFT_KEPT)
        except StoreUnavailableError as fault:
            log.warning("subscriptions wait, store unavailable", error=str(fault))

    async def _deal(self, raw: bytes, wish: Wish) -> bool:
        """False when it must be tried again."""
        rules = self._rules()
        if rules is None:
            return True
        if wish.left:
            return await self._farewell(wish.left, rules)
        door = self._doors.get(wish.kind)
        if door is None or not wish.address or wish.language not in rules.languages:
            return True
        if raw not in self._allowed and not await self._may(wish):
            log.info("subscription not answered", reason="limit")
            return True
        self._allowed.add(raw)
        known = tuple(name for name in wish.components if name in rules.components)
        one = await self._subscribers.add(wish.kind, wish.address, wish.language, known, wish.consent, self._clock.now())
        if one.standing in (Standing.QUARANTINED, Standing.LEFT):
            return True
        return await self._ask(door, one, wish, rules)

    async def _ask(self, door: Door, one: Subscriber, wish: Wish, rules: NoticeRules) -> bool:
        page = _page(rules, one)
        outcome = await (door.settings(page, one) if one.standing is Standing.ACTIVE else door.invite(page, one))
        if outcome.evidence is Evidence.OK and door.proves and one.standing is Standing.PENDING:
            await self._subscribers.save(replace(one, standing=Standing.ACTIVE, confirmed_at=self._clock.now()))
        if not door.is_patient and outcome.evidence is not Evidence.OK:
            await self._subscribers.remove(one) if one.standing is Standing.PENDING else None
            return True
        if outcome.evidence in (Evidence.REFUSED, Evidence.DEAD):
            await self._subscribers.remove(one) if one.standing is Standing.PENDING else None
            await self._subscribers.cool(wish.kind, wish.address, BOUNCED_FOR)
        return _is_settled(outcome)

    async def _farewell(self, subscriber_id: str, rules: NoticeRules) -> bool:
        """Whoever shares the address learns that it was taken off, and can put it back."""
        one = await self._subscribers.load(subscriber_id)
        door = self._doors.get(one.kind) if one else None
        if one is None or door is None or one.standing is not Standing.LEFT:
            return True
        return _is_settled(await door.farewell(_page(rules, one), one))

    async def _may(self, wish: Wish) -> bool:
        """Every budget is counted, whichever is spent first."""
        now = self._clock.now()
        if await self._subscribers.is_cooling(wish.kind, wish.address):
            return False
        known = await self._subscribers.find(wish.kind, wish.address)
        is_active = known is not None and known.standing is Standing.ACTIVE
        budgets = (
            (f"network {wish.network}", PER_NETWORK, HOUR),
            (f"{'settings' if is_active else 'question'} {wish.address}", PER_SUBSCRIBER if is_active else 1, DAY),
            (f"domain {_domain(wish)}", PER_DOMAIN, HOUR),
            ("everybody", PER_HOUR, HOUR),
        )
        return all([await self._subscribers.is_within(name, most, window, now) for name, most, window in budgets])


def _domain(wish: Wish) -> str:
    host = wish.address.rpartition("@")[2] if wish.kind == EMAIL else urlsplit(wish.address).hostname
    return (host or "").lower()


def _page(rules: NoticeRules, one: Subscriber) -> str:
    return rules.page.names.get(one.language) or next(iter(rules.page.names.values()))


def _is_settled(outcome: Outcome) -> bool:
    return outcome.evidence not in (Evidence.NOT_SENT, Evidence.THROTTLED, Evidence.DOWN)
