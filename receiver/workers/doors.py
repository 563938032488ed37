"""Where a wish to subscribe is asked back: a letter with a link, or a challenge to a webhook. Used by `workers.subscriptions` and `workers.couriers`."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Protocol

from receiver.channels.base import Evidence, Outcome
from receiver.channels.letters import Letter, Sender, compose, confirmation, farewell, settings
from receiver.channels.notice_hooks import Hooks
from receiver.clock import Clock
from receiver.core.pledge import Purpose, pledge
from receiver.core.subscriber import Subscriber
from receiver.store.subscribers import Subscribers

LINK_FOR = timedelta(hours=24)
Hand = Callable[[str, str, bytes], Awaitable[Outcome]]  # envelope sender, recipient, letter


class Door(Protocol):
    """One kind of address. `proves`: an invitation that came through is the confirmation. `is_patient`: it is tried again when nobody is there."""

    proves: bool
    is_patient: bool

    async def invite(self, page: str, one: Subscriber) -> Outcome:
        """Did you ask for this?"""
        ...

    async def settings(self, page: str, one: Subscriber) -> Outcome:
        """You are subscribed already; here is where you change it."""
        ...

    async def farewell(self, page: str, one: Subscriber) -> Outcome:
        """You are not subscribed any more."""
        ...


class Pointers:
    """Links of the status page. `key` signs those that may do something, `base_url` is where the page is."""

    def __init__(self, clock: Clock, key: bytes, base_url: str) -> None:
        self._clock, self.key, self._base_url = clock, key, base_url

    def link(self, purpose: Purpose, one: Subscriber, lasts: timedelta | None = None) -> str:
        """An address that may do one thing for one subscriber."""
        until = self._clock.now() + lasts if lasts else None
        return f"{self._base_url}/status/{one.language}/{purpose}/{pledge(self.key, purpose, one.id, until)}"

    def page(self, key: str) -> str:
        """An address of the status page."""
        return f"{self._base_url}/status/{key}"


class Mailroom:
    """Letters. `mailbox` is who writes, `bounces` where letters come back (empty: to the sender)."""

    proves, is_patient = False, True

    def __init__(self, hand: Hand, subscribers: Subscribers, pointers: Pointers, clock: Clock, *, mailbox: str, bounces: str = "") -> None:
        self._hand, self._subscribers, self.pointers, self._clock = hand, subscribers, pointers, clock
        self._mailbox, self._bounces = mailbox, bounces

    async def invite(self, page: str, one: Subscriber) -> Outcome:
        """A letter with a link that confirms."""
        return await self.send(confirmation(page, self.pointers.link(Purpose.CONFIRM, one, LINK_FOR), one.language), one)

    async def settings(self, page: str, one: Subscriber) -> Outcome:
        """A letter with a link to the settings."""
        stop = self.pointers.link(Purpose.UNSUBSCRIBE, one)
        return await self.send(settings(page, self.pointers.link(Purpose.MANAGE, one, LINK_FOR), stop, one.language), one)

    async def farewell(self, page: str, one: Subscriber) -> Outcome:
        """A letter that says so, with a link that undoes it: one member of a list may have decided for all."""
        return await self.send(farewell(page, self.pointers.link(Purpose.CONFIRM, one, LINK_FOR), one.language), one)

    async def send(self, letter: Letter, one: Subscriber) -> Outcome:
        """Hand it over; a mailbox that can't be written is refused."""
        tag = self._subscribers.mark(one.kind, one.address)
        try:
            content = compose(letter, Sender(mailbox=self._mailbox, envelope=""), one.address, tag, self._clock.now())
        except ValueError as fault:
            return Outcome(evidence=Evidence.REFUSED, reason=f"not a letter: {fault}")
        return await self._hand(self._envelope(one), one.address, content)

    def _envelope(self, one: Subscriber) -> str:
        """Variable envelope return path: what comes back says by its address whose letter it was."""
        local, _, domain = self._bounces.partition("@")
        return f"{local}+{pledge(self.pointers.key, Purpose.BOUNCE, one.id)}@{domain}" if domain else ""


class Hookroom:
    """Webhooks of customers: whoever echoes the challenge owns the address, and learns the secret that words will be signed with."""

    proves, is_patient = True, False

    def __init__(self, hooks: Hooks, pointers: Pointers) -> None:
        self._hooks, self._pointers = hooks, pointers

    async def invite(self, page: str, one: Subscriber) -> Outcome:
        """The challenge, which must come back."""
        challenge = pledge(self._pointers.key, Purpose.CONFIRM, one.id)
        body = {"type": "challenge", "challenge": challenge, "secret": self.secret(one), **self._about(page, one)}
        return await self._hooks.challenge(one.address, body, self.secret(one), challenge)

    async def settings(self, page: str, one: Subscriber) -> Outcome:
        """Where it is changed."""
        body = {"type": "settings", **self._about(page, one)}
        return await self._hooks.post(one.address, body, self.secret(one), f"settings-{one.id}")

    async def farewell(self, page: str, one: Subscriber) -> Outcome:
        """A program that unsubscribed knows it."""
        return Outcome(evidence=Evidence.OK)

    def secret(self, one: Subscriber) -> str:
        """What this subscriber checks our signatures with; made from the key, so nothing of it is kept."""
        return hmac.new(self._pointers.key, f"hook secret\n{one.id}".encode(), hashlib.sha256).hexdigest()

    def _about(self, page: str, one: Subscriber) -> dict[str, object]:
        pointers = self._pointers
        return {
            "page": {"name": page, "url": pointers.page(one.language)},
            "manage_url": pointers.link(Purpose.MANAGE, one, LINK_FOR),
            "unsubscribe_url": pointers.link(Purpose.UNSUBSCRIBE, one),
        }
