"""What is set aside before a webhook's alerts are grouped: Watchdogs, which prove life and open nothing, and firings that may be stale.

Called by `engine.admit` only. A firing is suspect when it begins no later than an end that this process has already been told of:
Alertmanager repeats what it knew at the time of a flush. Only where its API can be asked; everywhere else it counts at once. After a
restart nothing is suspected: the rule fails open, to paging.
"""

from datetime import datetime, timedelta

from receiver.clock import Clock
from receiver.core.alert import AlertId, identify, matched_labels
from receiver.core.instant import LATEST, from_datetime, parse_instant, to_datetime
from receiver.core.rulebook import RuleBook
from receiver.core.source import Source, Watchdog
from receiver.sources.alertmanager import Webhook, WireAlert
from receiver.store.signals import Sightings
from receiver.store.suspects import Suspect, Suspects

PATIENCE = timedelta(seconds=15)
REMEMBERED = 50_000


class Vetting:
    """One process's memory of ends, and the two stores of what is set aside."""

    def __init__(self, sightings: Sightings, suspects: Suspects, clock: Clock) -> None:
        self._sightings, self._suspects, self._clock = sightings, suspects, clock
        self._ended: dict[AlertId, str] = {}
        self._heard: set[tuple[str, str]] = set()

    async def part(self, rules: RuleBook, source: str, webhook: Webhook, *, is_late: bool = False) -> int:
        """Take Watchdogs and suspects out of the webhook; how many. `is_late` suspects every firing: the body is an old one.

        Raises StoreUnavailableError.
        """
        known, watchdog = rules.source(source), rules.watchdog_of(source)
        if watchdog is None and not known.peers:
            return 0
        before = len(webhook.alerts)
        if watchdog:
            is_dog = [is_watchdog(watchdog, rules, source, one) for one in webhook.alerts]
            if any(is_dog):
                found = [one for one, is_one in zip(webhook.alerts, is_dog, strict=True) if is_one and one.status == "firing"]
                webhook.alerts = [one for one, is_one in zip(webhook.alerts, is_dog, strict=True) if not is_one]
                await self._note(known, source, watchdog, found)
        if known.peers:
            if webhook.receiver and (source, webhook.receiver) not in self._heard:
                await self._sightings.hear(source, webhook.receiver)
                self._heard.add((source, webhook.receiver))
            await self._set_aside(source, webhook, is_late=is_late)
        return before - len(webhook.alerts)

    async def _note(self, known: Source, source: str, watchdog: Watchdog, firing: list[WireAlert]) -> None:
        """A webhook proves life as of some time ago: Alertmanager repeats a Watchdog until it times out. Its API says it exactly."""
        if not firing:
            return
        starts = min(max(_instant(one.startsAt) for one in firing), from_datetime(self._clock.now()))
        alive_at = self._clock.now() - watchdog.trails(has_peers=bool(known.peers))
        await self._sightings.see(source, alive_at=alive_at, starts_at=to_datetime(starts), gap=watchdog.interval)

    async def _set_aside(self, source: str, webhook: Webhook, *, is_late: bool) -> None:
        due_at = self._clock.now() + PATIENCE
        suspects: list[Suspect] = []
        kept: list[WireAlert] = []
        for one in webhook.alerts:
            name = identify(source, one.labels)
            if one.status == "resolved":
                self._remember(name, one.startsAt)
            elif one.status == "firing" and (is_late or self._is_stale(name, one.startsAt)):
                suspects.append(_suspect(source, webhook.receiver, one, due_at))
                continue
            else:
                self._ended.pop(name, None)
            kept.append(one)
        if suspects:
            webhook.alerts = kept
            await self._suspects.hold(suspects)

    def _remember(self, name: AlertId, starts_at: str) -> None:
        if len(self._ended) >= REMEMBERED:
            self._ended.clear()
        self._ended[name] = starts_at

    def _is_stale(self, name: AlertId, starts_at: str) -> bool:
        ended = self._ended.get(name)
        return ended is not None and _instant(starts_at) <= _instant(ended)


def _instant(text: str) -> int:
    try:
        return parse_instant(text)
    except ValueError:
        return LATEST  # grouping will refuse it and say why


def _suspect(source: str, receiver: str, one: WireAlert, due_at: datetime) -> Suspect:
    return Suspect(source=source, receiver=receiver, labels=one.labels, annotations=one.annotations, starts_at=one.startsAt, due_at=due_at)


def is_watchdog(watchdog: Watchdog, rules: RuleBook, source: str, one: WireAlert) -> bool:
    """True for an alert that only proves life."""
    told = watchdog.told
    if told and one.labels.get(told[0], "") != told[1]:
        return False
    seen = matched_labels(one.labels, rules.severity(source, one.labels)[0])
    return all(matcher.matches(seen) for matcher in watchdog.matchers)
