"""A storm in virtual time: the twin of `gathering.Gathering` on a shelf. Used by `trial.world`."""

from collections.abc import Callable
from datetime import datetime

from receiver.core.event import Event, Woke
from receiver.core.incident import Incident, IncidentId
from receiver.core.plan import Plan
from receiver.core.rulebook import RuleBook
from receiver.core.storm import GROUP_KEY, first_document
from receiver.gathering import has_news, informed, joined, may_be_told, may_join, pack
from receiver.trial.shelf import Shelf


class Gathered:
    """The storms of one shelf."""

    def __init__(self, shelf: Shelf, rules: RuleBook) -> None:
        self._shelf, self._rules = shelf, rules

    def inform(self, event: Woke, incident: Incident, now: datetime) -> Woke:
        """The event with what is going on around the incident."""
        if not may_join(incident):
            return event
        storm = self._storm()
        since = now - self._rules.noise.storm_within
        opened = [one for one in self._shelf.opened_since(since) if storm is None or one != storm.id]
        return informed(event, len(opened), storm)

    def join(self, plan: Plan, now: datetime) -> Plan:
        """The storm has it now."""
        if not plan.joins:
            return plan
        within = self._rules.noise.storm_within
        before = self._shelf.open_id(GROUP_KEY)
        self._shelf.merge(pack(plan.next, first_document(plan.next, within, now)), now)
        digest = self._shelf.open_id(GROUP_KEY)
        opened = [IncidentId(one) for one in self._shelf.opened_since(now - within)] if digest != before else []
        return joined(plan, IncidentId(digest), [self._shelf.load(one) for one in may_be_told(opened, self._rules.noise)])

    def follow(self, plan: Plan, apply: Callable[[IncidentId, Event], Plan], now: datetime) -> None:
        """The storm learns what became of a member, and members what was done to their storm."""
        if has_news(plan.before, plan.next):
            self._project(plan.next, now)
        for member, event in plan.spread:
            if not self._shelf.holds(member):
                continue
            changed = apply(member, event)
            if changed.next.digest and not has_news(changed.before, changed.next):
                self._project(changed.next, now)

    def _project(self, member: Incident, now: datetime) -> None:
        digest = self._shelf.open_id(GROUP_KEY)
        if digest != member.digest:
            return
        merged, _ = self._shelf.merge(pack(member), now)
        if not merged.is_miss and not merged.changed:
            self._shelf.wake_now(digest, now)

    def _storm(self) -> Incident | None:
        digest = self._shelf.open_id(GROUP_KEY)
        return self._shelf.load(digest) if digest else None
