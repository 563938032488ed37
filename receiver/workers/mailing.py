"""One published word to every mail subscriber: each gets it at most once by itself, and whoever may have got it is counted apart.

Called by `workers.publisher` for channels of kind `email`. A letter is claimed in the store before it is handed over: after a crash, or an
answer that never came, its outcome is unknown and a person decides.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from receiver.channels.base import Evidence, Outcome
from receiver.channels.letters import word
from receiver.clock import Clock
from receiver.core.notice import PublicNotice, Update
from receiver.core.notice_rules import NoticeRules
from receiver.core.pledge import Purpose
from receiver.core.subscriber import Subscriber
from receiver.store.subscribers import Subscribers
from receiver.workers.subscriptions import Mailroom

SENT, FAILED, BEGUN, WAITS, LATER = "sent", "failed", "begun", "waits", "later"
AT_ONCE = 8
BUDGET = 15.0  # seconds, well within the lease of a delivery; the rest goes with the next attempt
_LATER = (Evidence.NOT_SENT, Evidence.THROTTLED, Evidence.DOWN)
PATIENCE, AT_ONCE_AGAIN = timedelta(minutes=1), timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """How a mailing stands: recipients, letters handed over, letters refused. `outcome` says whether something is left to do."""

    outcome: Outcome
    total: int
    sent: int
    failed: int


class Mailing:
    """`rules` gives the public names in force."""

    def __init__(self, subscribers: Subscribers, mailroom: Mailroom, rules: Callable[[], NoticeRules | None], clock: Clock) -> None:
        self._subscribers, self._mailroom, self._rules, self._clock = subscribers, mailroom, rules, clock

    async def send(self, notice: PublicNotice, update: Update, key: str, *, language: str = "", again: bool = False) -> Tally:
        """Letters that are not out yet. `key` names the content; `language` limits to its readers; `again`: a person said that letters
        with an unknown outcome shall go once more. Raises StoreUnavailableError.
        """
        rules = self._rules()
        readers = await self._subscribers.all("email") if rules and update.texts and not update.is_retracted else []
        wanted = [one for one in readers if one.wants(update.impacts) and language in ("", one.language)]
        counts: Counter[str] = Counter()
        until = self._clock.monotonic() + BUDGET
        for batch in (wanted[at : at + AT_ONCE] for at in range(0, len(wanted), AT_ONCE)):
            if rules is None or self._clock.monotonic() >= until:
                counts[LATER] += len(batch)
                continue
            counts.update(await asyncio.gather(*(self._letter(notice, update, key, one, rules, again) for one in batch)))
        return Tally(outcome=_outcome(counts, len(wanted)), total=len(wanted), sent=counts[SENT], failed=counts[FAILED])

    async def _letter(self, notice: PublicNotice, update: Update, key: str, one: Subscriber, rules: NoticeRules, again: bool) -> str:
        """How this letter stands now: sent, failed, begun (nobody knows), or later."""
        standing = await self._subscribers.begin(key, one.id)
        if standing in (SENT, FAILED) or (standing == BEGUN and not again):
            return standing
        link = self._mailroom.page(f"{one.language}/notices/{notice.id}")
        letter = word(notice, update, rules, one.language, link, self._mailroom.link(Purpose.UNSUBSCRIBE, one), self._clock.now())
        outcome = await self._mailroom.send(letter, one, self._subscribers.mark("email", one.address))
        if outcome.evidence is Evidence.OK:
            await self._subscribers.ended(key, one.id, SENT)
            return SENT
        if outcome.evidence in _LATER:
            await self._subscribers.ended(key, one.id, "")
            return WAITS
        if outcome.evidence is Evidence.UNKNOWN:
            return BEGUN
        await self._subscribers.ended(key, one.id, FAILED)
        if outcome.evidence is Evidence.DEAD:
            await self._subscribers.quarantine(one)
        return FAILED


def _outcome(counts: Counter[str], total: int) -> Outcome:
    if counts[WAITS]:
        return Outcome(evidence=Evidence.THROTTLED, reason=f"{counts[WAITS]} of {total} letters wait for the mail server", retry_after=PATIENCE)
    if counts[LATER]:
        return Outcome(evidence=Evidence.THROTTLED, reason=f"{counts[LATER]} of {total} letters are still to go", retry_after=AT_ONCE_AGAIN)
    if counts[BEGUN]:
        return Outcome(evidence=Evidence.UNKNOWN, reason=f"{counts[BEGUN]} of {total} letters may have been delivered")
    return Outcome(evidence=Evidence.OK, reason=f"{counts[FAILED]} of {total} letters were refused" if counts[FAILED] else "")
