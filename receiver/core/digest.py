"""When the weekly digest is due, and of which week it tells. Pure; called by `chat.weekly`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from receiver.core.local import instant_at

WEEK = 7


@dataclass(frozen=True, kw_only=True, slots=True)
class Digest:
    """Once a week, `day` (0 is Monday) at `minute` of the day by the clocks of `zone` (of the destination or the installation where empty)."""

    destination: str
    day: int = 0
    minute: int = 10 * 60
    zone: str = ""


def week_of(digest: Digest, now: datetime, zone: str) -> tuple[datetime, datetime]:
    """The last whole week before `now`, from one due time to the next, in UTC; an hour more or less where the clocks changed in it."""
    there = ZoneInfo(digest.zone or zone)
    today = now.astimezone(there).date()
    day = today - timedelta(days=(today.weekday() - digest.day) % WEEK)
    if instant_at(day, digest.minute, there) > now:
        day -= timedelta(days=WEEK)
    return instant_at(day - timedelta(days=WEEK), digest.minute, there), instant_at(day, digest.minute, there)
