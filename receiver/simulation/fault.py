"""What can be broken in the simulated Alexandrite, and what each fault does to its numbers. Read by `plant`; people choose by name."""

from dataclasses import dataclass, field
from enum import StrEnum


class Fault(StrEnum):
    """Names as they stand in the address that switches them."""

    SHOP_API_ERRORS = "shop-api-errors"
    MES_API_EXHAUSTED = "mes-api-exhausted"
    SHOP_DB_POOL = "shop-db-pool"
    SLOW_QUERIES = "slow-queries"
    DISK_FILLING = "disk-filling"
    QUEUE_BACKING_UP = "queue-backing-up"
    DEAD_LETTERS = "dead-letters"
    CONSUMERS_GONE = "consumers-gone"
    EVERYTHING_DOWN = "everything-down"


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """How one system does. Shares are between 0 and 1; `slowness` multiplies every duration; `per_hour` is in shares of the disk."""

    errors: float = 0.0004
    slowness: float = 1.0
    cpu: float = 0.35
    memory: float = 0.5
    throttled: float = 0.01
    connections: float = 0.3
    disk_io: float = 0.2
    slow_queries_per_minute: float = 0.5
    disk_filled_per_hour: float = 0.0
    is_down: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueCondition:
    """How the broker does: `consumed` is the share of what is published that is also read, `dead_per_second` letters nobody can process,
    `backlog` messages that wait already when it begins."""

    consumed: float = 1.0
    consumers: int = 6
    dead_per_second: float = 0.0
    backlog: float = 40.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """Systems that differ from a healthy day."""

    what: str
    systems: dict[str, Condition] = field(default_factory=dict)
    queue: QueueCondition = field(default_factory=QueueCondition)
    is_everything_down: bool = False


HEALTHY = Condition()
EFFECTS: dict[Fault, Effect] = {
    Fault.SHOP_API_ERRORS: Effect(
        what="a bad release of the Shop API: 7.8 % of responses are HTTP 500, the shop shows half of them",
        systems={"shop-api": Condition(errors=0.078), "internet-shop": Condition(errors=0.035)},
    ),
    Fault.MES_API_EXHAUSTED: Effect(
        what="order calculations take all CPU and memory of the MES API",
        systems={"mes-api": Condition(cpu=0.98, memory=0.97, throttled=0.5, slowness=8)},
    ),
    Fault.SHOP_DB_POOL: Effect(
        what="the Shop DB has no connection left: the Shop API fails, and the shop with it",
        systems={"shop-db": Condition(connections=1.0), "shop-api": Condition(errors=0.12), "internet-shop": Condition(errors=0.06)},
    ),
    Fault.SLOW_QUERIES: Effect(
        what="a query without its index: slow queries, a busy disk, a slow Shop API",
        systems={"shop-db": Condition(slow_queries_per_minute=20, slowness=60, disk_io=0.88), "shop-api": Condition(slowness=5)},
    ),
    Fault.DISK_FILLING: Effect(what="old files are not deleted: the disk of the MES DB fills", systems={"mes-db": Condition(disk_filled_per_hour=0.12)}),
    Fault.QUEUE_BACKING_UP: Effect(what="consumers take three quarters of what is published", queue=QueueCondition(consumed=0.75, backlog=9_800)),
    Fault.DEAD_LETTERS: Effect(what="a new message format that nobody can read: dead letters", queue=QueueCondition(dead_per_second=0.1)),
    Fault.CONSUMERS_GONE: Effect(what="nobody reads the queue of new orders", queue=QueueCondition(consumed=0, consumers=0)),
    Fault.EVERYTHING_DOWN: Effect(what="the machine room is dark", is_everything_down=True),
}
