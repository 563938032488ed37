"""The load generator: keep-alive HTTP/1.1 (or pipelined store commands) over a few connections, with bytes made beforehand."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import hiredis

LANES = 16
DEPTH = 16  # store commands under way on one connection


@dataclass(slots=True)
class Result:
    """What was seen from outside; latencies in seconds, from the moment a request was due; `begun` is a reading of perf_counter."""

    begun: float = 0.0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    refused: int = 0

    def at(self, share: float) -> float:
        """This quantile of the latencies, in milliseconds."""
        return quantile(self.latencies, share) * 1000


def quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def http_request(path: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Alertmanager/0.25.0\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Lane(asyncio.Protocol):
    """One connection; asks for the next request when it is free."""

    def __init__(self, source: Callable[[], tuple[float, bytes] | None], result: Result, depth: int = 1) -> None:
        self._source, self._result, self._depth = source, result, depth
        self._due: deque[float] = deque()
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._is_dry = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self.fill()

    def fill(self) -> None:
        """Send while there is something to send and room for it."""
        while len(self._due) < self._depth:
            found = self._source()
            if found is None:
                self._is_dry = True
                break
            due, request = found
            self._due.append(due or time.perf_counter())
            self._transport.write(request)
        if self._is_dry and not self._due and not self.ended.done():
            self.ended.set_result(None)

    def _answered(self, is_good: bool) -> None:
        self._result.latencies.append(time.perf_counter() - self._due.popleft())
        self._result.refused += not is_good

    def connection_lost(self, fault: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(ConnectionError(f"the target hung up: {fault}"))


class HttpLane(_Lane):
    _buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            at = head.find(b"content-length:")
            size = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._buffer) < end + 4 + size:
                break
            self._buffer = self._buffer[end + 4 + size :]
            self._answered(head[9:10] == b"2")
        self.fill()


class StoreLane(_Lane):
    def __init__(self, source: Callable[[], tuple[float, bytes] | None], result: Result, depth: int = DEPTH) -> None:
        super().__init__(source, result, depth)
        self._reader = hiredis.Reader()

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        while (answer := self._reader.gets()) is not False:
            self._answered(not isinstance(answer, hiredis.ReplyError))
        self.fill()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where requests go: a port, or a store's socket."""

    port: int = 0
    socket: str = ""

    async def connect(self, lane: Callable[[], _Lane]) -> _Lane:
        loop = asyncio.get_running_loop()
        if self.socket:
            return (await loop.create_unix_connection(lane, self.socket))[1]
        return (await loop.create_connection(lane, "127.0.0.1", self.port))[1]


async def closed_loop(target: Target, requests: Sequence[bytes], lanes: int = LANES) -> Result:
    """As fast as the target answers, `lanes` requests at a time."""
    waiting = iter(requests)
    return await _drive(target, [lambda: (0.0, found) if (found := next(waiting, None)) is not None else None] * lanes)


async def in_order(target: Target, requests: Sequence[tuple[int, bytes]], lanes: int = LANES) -> Result:
    """As fast as the target answers; requests of one group stay on one connection, so that their order is kept."""
    queues: list[deque[bytes]] = [deque() for _ in range(lanes)]
    for group, request in requests:
        queues[group % lanes].append(request)
    return await _drive(target, [lambda q=q: (0.0, q.popleft()) if q else None for q in queues])


async def _drive(target: Target, sources: Sequence[Callable[[], tuple[float, bytes] | None]]) -> Result:
    result = Result()
    make = StoreLane if target.socket else HttpLane
    begun = time.perf_counter()
    lanes = [await target.connect(lambda s=s: make(s, result)) for s in sources]
    await asyncio.gather(*(lane.ended for lane in lanes))
    result.seconds = time.perf_counter() - begun
    _hang_up(lanes)
    return result


async def open_loop(target: Target, requests: Sequence[bytes], rate: float, lanes: int = 64) -> Result:
    """`rate` requests a second whatever the target does; latency counts from the moment a request was due."""
    result, backlog = Result(), deque[tuple[float, bytes]]()
    is_over = False

    def source() -> tuple[float, bytes] | None:
        return backlog.popleft() if backlog else None

    opened = [await target.connect(lambda: _Patient(source, result, lambda: is_over)) for _ in range(lanes)]
    begun = result.begun = time.perf_counter()
    for number, request in enumerate(requests):
        due = begun + number / rate
        while (ahead := due - time.perf_counter()) > 0:
            await asyncio.sleep(ahead)
        backlog.append((due, request))
        for lane in opened:
            if not backlog:
                break
            lane.fill()
        if all(lane.is_gone for lane in opened):
            raise ConnectionError("the target closed every connection")
    is_over = True
    for lane in opened:
        lane.fill()
    await asyncio.gather(*(lane.ended for lane in opened))
    result.seconds = time.perf_counter() - begun
    _hang_up(opened)
    return result


class _Patient(HttpLane):
    """A lane that has nothing to send now may have later."""

    is_gone = False

    def __init__(self, source: Callable[[], tuple[float, bytes] | None], result: Result, is_over: Callable[[], bool]) -> None:
        super().__init__(source, result)
        self._is_over = is_over

    def connection_lost(self, fault: Exception | None) -> None:
        """A server may close what has been idle for long; others take over."""
        self.is_gone = True
        if self._due:
            super().connection_lost(fault)
        elif not self.ended.done():
            self.ended.set_result(None)

    def fill(self) -> None:
        if self.is_gone:
            return
        if not self._due and (found := self._source()) is not None:
            self._due.append(found[0])
            self._transport.write(found[1])
        if self._is_over() and not self._due and not self.ended.done():
            self.ended.set_result(None)


def _hang_up(lanes: Sequence[_Lane]) -> None:
    for lane in lanes:
        lane._transport.close()
