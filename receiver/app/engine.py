"""Builds the only writer of incidents from its parts of the store. Called by `app.build`."""

from receiver.clock import Clock
from receiver.engine import Engine, Nudge, Rules
from receiver.homing import Homing
from receiver.store.admission import Admission
from receiver.store.connection import Client
from receiver.store.homes import Homes
from receiver.store.incidents import Incidents
from receiver.store.keys import Partitions
from receiver.store.neighbours import Neighbours
from receiver.store.promise import Promise
from receiver.store.signals import Sightings
from receiver.store.storms import Storms
from receiver.store.suspects import Suspects
from receiver.vetting import Vetting


def build_engine(client: Client, clock: Clock, at: Partitions, promise: Promise, incidents: Incidents, rules: Rules, nudge: Nudge) -> Engine:
    """Build it without starting anything."""
    vetting, storms, neighbours = (
        Vetting(Sightings(client), Suspects(client), clock),
        Storms(client, at, incidents.questions),
        Neighbours(client, at, promise, incidents),
    )
    homing = Homing(Homes(client, clock, at), at) if len(at) > 1 else None
    return Engine(Admission(client, clock, at, promise), incidents, rules, clock, nudge, vetting, storms, neighbours, homing)
