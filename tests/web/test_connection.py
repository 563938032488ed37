"""The short way of a webhook through a connection, on a real socket: every answer comes, in order, whatever way a request goes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import uvicorn

from receiver.app.run import _config
from receiver.web import connection, ingest
from tests.builders import body, wire
from tests.harness import Story, free_port, story

PATH = "/webhooks/alertmanager"


def request(content: bytes = b"", path: str = PATH, method: str = "POST", **headers: str) -> bytes:
    given = {"Host": "here", "Content-Type": "application/json", "Content-Length": str(len(content))} | {k.replace("_", "-"): v for k, v in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items() if value)
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + content


class Caller:
    """One keep-alive connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def say(self, *pieces: bytes, pause: float = 0.0) -> None:
        for piece in pieces:
            self._writer.write(piece)
            await self._writer.drain()
            await asyncio.sleep(pause)

    async def hear(self) -> tuple[int, bytes]:
        async with asyncio.timeout(60):
            head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
            size = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
            return int(head.split(b" ", 2)[1]), await self._reader.readexactly(size)

    async def is_over(self) -> bool:
        async with asyncio.timeout(60):
            return await self._reader.read() == b""


@contextlib.asynccontextmanager
async def serving(tmp_path: Path) -> AsyncIterator[tuple[Story, Caller, uvicorn.Server]]:
    async with story(tmp_path) as s:
        port = free_port()
        config = _config(s.app)
        config.port, config.host = port, "127.0.0.1"
        server = uvicorn.Server(config)
        task = asyncio.get_running_loop().create_task(server._serve())
        while not server.started:
            await asyncio.sleep(0.01)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        yield s, Caller(reader, writer), server
        writer.close()
        server.should_exit = True
        await task
        s._seen.update(range(len(s.api.sends())))


def alert(name: str) -> bytes:
    return body(wire(name))


async def test_one_connection_brings_webhook_after_webhook(tmp_path: Path) -> None:
    async with serving(tmp_path) as (_, caller, _):
        for opened in (1, 0):
            await caller.say(request(alert("a")))
            status, said = await caller.hear()
            assert (status, b'"accepted":1,"opened":%d' % opened in said) == (202, True)


async def test_a_body_in_pieces_is_put_together(tmp_path: Path) -> None:
    whole = request(alert("a"))
    async with serving(tmp_path) as (_, caller, _):
        await caller.say(*(whole[at : at + 40] for at in range(0, len(whole), 40)), pause=0.002)
        assert (await caller.hear())[0] == 202


async def test_a_body_that_is_slow_or_large_goes_the_long_way_to_the_same_answer(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(connection, "SOON", 0.05)
    large = alert("a")[:-1] + b" " * (connection.MOST_BYTES + 5) + b"}"
    async with serving(tmp_path) as (_, caller, _):
        whole = request(alert("b"))
        await caller.say(whole[:-9], whole[-9:], pause=0.2)
        assert (await caller.hear())[0] == 202
        await caller.say(request(large))
        assert (await caller.hear())[0] == 202
        monkeypatch.setattr(ingest, "PATIENCE", 0.1)
        await caller.say(whole[:-9])
        assert (await caller.hear())[0] == 408


async def test_requests_behind_a_webhook_are_answered_in_order(tmp_path: Path) -> None:
    async with serving(tmp_path) as (_, caller, _):
        await caller.say(request(alert("a")) + request(path="/healthz", method="GET") + request(b"{") + request(alert("b")) + request(alert("b")))
        assert [(await caller.hear())[0] for _ in range(5)] == [202, 200, 400, 202, 202]
        await caller.say(request(alert("a")))
        assert (await caller.hear())[0] == 202


async def test_other_requests_and_webhooks_share_a_connection(tmp_path: Path) -> None:
    async with serving(tmp_path) as (_, caller, _):
        for asked, status in (
            (request(path="/healthz", method="GET"), 200),
            (request(alert("a")), 202),
            (request(alert("a"), path=PATH + "?x=1"), 202),
            (request(alert("a"), path=PATH + "/eu-west"), 202),
            (request(alert("a"), method="PUT"), 405),
            (request(alert("a"), Content_Type="text/plain"), 415),
            (request(b"no JSON"), 400),
            (request(path="/nowhere"), 404),
            (request(alert("a")), 202),
        ):
            await caller.say(asked)
            assert (await caller.hear())[0] == status, asked[:60]


async def test_who_asks_before_sending_is_told_to_go_on(tmp_path: Path) -> None:
    whole = request(alert("a"), Expect="100-continue")
    head, _, content = whole.partition(b"\r\n\r\n")
    async with serving(tmp_path) as (_, caller, _):
        await caller.say(head + b"\r\n\r\n")
        assert await caller._reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        await caller.say(content)
        assert (await caller.hear())[0] == 202


async def test_a_webhook_under_way_is_answered_before_the_connection_ends(tmp_path: Path) -> None:
    async with serving(tmp_path) as (s, caller, server):
        admission = s.app.engine._admission
        line, admission._line = admission._line, _Held(admission._line)
        await caller.say(request(alert("a")))
        await admission._line.asked.wait()
        server.should_exit = True
        await asyncio.sleep(0.3)
        admission._line.go.set()
        assert (await caller.hear())[0] == 202
        assert await caller.is_over()
        admission._line = line


class _Held:
    """A line to the store that waits for a word."""

    def __init__(self, line) -> None:
        self._line, self.asked, self.go = line, asyncio.Event(), asyncio.Event()

    async def execute_command(self, *words):
        self.asked.set()
        await self.go.wait()
        return await self._line.execute_command(*words)


async def test_who_hangs_up_in_the_middle_leaves_a_note(tmp_path: Path) -> None:
    async with serving(tmp_path) as (s, caller, _):
        await caller.say(request(alert("a"))[:-9])
        await asyncio.sleep(0.05)
        caller._writer.close()
        for _ in range(3000):
            if await s.app.quarantine.count():
                break
            await asyncio.sleep(0.01)
        assert await s.app.quarantine.count() == 1
