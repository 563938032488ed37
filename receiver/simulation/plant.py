"""The eight systems as numbers: one `tick` lets time pass and every counter grow. Driven by `server` and by tests. Pure: time comes as an argument."""

import math
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from receiver.simulation.fault import EFFECTS, HEALTHY, Condition, Effect, Fault, QueueCondition
from receiver.simulation.series import Page

ZONE = ZoneInfo("Europe/Moscow")
# Requests per second at the busiest hour, instances, and the pages and actions of each front end and API.
SERVICES: dict[str, tuple[float, int, tuple[str, ...]]] = {
    "internet-shop": (40, 2, ("/", "/catalogue", "/cart", "/checkout")),
    "mes": (8, 1, ("/orders", "/orders/{id}", "/calculation")),
    "shop-api": (60, 2, ("/orders", "/products", "/cart")),
    "crm-api": (10, 1, ("/customers", "/orders")),
    "mes-api": (20, 2, ("/calculation", "/orders/{id}/status")),
}
DATABASES = {"shop-db": 300.0, "mes-db": 120.0}  # transactions per second at the busiest hour
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)  # as OpenTelemetry's HTTP conventions advise
_MEDIAN, _SPREAD = 0.08, 0.6
_DURATION = "http_server_request_duration_seconds"
_GIB = float(1 << 30)
_DISK = 500 * _GIB
_CORES, _LIMIT = 2.0, 2 * _GIB
_LETTER = 4096.0  # bytes of a message


def demand(now: datetime) -> float:
    """Share of the busiest hour's load at this instant: quiet at four in the morning, busiest at four in the afternoon, Moscow time."""
    local = now.astimezone(ZONE)
    hours = local.hour + local.minute / 60
    return 0.25 + 0.75 * (1 + math.cos((hours - 16) / 12 * math.pi)) / 2


@cache
def answered_within(seconds: float, slowness: float) -> float:
    """Share of requests answered within so many seconds: log-normal about a median of 80 ms times `slowness`."""
    return 0.5 * (1 + math.erf(math.log(seconds / (_MEDIAN * slowness)) / (_SPREAD * math.sqrt(2))))


class Plant:
    """State of all exporters. `speed` is how much faster than real time slow things go (a disk that fills, a queue that grows)."""

    def __init__(self, speed: float = 1.0) -> None:
        """All healthy."""
        self.speed = speed
        self.faults: set[Fault] = set()
        self.pages: dict[str, Page] = {}
        self.queue_depth, self.dead_letters = 40.0, 0.0
        self.disk_free = dict.fromkeys(DATABASES, 0.6)

    @property
    def is_down(self) -> bool:
        """Whether no target answers at all."""
        return any(effect.is_everything_down for effect in self._effects())

    def page(self, path: str) -> Page:
        """The target with this path, made when first asked for."""
        return self.pages.setdefault(path, Page())

    def tick(self, now: datetime, passed: timedelta) -> None:
        """Let so much real time pass."""
        seconds, load = passed.total_seconds(), demand(now)
        for service, (peak, instances, routes) in SERVICES.items():
            for number in range(1, instances + 1):
                self._serve(service, number, peak * load / instances * seconds, routes, load)
                self._run(service, f"{service}-{number}", seconds, self._condition(service))
        self._run("message-queue", "rabbitmq-1", seconds, HEALTHY)
        for database, peak in DATABASES.items():
            self._store(database, peak * load * seconds, seconds)
        self._carry(20 * load * seconds, seconds)

    def _effects(self) -> list[Effect]:
        return [EFFECTS[fault] for fault in sorted(self.faults)]

    def _condition(self, system: str) -> Condition:
        return next((effect.systems[system] for effect in self._effects() if system in effect.systems), HEALTHY)

    def _queue(self) -> QueueCondition:
        return next((effect.queue for effect in self._effects() if effect.queue != QueueCondition()), QueueCondition())

    def _serve(self, service: str, number: int, requests: float, routes: tuple[str, ...], load: float) -> None:
        page, condition = self.page(f"services/{service}/{number}"), self._condition(service)
        for route in routes:
            share = requests / len(routes)
            for status, part in (("200", 1 - condition.errors), ("500", condition.errors)):
                labels = {"http_request_method": "GET", "http_route": route, "http_response_status_code": status}
                for le in BUCKETS:
                    page.count(f"{_DURATION}_bucket", share * part * answered_within(le, condition.slowness), le=str(le), **labels)
                page.count(f"{_DURATION}_bucket", share * part, le="+Inf", **labels)
                page.count(f"{_DURATION}_count", share * part, **labels)
                page.count(f"{_DURATION}_sum", share * part * _MEDIAN * condition.slowness * math.exp(_SPREAD**2 / 2), **labels)
        page.show("http_server_active_requests", min(64.0, 4 * load * condition.slowness), http_request_method="GET")
        page.show("alexandrite_sessions_active", round(180 * load))
        page.show("alexandrite_users_active", round(150 * load))
        page.show("alexandrite_workers_max", 64)

    def _run(self, service: str, name: str, seconds: float, condition: Condition) -> None:
        page, labels = (
            self.page("containers/1"),
            {"name": name, "container_label_alexandrite_service": service, "image": "alexandrite", "id": f"/docker/{name}"},
        )
        page.count("container_cpu_usage_seconds_total", condition.cpu * _CORES * seconds, **labels)
        page.show("container_spec_cpu_quota", 100_000 * _CORES, **labels)
        page.show("container_spec_cpu_period", 100_000, **labels)
        page.count("container_cpu_cfs_periods_total", 10 * seconds, **labels)
        page.count("container_cpu_cfs_throttled_periods_total", 10 * seconds * condition.throttled, **labels)
        page.show("container_memory_working_set_bytes", condition.memory * _LIMIT, **labels)
        page.show("container_spec_memory_limit_bytes", _LIMIT, **labels)
        page.count("container_network_receive_bytes_total", 200_000 * seconds, interface="eth0", **labels)
        page.count("container_network_transmit_bytes_total", 900_000 * seconds, interface="eth0", **labels)

    def _store(self, database: str, transactions: float, seconds: float) -> None:
        condition = self._condition(database)
        page, db = self.page(f"postgres/{database}/1"), {"datname": database.replace("-", "_")}
        page.show("pg_up", 1)
        page.show("pg_settings_max_connections", 103)
        page.show("pg_settings_superuser_reserved_connections", 3)
        page.show("pg_stat_activity_count", round(100 * condition.connections), state="active", **db)
        page.count("pg_stat_database_xact_commit", transactions * 0.998, **db)
        page.count("pg_stat_database_xact_rollback", transactions * 0.002, **db)
        page.count("pg_stat_database_deadlocks", 0, **db)
        page.show("pg_database_size_bytes", 0.3 * _DISK, **db)
        slow = condition.slow_queries_per_minute / 60 * seconds
        for query, calls, mean in (("4711", transactions * 3, 0.004 * condition.slowness), ("815", slow, 3.0)):
            page.count("pg_stat_statements_calls_total", calls, queryid=query, user="app", **db)
            page.count("pg_stat_statements_seconds_total", calls * mean, queryid=query, user="app", **db)
        self._machine(database, seconds, condition)

    def _machine(self, database: str, seconds: float, condition: Condition) -> None:
        filled = condition.disk_filled_per_hour
        self.disk_free[database] = max(0.0, min(self.disk_free[database], 0.35) - filled * seconds * self.speed / 3600) if filled else 0.6
        page, disk = self.page(f"machines/{database}/1"), {"mountpoint": "/var/lib/postgresql", "device": "/dev/nvme1n1", "fstype": "ext4"}
        for mode, share in (("idle", 1 - condition.cpu), ("user", condition.cpu)):
            page.count("node_cpu_seconds_total", share * seconds, cpu="0", mode=mode)
        page.show("node_memory_MemTotal_bytes", 64 * _GIB)
        page.show("node_memory_MemAvailable_bytes", 64 * _GIB * (1 - condition.memory))
        page.count("node_disk_io_time_seconds_total", condition.disk_io * seconds, device="nvme1n1")
        page.show("node_filesystem_size_bytes", _DISK, **disk)
        page.show("node_filesystem_avail_bytes", self.disk_free[database] * _DISK, **disk)

    def _carry(self, published: float, seconds: float) -> None:
        queue, page = self._queue(), self.page("rabbitmq/message-queue/1")
        consumed = published * queue.consumed
        self.dead_letters = self.dead_letters + queue.dead_per_second * seconds if queue.dead_per_second else 0.0
        self.queue_depth = max(self.queue_depth, queue.backlog) + (published - consumed) * self.speed if queue.consumed < 1 else queue.backlog
        for name, amount in (("received", published), ("routed", published), ("delivered", consumed), ("acknowledged", consumed)):
            page.count(f"rabbitmq_global_messages_{name}_total", amount, protocol="amqp091")
        for reason in ("rejected", "expired", "maxlen", "delivery_limit"):
            dead = queue.dead_per_second * seconds if reason == "rejected" else 0.0
            page.count(f"rabbitmq_global_messages_dead_lettered_{reason}_total", dead, queue_type="rabbit_quorum_queue", dead_letter_strategy="at_least_once")
        for name, depth, consumers in (
            ("orders.new", self.queue_depth, queue.consumers),
            ("orders.status", 12, 4),
            ("orders.dead", math.ceil(self.dead_letters), 0),
        ):
            page.show("rabbitmq_queue_messages", round(depth), queue=name, vhost="/")
            page.show("rabbitmq_queue_messages_ready", round(depth * 0.9), queue=name, vhost="/")
            page.show("rabbitmq_queue_messages_unacked", min(200, round(depth * 0.1)), queue=name, vhost="/")
            page.show("rabbitmq_queue_messages_bytes", round(depth) * _LETTER, queue=name, vhost="/")
            page.show("rabbitmq_queue_consumers", consumers, queue=name, vhost="/")
        for name, came, went in (("orders.new", 0.8 * published, 0.8 * consumed), ("orders.status", 0.2 * published, 0.2 * consumed)):
            channel = {"channel": "<rabbit@mq.1.815.0>", "vhost": "/", "queue": name}
            page.count("rabbitmq_queue_messages_published_total", came, exchange="orders", **channel)
            page.count("rabbitmq_channel_messages_acked_total", went, **channel)
        page.show("rabbitmq_connections", 64)
        page.show("rabbitmq_channels", 180)
        page.show("rabbitmq_process_resident_memory_bytes", 0.3 * 4 * _GIB + round(self.queue_depth) * _LETTER)
        page.show("rabbitmq_resident_memory_limit_bytes", 4 * _GIB)
        page.show("rabbitmq_disk_space_available_bytes", 120 * _GIB)
