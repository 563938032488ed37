"""Decides the firings that `vetting` set aside: Alertmanager's word, or, where it says nothing in time, a page.

A firing that begins no later than a known end is mostly an old one sent again. A peer that holds it settles the matter; when every peer
denies it for the whole wait it is ignored, with a line in the incident's history; when none can be asked it counts. One that has just
started denies what it has not been told yet: it is waited for until it must know, and what truly fires is held by it before that.
"""

from datetime import timedelta

from receiver.clock import Clock
from receiver.core.alert import identify
from receiver.core.history import TimelineEntry
from receiver.core.source import Source
from receiver.engine import Engine, Rules, Trust
from receiver.rhythm import keep_looking
from receiver.sources import loose
from receiver.sources.alertmanager import Webhook
from receiver.store.incidents import Incidents
from receiver.store.suspects import Suspect, Suspects
from receiver.telemetry import metrics
from receiver.telemetry.logs import get_logger
from receiver.workers.peers import YOUNG, Union, is_young
from receiver.workers.reconciler import Reconciler

EVERY = 3.0
IGNORED = "stale_firing_ignored"
_LOOKED_AT = 50
log = get_logger(__name__)


class Suspicion:
    """Runs until cancelled."""

    def __init__(self, suspects: Suspects, reconciler: Reconciler, engine: Engine, incidents: Incidents, rules: Rules, clock: Clock) -> None:
        self._suspects, self._reconciler, self._engine = suspects, reconciler, engine
        self._incidents, self._rules, self._clock = incidents, rules, clock

    async def run(self) -> None:
        """Loop: decide, sleep; a store that is away is no reason to stop."""
        await keep_looking(self.look, self._clock.sleep, EVERY, log, "store unavailable, suspects wait")

    async def look(self) -> None:
        """Decide whatever can be decided now. Raises StoreUnavailableError."""
        by_source: dict[str, list[Suspect]] = {}
        for one in await self._suspects.all():
            by_source.setdefault(one.source, []).append(one)
        for name, held in by_source.items():
            source = self._rules.current.source(name)
            views = await self._reconciler.views(source) if source.peers else []
            union = Union(source, views, None)
            now = self._clock.now()
            is_sure = bool(views) and not any(is_young(view, now) for view in views)
            patience = YOUNG if views else timedelta(0)
            for suspect in held:
                if identify(name, suspect.labels, source.ignore_labels) in union.seen:
                    await self._count(suspect)
                elif now >= suspect.due_at and is_sure:
                    await self._ignore(source, suspect)
                elif now >= suspect.due_at + patience:
                    await self._count(suspect)

    async def _count(self, suspect: Suspect) -> None:
        """It fires. Admitted before it is dropped: whatever happens in between, it is not lost."""
        alert = loose.firing(suspect.labels, suspect.annotations, since=suspect.starts_at)
        webhook = Webhook(receiver=suspect.receiver, group_key="", truncated=0, alerts=[alert])
        await self._engine.admit(suspect.source, webhook, trust=Trust.FULL)
        await self._suspects.drop(suspect)
        metrics.suspects.labels(source=suspect.source, outcome="counted").inc()

    async def _ignore(self, source: Source, suspect: Suspect) -> None:
        identity = identify(source.name, suspect.labels, source.ignore_labels)
        recent = await self._incidents.load_many(await self._incidents.recent(_LOOKED_AT))
        incident = next((one for one in recent if one and identity in one.alerts), None)
        if incident:
            entry = TimelineEntry(at=self._clock.now(), reason=IGNORED, state=incident.state.value, text=suspect.labels.get("alertname", ""))
            await self._incidents.note(incident.id, entry)
        await self._suspects.drop(suspect)
        metrics.suspects.labels(source=suspect.source, outcome="ignored").inc()
        log.info("stale firing ignored", source=source.name, alert=suspect.labels.get("alertname", ""))
