"""One way to connect, and what the connected server can promise. Used by `app` and `doctor`."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast
from urllib.parse import unquote, urlsplit

import hiredis
from redis.asyncio import BlockingConnectionPool, Redis, RedisCluster
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import RedisError, ResponseError

from receiver.core.errors import StoreUnavailableError
from receiver.store.cluster import CLUSTER, PARTITIONS, connect_cluster, nodes_of
from receiver.store.keys import META, Partitions

CONNECTIONS = 32
SENTINEL = "redis+sentinel://"
COMMAND_TIMEOUT = 2.0
Client = Redis
_LIMITS: Mapping[str, Any] = {
    "max_connections": CONNECTIONS,
    "socket_timeout": COMMAND_TIMEOUT,
    "socket_connect_timeout": 1,
    "retry": Retry(NoBackoff(), 0),
    "health_check_interval": 0,
}
_NODE_LIMITS: Mapping[str, Any] = {**_LIMITS, "max_connections": 256}  # a node's pool raises when it is full, it can't wait


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreReport:
    """What the server is and what it promises; each fault says what to do."""

    kind: str
    version: str
    appendonly: str
    appendfsync: str
    maxmemory_policy: str
    replicas: int
    has_waitaof: bool
    faults: tuple[str, ...]
    masters: int = 1


def connect(url: str) -> Redis:
    """A bounded pool without retries: the library's own would run a write again whose answer was lost.

    `redis://` `rediss://` `unix://`, `redis+cluster://HOST:PORT,HOST:PORT`, or `redis+sentinel://HOST:PORT,HOST:PORT/SERVICE[/DB]`, whose pool asks the sentinels for the
    master at every new connection and forgets the old one when it says that it is read-only. Raises ValueError for any other form.
    """
    if url.startswith(CLUSTER):
        return cast(Redis, connect_cluster(url, _NODE_LIMITS))  # it answers to the same commands
    if url.startswith(SENTINEL):
        return Redis.from_pool(_sentinel_pool(url))
    return Redis.from_pool(BlockingConnectionPool.from_url(url, **_LIMITS, timeout=2))


class _SentinelPool(SentinelConnectionPool, BlockingConnectionPool):
    """The library's pool raises when it is full; under load a caller waits instead. Closing it closes the sentinels' connections too."""

    async def disconnect(self, inuse_connections: bool = True) -> None:
        await super().disconnect(inuse_connections)
        if inuse_connections:
            for sentinel in self.sentinel_manager.sentinels:
                await sentinel.aclose()


def _sentinel_pool(url: str) -> _SentinelPool:
    parts = urlsplit(url)
    service, _, database = parts.path.strip("/").partition("/")
    hosts = [_host(text) for text in parts.netloc.rpartition("@")[2].split(",") if text]
    if not service or not hosts:
        raise ValueError(f"write {SENTINEL}HOST:26379,HOST:26379/SERVICE")
    named = {"username": unquote(parts.username) if parts.username else None, "password": unquote(parts.password) if parts.password else None}
    watch = Sentinel(hosts, sentinel_kwargs={**_LIMITS, "socket_timeout": 1})  # type: ignore[no-untyped-call]
    return _SentinelPool(service, watch, **_LIMITS, timeout=2, db=int(database or 0), **named)  # type: ignore[no-untyped-call]


def _host(text: str) -> tuple[str, int]:
    name, _, port = text.rpartition(":") if not text.endswith("]") and ":" in text else (text, "", "26379")
    return name.strip("[]"), int(port)


class Line:
    """One connection of the pool, kept for a caller whose commands must keep their order.

    The pool and the client around it start a task and set three timers for every command, which costs more than the command.
    Several commands may be under way: each is sent at once and answered after those before it. It is closed with the client.
    """

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._connection: Any = None
        self._losses = 0  # of the connection
        self._sending = asyncio.Lock()
        self._reading = asyncio.Lock()  # locks are fair: whoever sent first reads first
        self._under_way = 0

    async def execute_command(self, *words: Any) -> Any:
        """Send and wait for the answer, two seconds at most, without a second try; raises RedisError, OSError, TimeoutError."""
        packed, losses = hiredis.pack_command(words), self._losses
        self._under_way += 1
        try:
            async with asyncio.timeout(COMMAND_TIMEOUT):
                async with self._sending:
                    connection, losses = await self._ready(), self._losses
                    await connection.send_packed_command(packed, check_health=False)
                async with self._reading:
                    if self._losses != losses:
                        raise Disconnected("the connection was lost under way")
                    return await connection.read_response()
        except ResponseError:
            raise
        except BaseException:
            if self._losses == losses:
                self._losses += 1  # whatever else is under way has lost its answer
                if self._connection:
                    await self._connection.disconnect(nowait=True)
            raise
        finally:
            self._under_way -= 1

    async def _ready(self) -> Any:
        if self._connection is None:
            self._connection = await self._client.connection_pool.get_connection()  # type: ignore[no-untyped-call]
            self._connection.socket_timeout = None  # the timer around all of it is enough
        if self._under_way == 1 and self._connection.is_connected and await self._connection.can_read():
            await self._connection.disconnect()  # the server hung up, or says what nobody asked
        await self._connection.connect()
        return self._connection

    def pipeline(self, *, transaction: bool) -> Any:
        """Several commands in one trip, by the pool."""
        return self._client.pipeline(transaction=transaction)


def partitions_for(url: str) -> Partitions:
    """How many partitions a store at this address has: it is fixed for good when the store is first used."""
    return Partitions(PARTITIONS if url.startswith(CLUSTER) else 1)


async def fix_partitions(client: Redis, partitions: Partitions) -> None:
    """Keep their number in the store, unless one is kept already. Raises StoreUnavailableError."""
    try:
        await client.hsetnx(META, "partitions", str(len(partitions)))
    except (RedisError, OSError, TimeoutError) as fault:
        raise StoreUnavailableError(f"{type(fault).__name__}: {fault}") from fault


async def check_partitions(client: Redis, partitions: Partitions) -> str:
    """The fault when the store was laid out in another number, else empty. Raises StoreUnavailableError."""
    try:
        found = int(await client.hget(META, "partitions") or len(partitions))
    except (RedisError, OSError, TimeoutError) as fault:
        raise StoreUnavailableError(f"{type(fault).__name__}: {fault}") from fault
    if found == len(partitions):
        return ""
    return f"the store is laid out in {found} partitions and this address asks for {len(partitions)}: use the kind of address it was first used by"


async def inspect(client: Redis) -> StoreReport:
    """Ask the server, or every master of a cluster: it promises what the weakest does. Raises StoreUnavailableError."""
    if not isinstance(client, RedisCluster):
        return await _inspect(client)
    try:
        await client.initialize()
        nodes = nodes_of(client, _LIMITS)
    except (RedisError, OSError, TimeoutError) as fault:
        raise StoreUnavailableError(f"{type(fault).__name__}: {fault}") from fault
    try:
        reports = [await _inspect(node) for node in nodes]
    finally:
        for node in nodes:
            await node.aclose()
    return replace(
        max(reports, key=lambda report: len(report.faults)),
        replicas=min(report.replicas for report in reports),
        has_waitaof=all(report.has_waitaof for report in reports),
        masters=len(reports),
    )


async def _inspect(client: Redis) -> StoreReport:
    try:
        info: Mapping[str, Any] = await client.info("all")
        try:
            config: Mapping[Any, Any] = await client.config_get("append*", "maxmemory-policy")
        except ResponseError:
            config = {}
        waitaof = await _has_waitaof(client)
    except (RedisError, OSError, TimeoutError) as fault:
        raise StoreUnavailableError(f"{type(fault).__name__}: {fault}") from fault
    kind = "valkey" if "valkey_version" in info else "redis"
    appendonly = config.get("appendonly", "yes" if int(info.get("aof_enabled", 0)) else "no")
    report = StoreReport(
        kind=kind,
        version=str(info.get("valkey_version") or info.get("redis_version", "?")),
        appendonly=appendonly,
        appendfsync=config.get("appendfsync", "unknown"),
        maxmemory_policy=config.get("maxmemory-policy", str(info.get("maxmemory_policy", "unknown"))),
        replicas=int(info.get("connected_slaves", 0)),
        has_waitaof=bool(waitaof),
        faults=(),
    )
    return replace(report, faults=tuple(_faults(report, info)))


async def _has_waitaof(client: Redis) -> bool:
    """By the server's own list of commands (Redis 7.2, Valkey); a server or a user that may not list them does not offer it."""
    try:
        return bool(await client.command_list(pattern="waitaof"))
    except ResponseError:
        return False


def _faults(report: StoreReport, info: Mapping[str, Any]) -> list[str]:
    faults = []
    version = str(info.get("redis_version", "0")).split(".")
    if int(version[0] or 0) < 7:
        faults.append(f"version {report.version} is too old: Redis 7.0 or any Valkey is needed")
    if report.appendonly != "yes":
        faults.append("appendonly is off, a restart forgets everything: set `appendonly yes`")
    elif report.appendfsync != "always" and not (report.appendfsync == "everysec" and report.has_waitaof):
        faults.append(f"appendfsync {report.appendfsync} can lose a second of accepted alerts: set `appendfsync always`")
    if report.maxmemory_policy != "noeviction":
        faults.append(f"maxmemory-policy {report.maxmemory_policy} may drop incidents: set `maxmemory-policy noeviction`")
    return faults
