"""The process that draws: started when the first picture is wanted, ended when none was for a while or one takes too long. Used by `workers.painter`.

A process and no thread, because loading the plotting library and drawing hold Python's lock for longer than a webhook may wait, and because
a thread that hangs can't be ended.
"""

import asyncio
import os
import sys
from pathlib import Path

import msgspec

from receiver.channels.picture import Graph
from receiver.core.errors import ReceiverError

LIMIT = 12.0  # the first one loads the library, on a machine that may be busy with what the picture is about
IDLE = 300.0
_MOST_BYTES = 8 << 20
_NEEDED = ("PATH", "HOME", "LANG", "PYTHONPATH", "VIRTUAL_ENV", "SYSTEMROOT")  # and no setting of ours: what draws needs no secret


class DrawingError(ReceiverError):
    """No picture came of it; the text says why."""


class Easel:
    """One picture at a time; `limit` seconds for each, the loading of the library included."""

    def __init__(self, cache: Path, limit: float = LIMIT, idle: float = IDLE) -> None:
        self._cache, self._limit, self._idle = cache, limit, idle
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._rest: asyncio.TimerHandle | None = None

    async def draw(self, graph: Graph) -> bytes:
        """The PNG; raises DrawingError."""
        async with self._turn:
            self._wake()
            try:
                async with asyncio.timeout(self._limit):
                    return await self._ask(msgspec.json.encode(graph) + b"\n")
            except TimeoutError:
                await self._end()
                raise DrawingError(f"not drawn within {self._limit:.0f} s") from None
            except (OSError, EOFError, ValueError) as fault:
                await self._end()
                raise DrawingError(f"the process that draws ended ({type(fault).__name__})") from None
            except asyncio.CancelledError:
                await self._end()  # its answer would be taken for the next one's
                raise
            finally:
                self._rest = asyncio.get_running_loop().call_later(self._idle, self._let_go)

    async def close(self) -> None:
        """End the process."""
        self._wake()
        await self._end()

    async def _ask(self, question: bytes) -> bytes:
        process = self._process if self._process and self._process.returncode is None else await self._start()
        if process.stdin is None or process.stdout is None:
            raise OSError("no pipes")
        process.stdin.write(question)
        await process.stdin.drain()
        length = int.from_bytes(await process.stdout.readexactly(4), "big")
        if not 0 < length <= _MOST_BYTES:
            raise ValueError("no picture")
        return await process.stdout.readexactly(length)

    async def _start(self) -> asyncio.subprocess.Process:
        pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        environment = {name: os.environ[name] for name in _NEEDED if name in os.environ} | {"MPLCONFIGDIR": str(self._cache)}
        words = (sys.executable, "-P", "-m", "receiver.channels.graph")
        self._process = await asyncio.create_subprocess_exec(*words, stdin=pipe, stdout=pipe, stderr=nothing, env=environment)
        return self._process

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process and process.returncode is None:
            process.kill()
            await process.wait()

    def _wake(self) -> None:
        if self._rest:
            self._rest.cancel()
            self._rest = None

    def _let_go(self) -> None:
        """Nobody wanted a picture for a while: at the end of its input the process ends by itself."""
        process, self._process = self._process, None
        if process and process.stdin:
            process.stdin.close()
