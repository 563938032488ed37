"""How often an incident began to fire and was all clear again, lately. Pure; a part of `incident`, kept by `flapping`."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

MOST = 100  # kept of the changes; the rules may not ask for more


@dataclass(frozen=True, kw_only=True, slots=True)
class Flaps:
    """Instants (UTC) at which an incident began to fire or was all clear, oldest first; `is_clear` is how it stands since the last one.

    Since `told_at` people know that it flaps, with `alerts` alerts; until it has been quiet at `quiet_at` nothing of it is loud. Both are
    none while it does not flap.
    """

    changes: tuple[datetime, ...] = ()
    is_clear: bool = False
    told_at: datetime | None = None
    quiet_at: datetime | None = None
    alerts: int = 0

    @property
    def is_held(self) -> bool:
        """True from the word that it flaps until it has been quiet."""
        return self.told_at is not None

    @property
    def waits(self) -> bool:
        """True while it is all clear, and nobody believes yet that it is over."""
        return self.is_held and self.is_clear

    @property
    def span(self) -> timedelta:
        """From the first change that is kept to the last."""
        return self.changes[-1] - self.changes[0] if self.changes else timedelta(0)


def changed(flaps: Flaps, *, is_clear: bool, within: timedelta, now: datetime) -> Flaps:
    """With this change, when it is one, and without those that are longer ago than `within`."""
    if flaps.changes and flaps.is_clear == is_clear:
        return flaps
    recent = tuple(at for at in flaps.changes if now - at <= within)
    return replace(flaps, changes=(*recent, now)[-MOST:], is_clear=is_clear)
