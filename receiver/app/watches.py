"""Builds what watches others and is watched: Watchdogs, reconciliation, suspects, heartbeats in and out. Called by `app.build`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from receiver.channels.base import Channel
from receiver.channels.telegram import TelegramChannel
from receiver.clients.alertmanager import Alertmanager
from receiver.clock import Clock
from receiver.engine import Engine, Nudge, Rules
from receiver.notice_engine import Senses
from receiver.settings import Settings
from receiver.store.connection import Client
from receiver.store.incidents import Incidents
from receiver.store.keys import Partitions
from receiver.store.promise import Promise
from receiver.store.signals import Sightings
from receiver.store.spool import Spool
from receiver.store.suspects import Suspects
from receiver.store.vitals import Vitals
from receiver.workers.breakglass import BreakGlass
from receiver.workers.canary import Canary
from receiver.workers.confirmation import Confirmer
from receiver.workers.heartbeat import Heartbeat, Surroundings, free_share
from receiver.workers.punctuality import Punctuality
from receiver.workers.reconciler import Reconciler
from receiver.workers.respool import Respool
from receiver.workers.standing import Standing
from receiver.workers.suspicion import Suspicion
from receiver.workers.watchdog import WatchdogWatch


@dataclass(slots=True, kw_only=True)
class Watches:
    """The workers of this kind and what they share."""

    alertmanager: Alertmanager
    vitals: Vitals
    watchdogs: WatchdogWatch
    reconciler: Reconciler
    suspicion: Suspicion
    punctuality: Punctuality
    heartbeat: Heartbeat
    spool: Spool
    respool: Respool
    breakglass: BreakGlass
    senses: Senses

    def workers(self) -> list[Any]:
        """What is to be run; the outward heartbeat only where somebody waits for it."""
        always = [self.watchdogs.run(), self.reconciler.run(), self.suspicion.run(), self.punctuality.run(), self.respool.run(), self.breakglass.run()]
        return [*always, self.heartbeat.run()] if self.heartbeat.is_on else always


def build_watches(
    settings: Settings,
    client: Client,
    promise: Promise,
    partitions: Partitions,
    engine: Engine,
    incidents: Incidents,
    rules: Rules,
    clock: Clock,
    nudge: Nudge,
    standing: Standing,
    channels: dict[str, Channel],
    store_faults: Callable[[], tuple[str, ...]],
    rules_faults: Callable[[], tuple[str, ...]],
) -> Watches:
    """Build them without starting anything."""
    sightings, suspects, vitals, api = Sightings(client), Suspects(client), Vitals(client, partitions, promise), Alertmanager()
    reconciler = Reconciler(api, engine, incidents, sightings, rules, clock)
    url = settings.heartbeat_url.get_secret_value() if settings.heartbeat_url else ""
    spool, bot = Spool(settings.data_dir / "spool"), channels["telegram"]
    telegram = bot if isinstance(bot, TelegramChannel) else None
    canary = Canary(telegram, vitals, clock, settings.canary_chat, settings.language) if telegram and settings.canary_chat else None
    respool = Respool(spool, vitals, engine, rules, clock, store_faults)
    around = Surroundings(store_faults=store_faults, rules_faults=rules_faults, free_disk=lambda: free_share(settings.data_dir))
    return Watches(
        alertmanager=api,
        vitals=vitals,
        watchdogs=WatchdogWatch(sightings, standing, engine, incidents, rules, clock),
        reconciler=reconciler,
        suspicion=Suspicion(suspects, reconciler, engine, incidents, rules, clock),
        punctuality=Punctuality(vitals, standing, rules, clock),
        heartbeat=Heartbeat(url, vitals, engine, nudge, around, clock, telegram, canary=canary),
        spool=spool,
        respool=respool,
        senses=Senses(confirm=Confirmer(reconciler.views, rules, clock).confirm, is_lost=lambda name: _is_lost(engine, name)),
        breakglass=BreakGlass(spool, respool, rules, channels, clock, settings.language),
    )


def _is_lost(engine: Engine, source: str) -> bool:
    signal = engine.signals.current.get(source)
    return signal is not None and signal.lost_at is not None
