"""A relay between the gossip ports of two Alertmanagers, that can be cut and healed: TCP and UDP, on a loopback address of its own.

A peer advertises the relay's address instead of its own, so everything that others send to it passes here; no rights are needed for that.
"""

import asyncio
import contextlib
from types import TracebackType


class Relay:
    """Use as a context. What comes to `address` goes to `target`, unless `is_cut`."""

    def __init__(self, address: tuple[str, int], target: tuple[str, int]) -> None:
        self.address, self.target = address, target
        self.is_cut = False
        self._streams: set[asyncio.StreamWriter] = set()
        self._back: dict[tuple[str, int], asyncio.DatagramTransport] = {}

    async def __aenter__(self) -> "Relay":
        loop = asyncio.get_running_loop()
        self._server = await asyncio.start_server(self._accept, *self.address)
        self._front, _ = await loop.create_datagram_endpoint(lambda: _Front(self), local_addr=self.address)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None) -> None:
        self.cut()
        self._server.close()
        self._front.close()
        for one in self._back.values():
            one.close()

    def cut(self) -> None:
        """From now on nothing passes, and what was open is broken off."""
        self.is_cut = True
        for writer in self._streams:
            writer.transport.abort()

    def heal(self) -> None:
        """Everything passes again."""
        self.is_cut = False

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_cut:
            writer.transport.abort()
            return
        try:
            there, on = await asyncio.open_connection(*self.target)
        except OSError:
            writer.transport.abort()
            return
        self._streams |= {writer, on}
        await asyncio.gather(self._pump(reader, on), self._pump(there, writer))
        self._streams -= {writer, on}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while some := await reader.read(65536):
                writer.write(some)
                await writer.drain()
            writer.write_eof()

    async def pass_on(self, packet: bytes, sender: tuple[str, int]) -> None:
        """One packet to the target; its answers find their way back by a socket of their own."""
        if self.is_cut:
            return
        if sender not in self._back:
            made, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: _Back(self, sender), remote_addr=self.target)
            self._back[sender] = made
        self._back[sender].sendto(packet)

    def answer(self, packet: bytes, sender: tuple[str, int]) -> None:
        """One packet back."""
        if not self.is_cut:
            self._front.sendto(packet, sender)


class _Front(asyncio.DatagramProtocol):
    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._tasks: set[asyncio.Task[None]] = set()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        task = asyncio.get_running_loop().create_task(self._relay.pass_on(data, addr))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Back(asyncio.DatagramProtocol):
    def __init__(self, relay: Relay, sender: tuple[str, int]) -> None:
        self._relay, self._sender = relay, sender

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._relay.answer(data, self._sender)

    def error_received(self, exc: Exception) -> None:
        """The peer is down; gossip will notice by itself."""
