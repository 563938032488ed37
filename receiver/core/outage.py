"""What can't be reached: one place whose address died, or a whole channel. Read by `workers.reach`, `chat.outage`, the pages; decides nothing."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Outage:
    """`key` names the address (a chat, or a destination of another channel) or, without a `destination`, the whole channel. `why` is in the
    far end's words; `since` and `over_at` in UTC.
    """

    key: str
    channel: str
    destination: str = ""
    person: str = ""
    label: str = ""
    why: str
    since: datetime
    over_at: datetime | None = None

    @property
    def is_channel(self) -> bool:
        """True when nothing of the channel gets through."""
        return not self.destination

    @property
    def identity(self) -> str:
        """The same on every replica and after a restart."""
        return f"{self.key}:{int(self.since.timestamp())}"
