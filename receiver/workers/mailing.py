"""One published word to every subscriber of one kind: each gets it at most once by itself, and whoever may have got it is counted apart.

Called by `workers.publisher` through `workers.subscriber_target`. A recipient is claimed in the store before anything is handed over: after a
crash, or an answer that never came, the outcome is unknown and a person decides, except where the far end knows a repetition.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from receiver.channels.base import Evidence, Outcome
from receiver.clock import Clock
from receiver.core.notice import PublicNotice, Update
from receiver.core.notice_rules import NoticeRules
from receiver.core.subscriber import EMAIL, TELEGRAM, Subscriber
from receiver.store.subscribers import Subscribers
from receiver.workers.couriers import Courier, Word

SENT, FAILED, BEGUN, WAITS, LATER, BEFORE = "sent", "failed", "begun", "waits", "later", "before"
AT_ONCE = 8
BUDGET = 15.0  # seconds, well within the lease of a delivery; the rest goes with the next attempt
MOST_TRIES, MOST_MISSES = 8, 5  # attempts at one word (about two hours), words in a row that did not get through
_LATER = (Evidence.NOT_SENT, Evidence.THROTTLED, Evidence.DOWN)
PATIENCE, AT_ONCE_AGAIN = timedelta(minutes=1), timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """How a mailing stands: recipients, words handed over, words refused. `outcome` says whether something is left to do."""

    outcome: Outcome
    total: int
    sent: int
    failed: int
    said: str = ""


class Mailing:
    """`rules` gives the public names in force."""

    def __init__(self, subscribers: Subscribers, courier: Courier, rules: Callable[[], NoticeRules | None], clock: Clock) -> None:
        self._subscribers, self._courier, self._rules, self._clock = subscribers, courier, rules, clock

    async def send(self, notice: PublicNotice, update: Update, key: str, *, language: str = "", again: bool = False) -> Tally:
        """What is not out yet. `key` names the content; `language` limits to its readers; `again`: a person said that words with an unknown
        outcome shall go once more. Raises StoreUnavailableError.
        """
        rules = self._rules()
        readers = await self._subscribers.all(self._courier.kind) if rules and update.texts and not update.is_retracted else []
        wanted = [one for one in readers if one.wants(update.impacts) and language in ("", one.language)]
        counts: Counter[str] = Counter()
        began = self._clock.monotonic()
        for at in range(0, len(wanted), AT_ONCE):
            batch = wanted[at : at + AT_ONCE]
            if rules is None or self._clock.monotonic() >= began + BUDGET:
                counts[LATER] += len(batch)
                continue
            await self._pace(began, counts[SENT])
            what = Word(notice=notice, update=update, key=key, rules=rules)
            counts.update(await asyncio.gather(*(self._tell(what, one, again) for one in batch)))
        said = self._sample(Word(notice=notice, update=update, key=key, rules=rules), {one.language for one in wanted}) if rules else ""
        return Tally(outcome=self._outcome(counts, len(wanted)), total=len(wanted), sent=counts[SENT] + counts[BEFORE], failed=counts[FAILED], said=said)

    def _sample(self, what: Word, languages: Iterable[str]) -> str:
        return "\n\n".join(f"[{language}]\n{self._courier.sample(what, language)}" for language in sorted(languages))

    async def _pace(self, began: float, told: int) -> None:
        """No faster than the far end takes them."""
        ahead = began + told / self._courier.a_second - self._clock.monotonic()
        if ahead > 0 and told > self._courier.a_second:
            await asyncio.sleep(ahead)

    async def _tell(self, what: Word, one: Subscriber, again: bool) -> str:
        """How this word stands now: sent, sent before, failed, begun (nobody knows), or waits."""
        standing = await self._subscribers.begin(what.key, one.id)
        if standing in (SENT, FAILED) or (standing == BEGUN and not (again or self._courier.is_idempotent)):
            return BEFORE if standing == SENT else standing
        outcome = await self._courier.carry(what, one)
        if outcome.evidence is Evidence.OK:
            await self._subscribers.note_said(self._clock.now())
            return await self._ended(what, one, SENT)
        if outcome.evidence is Evidence.DEAD:
            await self._subscribers.ended(what.key, one.id, FAILED)
            await self._drop(one)
            return FAILED
        if outcome.evidence in (Evidence.REFUSED, Evidence.UNEDITABLE, Evidence.MOVED):
            return await self._ended(what, one, FAILED)
        return await self._unsure(what, one, outcome)

    async def _unsure(self, what: Word, one: Subscriber, outcome: Outcome) -> str:
        """It certainly did not go, or nobody knows; a webhook that is never there is left alone in the end."""
        if self._courier.is_idempotent and await self._subscribers.tries(what.key, one.id) >= MOST_TRIES:
            return await self._ended(what, one, FAILED)
        if outcome.evidence in _LATER or self._courier.is_idempotent:
            await self._subscribers.ended(what.key, one.id, "")
            return WAITS
        return BEGUN

    async def _ended(self, what: Word, one: Subscriber, how: str) -> str:
        await self._subscribers.ended(what.key, one.id, how)
        if self._courier.is_idempotent and (how == FAILED or one.misses):
            missed = replace(one, misses=one.misses + 1 if how == FAILED else 0)
            await (self._drop(missed) if missed.misses >= MOST_MISSES else self._subscribers.save(missed))
        return how

    async def _drop(self, one: Subscriber) -> None:
        """What is sent there comes back; who blocked the bot has simply gone, and may come again."""
        await (self._subscribers.remove(one) if one.kind == TELEGRAM else self._subscribers.quarantine(one))

    def _outcome(self, counts: Counter[str], total: int) -> Outcome:
        things = "letters" if self._courier.kind == EMAIL else "messages"
        if counts[WAITS]:
            where = "the mail server" if self._courier.kind == EMAIL else "the far end"
            return Outcome(evidence=Evidence.THROTTLED, reason=f"{counts[WAITS]} of {total} {things} wait for {where}", retry_after=PATIENCE)
        if counts[LATER]:
            return Outcome(evidence=Evidence.THROTTLED, reason=f"{counts[LATER]} of {total} {things} are still to go", retry_after=AT_ONCE_AGAIN)
        if counts[BEGUN]:
            return Outcome(evidence=Evidence.UNKNOWN, reason=f"{counts[BEGUN]} of {total} {things} may have been delivered")
        return Outcome(evidence=Evidence.OK, reason=f"{counts[FAILED]} of {total} {things} were refused" if counts[FAILED] else "")
