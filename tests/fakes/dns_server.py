"""A small name server on loopback: TXT records of a zone, NXDOMAIN for every other name. It speaks real DNS over UDP."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
from dns.asyncresolver import Resolver


class _Zone(asyncio.DatagramProtocol):
    def __init__(self, zone: Mapping[str, list[str]], asked: list[str]) -> None:
        self._zone, self._asked = zone, asked

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        question = dns.message.from_wire(data)
        name = question.question[0].name.to_text(omit_final_dot=True).lower()
        self._asked.append(name)
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        texts = self._zone.get(name)
        if texts is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif texts:
            quoted = [" ".join(f'"{text[at : at + 200]}"' for at in range(0, len(text), 200)) for text in texts]
            answer.answer.append(dns.rrset.from_text(question.question[0].name, 60, "IN", "TXT", *quoted))
        self._transport.sendto(answer.to_wire(), addr)


@contextlib.asynccontextmanager
async def name_server(zone: Mapping[str, list[str]]) -> AsyncIterator[tuple[Resolver, list[str]]]:
    """A resolver that asks this server alone, and the names it was asked for."""
    asked: list[str] = []
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: _Zone(zone, asked), local_addr=("127.0.0.1", 0))
    try:
        yield resolver(transport.get_extra_info("sockname")[1]), asked
    finally:
        transport.close()


def resolver(port: int) -> Resolver:
    """Asks 127.0.0.1 at this port."""
    made = Resolver(configure=False)
    made.nameservers, made.port = ["127.0.0.1"], port
    return made
