"""Deals with what people ask on the status page: the letter that asks back, limits against abuse, forgetting. Run by `app.run`.

The page only writes the wish down and answers the same to everybody; whether an address is known, blocked or wrong shows in nothing.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import msgspec

from receiver.channels.base import Evidence, Outcome
from receiver.channels.letters import Letter, Sender, compose, confirmation, settings
from receiver.clock import Clock
from receiver.core.errors import StoreUnavailableError
from receiver.core.notice_rules import NoticeRules
from receiver.core.pledge import Purpose, pledge
from receiver.core.subscriber import Standing, Subscriber
from receiver.store.subscribers import BOUNCED_FOR, Subscribers
from receiver.telemetry.logs import get_logger

Hand = Callable[[str, str, bytes], Awaitable[Outcome]]  # envelope sender, recipient, letter
EVERY = 1.0
CONFIRM_WITHIN = timedelta(hours=48)
SETTINGS_FOR = timedelta(hours=24)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PER_NETWORK, PER_DOMAIN, PER_HOUR = 6, 60, 500  # letters of one hour that nobody asked for with certainty
PER_SUBSCRIBER = 3  # letters with their own settings, of one day
log = get_logger(__name__)


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What the form said. `network` is the /24 or /64 it came from."""

    address: str = ""
    language: str = ""
    components: tuple[str, ...] = ()
    network: str = ""
    consent: str = ""


class Mailroom:
    """Letters and the links in them. `key` signs links, `base_url` is where the status page is, `bounces` where letters come back (empty: to the sender)."""

    def __init__(self, hand: Hand, clock: Clock, key: bytes, *, base_url: str, mailbox: str, bounces: str = "") -> None:
        self._hand, self._clock, self._key = hand, clock, key
        self._base_url, self._mailbox, self._bounces = base_url, mailbox, bounces

    def link(self, purpose: Purpose, one: Subscriber, lasts: timedelta | None = None) -> str:
        """An address that may do one thing for one subscriber."""
        until = self._clock.now() + lasts if lasts else None
        return f"{self._base_url}/status/{one.language}/{purpose}/{pledge(self._key, purpose, one.id, until)}"

    def page(self, key: str) -> str:
        """An address of the status page."""
        return f"{self._base_url}/status/{key}"

    async def send(self, letter: Letter, one: Subscriber, tag: str) -> Outcome:
        """Hand it over; a mailbox that can't be written is refused."""
        try:
            content = compose(letter, Sender(mailbox=self._mailbox, envelope=""), one.address, tag, self._clock.now())
        except ValueError as fault:
            return Outcome(evidence=Evidence.REFUSED, reason=f"not a letter: {fault}")
        return await self._hand(self._envelope(one), one.address, content)

    def _envelope(self, one: Subscriber) -> str:
        """Variable envelope return path: what comes back says by its address whose letter it was."""
        local, _, domain = self._bounces.partition("@")
        return f"{local}+{pledge(self._key, Purpose.BOUNCE, one.id)}@{domain}" if domain else ""


class Subscriptions:
    """Runs until cancelled."""

    def __init__(self, subscribers: Subscribers, mailroom: Mailroom, rules: Callable[[], NoticeRules | None], clock: Clock) -> None:
        self._subscribers, self._mailroom, self._rules, self._clock = subscribers, mailroom, rules, clock
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
            await self._subscribers.forget_pending(self._clock.now() - CONFIRM_WITHIN)
        except StoreUnavailableError as fault:
            log.warning("subscriptions wait, store unavailable", error=str(fault))

    async def _deal(self, raw: bytes, wish: Wish) -> bool:
        """False when it must be tried again."""
        rules = self._rules()
        if rules is None or not wish.address or wish.language not in rules.languages:
            return True
        if raw not in self._allowed and not await self._may(wish):
            log.info("subscription not answered", reason="limit")
            return True
        self._allowed.add(raw)
        known = tuple(name for name in wish.components if name in rules.components)
        one = await self._subscribers.add("email", wish.address, wish.language, known, wish.consent, self._clock.now())
        if one.standing is Standing.QUARANTINED:
            return True
        page = rules.page.names.get(one.language) or next(iter(rules.page.names.values()))
        if one.standing is Standing.ACTIVE:
            stop = self._mailroom.link(Purpose.UNSUBSCRIBE, one)
            letter = settings(page, self._mailroom.link(Purpose.MANAGE, one, SETTINGS_FOR), stop, one.language)
        else:
            letter = confirmation(page, self._mailroom.link(Purpose.CONFIRM, one, CONFIRM_WITHIN), one.language)
        outcome = await self._mailroom.send(letter, one, self._subscribers.mark("email", one.address))
        if outcome.evidence in (Evidence.REFUSED, Evidence.DEAD):
            await self._subscribers.remove(one) if one.standing is Standing.PENDING else None
            await self._subscribers.cool("email", wish.address, BOUNCED_FOR)
        return outcome.evidence not in (Evidence.NOT_SENT, Evidence.THROTTLED, Evidence.DOWN)

    async def _may(self, wish: Wish) -> bool:
        """Every budget is counted, whichever is spent first."""
        now, domain = self._clock.now(), wish.address.rpartition("@")[2].lower()
        if await self._subscribers.is_cooling("email", wish.address):
            return False
        known = await self._subscribers.find("email", wish.address)
        is_active = known is not None and known.standing is Standing.ACTIVE
        budgets = (
            (f"network {wish.network}", PER_NETWORK, HOUR),
            (f"{'settings' if is_active else 'question'} {wish.address}", PER_SUBSCRIBER if is_active else 1, DAY),
            (f"domain {domain}", PER_DOMAIN, HOUR),
            ("everybody", PER_HOUR, HOUR),
        )
        return all([await self._subscribers.is_within(name, most, window, now) for name, most, window in budgets])
