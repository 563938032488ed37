"""Where notices are published besides the page: one word out, one classified outcome back. Used by `workers.publisher`.

A target is handed `PublicNotice` and public names, never anything internal. It never raises for what the wire did.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from receiver.channels.base import Evidence, Outcome
from receiver.core.notice import PublicNotice, Update
from receiver.core.notice_rules import NoticeChannel, PublicComponent, PublicPage

__all__ = ["Evidence", "NoticeTarget", "Outcome", "Publication", "Report"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Publication:
    """One word for one channel. `ref` names what stands there already (then it is replaced); `reply_to` the first word of the notice there;
    `key` is the same for every attempt at the same content.
    """

    notice: PublicNotice
    update: Update
    channel: NoticeChannel
    page: PublicPage
    components: Mapping[str, PublicComponent]
    key: str
    ref: str = ""
    reply_to: str = ""
    is_retry: bool = False

    @property
    def languages(self) -> tuple[str, ...]:
        """What this channel speaks: its own language, else all of the page's."""
        return (self.channel.language,) if self.channel.language else self.page.languages


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """How an attempt ended; counts where there are many recipients. `said` is the content as it was handed over."""

    outcome: Outcome
    said: str = ""
    total: int = 0
    sent: int = 0
    failed: int = 0


class NoticeTarget(Protocol):
    """One kind of channel."""

    async def post(self, publication: Publication) -> Report:
        """Publish this word, or replace it where `ref` says that it is there."""
        ...

    async def head(self, publication: Publication) -> Report:
        """Bring the first word of the notice there up to date; nothing to do where words stand alone."""
        ...

    async def drift(self, publication: Publication) -> str | None:
        """What the far end shows that is not what we said; empty when it agrees, none when it was not asked or did not answer."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
