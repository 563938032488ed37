"""What is awaited after a write before it counts as durable: nothing where every write is synced at once, else `WAITAOF` and `WAIT`.

Both speak of the connection they come by, so they travel in one pipeline with the write. Set by `app` from the store's report.
"""

from typing import Any

from receiver.core.errors import StoreUnavailableError
from receiver.store.connection import StoreReport

AOF_TIMEOUT_MS = 1500
REPLICA_TIMEOUT_MS = 200
Command = tuple[str | int, ...]


class Promise:
    """Shared by everything that writes what is answered for; follows the connected server."""

    def __init__(self) -> None:
        self.commands: tuple[Command, ...] = ()

    def follow(self, report: StoreReport) -> None:
        """Wait for the append-only file where it is synced once a second, and for one replica where there are any."""
        aof: tuple[Command, ...] = (("WAITAOF", 1, 0, AOF_TIMEOUT_MS),) if report.has_waitaof and report.appendfsync == "everysec" else ()
        replica: tuple[Command, ...] = (("WAIT", 1, REPLICA_TIMEOUT_MS),) if report.replicas else ()
        self.commands = aof + replica

    @staticmethod
    def check(commands: tuple[Command, ...], answers: list[Any]) -> None:
        """Raise StoreUnavailableError unless every confirmation came in time."""
        for command, answer in zip(commands, answers, strict=True):
            confirmed = answer[0] if isinstance(answer, list) else answer
            if confirmed < 1:
                what = "the append-only file was not synced" if command[0] == "WAITAOF" else "no replica confirmed the write"
                raise StoreUnavailableError(f"{what} in time")
