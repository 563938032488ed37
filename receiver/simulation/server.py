"""The simulated exporters over HTTP, and the switches of their faults. Started by `cli.demo` and by tests.

`GET /ENVIRONMENT/TARGET` is a target's page; `GET /ENVIRONMENT/faults` lists faults, `PUT` and `DELETE /ENVIRONMENT/faults/NAME` switch one.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

from receiver.clock import Clock
from receiver.simulation.fault import EFFECTS, Fault
from receiver.simulation.plant import Plant

STEP = 1.0
ADDRESS = "127.0.0.1"


class Simulation:
    """One or several Alexandrites, each an environment of its own."""

    def __init__(self, clock: Clock, environments: tuple[str, ...] = ("prod",), speed: float = 1.0) -> None:
        """Healthy until a fault is switched on."""
        self._clock = clock
        self.plants = {name: Plant(speed) for name in environments}
        for plant in self.plants.values():
            plant.tick(clock.now(), timedelta(seconds=STEP))

    async def run(self) -> None:
        """Let time pass, for ever."""
        last = self._clock.monotonic()
        while True:
            await self._clock.sleep(STEP)
            now = self._clock.monotonic()
            for plant in self.plants.values():
                plant.tick(self._clock.now(), timedelta(seconds=now - last))
            last = now

    def targets(self, port: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each target as Prometheus reads it from a file, with the name of that file."""
        for environment, plant in self.plants.items():
            for path in plant.pages:
                kind, *rest = path.split("/")
                known = {"service": rest[0], "instance": f"{rest[0]}-{rest[1]}"} if len(rest) > 1 else {}
                labels = {"__metrics_path__": f"/{environment}/{path}", "environment": environment, **known}
                yield kind, {"targets": [f"{ADDRESS}:{port}"], "labels": labels}

    def answer(self, method: str, path: str) -> tuple[int, bytes, bytes]:
        """Status, content type and body for one request."""
        environment, _, rest = path.lstrip("/").partition("/")
        plant = self.plants.get(environment)
        if plant is None:
            return 404, b"text/plain", f"no such environment; there is {', '.join(self.plants)}\n".encode()
        if rest.startswith("faults"):
            return self._switch(plant, method, rest.removeprefix("faults").strip("/"))
        if plant.is_down:
            return 503, b"text/plain", b"down\n"
        page = plant.pages.get(rest)
        return (200, b"text/plain; version=0.0.4; charset=utf-8", page.text()) if page else (404, b"text/plain", b"no such target\n")

    def _switch(self, plant: Plant, method: str, name: str) -> tuple[int, bytes, bytes]:
        if name:
            try:
                fault = Fault(name)
            except ValueError:
                return 404, b"text/plain", f"no such fault; there are {', '.join(Fault)}\n".encode()
            if method == "PUT":
                plant.faults.add(fault)
            elif method == "DELETE":
                plant.faults.discard(fault)
        faults = {fault: {"on": fault in plant.faults, "what": EFFECTS[fault].what} for fault in Fault}
        return 200, b"application/json", json.dumps(faults).encode()


@contextlib.asynccontextmanager
async def served(simulation: Simulation, port: int = 0) -> AsyncIterator[int]:
    """Listen on loopback and let time pass while the block runs; the port is one that was free unless it is given."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            head = await reader.readuntil(b"\r\n\r\n")
            method, path, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
            status, kind, body = simulation.answer(method, path.partition("?")[0])
            writer.write(b"HTTP/1.1 %d -\r\nContent-Type: %b\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (status, kind, len(body), body))
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, ADDRESS, port)
    async with server, asyncio.TaskGroup() as group:
        time = group.create_task(simulation.run())
        yield int(server.sockets[0].getsockname()[1])
        time.cancel()
