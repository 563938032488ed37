"""A named place to tell: a chat, a mailbox, one of a person's own ways. Read by nearly everything; decides nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field

UNEDITABLE_CHANNELS = frozenset(("email", "longtail", "sms"))  # what a person must know comes as a message of its own there
PICTURE_CHANNELS = frozenset(("telegram", "browser"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """A named place to tell, as it was when it was chosen (a snapshot: rules may change meanwhile).

    `person` is the id of the one who is paged there, empty for places that many read; `label` is what people call it.
    """

    name: str
    channel: str
    address: Mapping[str, str | int] = field(default_factory=dict)
    language: str = ""
    timezone: str = ""
    secret: str = ""
    person: str = ""
    label: str = ""

    @property
    def is_editable(self) -> bool:
        """False where a message stays as it was sent."""
        return self.channel not in UNEDITABLE_CHANNELS

    @property
    def spot(self) -> str:
        """What has a rate and a fate of its own: a chat, or a destination of another channel."""
        return f"{self.channel}:{self.address.get('chat') or self.name}"

    @property
    def shows_pictures(self) -> bool:
        """True where a picture can be sent, and replaced in place."""
        return self.channel in PICTURE_CHANNELS
