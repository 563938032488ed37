"""A Redis Cluster behind the same commands: how to connect, and how several commands for one key travel by one connection.

Called by `store.connection` and `store.scripts`; nothing else knows that the store may be many servers.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode, PipelineCommand
from redis.exceptions import AskError, ClusterDownError, MovedError, RedisError
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import TimeoutError as TimedOut

CLUSTER = "redis+cluster://"
PARTITIONS = 16
_ELSEWHERE = (MovedError, AskError, ClusterDownError, Disconnected, TimedOut, OSError)


class _Cluster(RedisCluster):
    """The library forgets that it is connected when a node fails to answer, and closes nothing then unless a later command went well."""

    async def aclose(self) -> None:
        """Close every connection to every node, whatever the last command did."""
        await super().aclose()
        await self.nodes_manager.aclose()
        await self.nodes_manager.aclose("startup_nodes")


def connect_cluster(url: str, limits: Mapping[str, Any]) -> RedisCluster:
    """`redis+cluster://[USER:PASSWORD@]HOST:PORT[,HOST:PORT]`; any node that answers names the others. Raises ValueError for another form."""
    parts = urlsplit(url)
    hosts = [text.rpartition(":") for text in parts.netloc.rpartition("@")[2].split(",") if text]
    if not hosts or not all(name and port.isdigit() for name, _, port in hosts) or parts.path.strip("/"):
        raise ValueError(f"write {CLUSTER}HOST:6379,HOST:6379")
    named: dict[str, Any] = {"username": unquote(parts.username) if parts.username else None, "password": unquote(parts.password) if parts.password else None}
    return _Cluster(startup_nodes=[ClusterNode(name.strip("[]"), int(port)) for name, _, port in hosts], **limits, **named)


async def send_together(client: RedisCluster, key: str, commands: Sequence[Sequence[Any]]) -> list[Any]:
    """All by one connection to the node that holds the key, in one trip; answers in order, an error in the place of an answer.

    Asks for the cluster's new shape when the node is gone or the key has moved; raises RedisError or OSError then.
    """
    await client.initialize()
    asked = [PipelineCommand(place, *words) for place, words in enumerate(commands)]
    try:
        node = client.get_node_from_key(key)
        if node is None:
            raise RedisError(f"no node holds the slot of {key}")
        await node.execute_pipeline(asked)
    except (RedisError, OSError):
        await client.nodes_manager.initialize()
        raise
    for one in asked:
        if isinstance(one.result, _ELSEWHERE):
            await client.nodes_manager.initialize()
            raise one.result
    return [one.result for one in asked]


def nodes_of(client: RedisCluster, limits: Mapping[str, Any]) -> list[Redis]:
    """A client for each master, for questions that every one of them must answer; the caller closes them."""
    found = client.get_connection_kwargs()
    named: dict[str, Any] = {name: found.get(name) for name in ("username", "password")}
    return [Redis(host=node.host, port=int(node.port), **limits, **named) for node in client.get_primaries()]
