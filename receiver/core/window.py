"""Named times of the week in which a route takes alerts. Pure; asked by `route` and `rulebook`."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from receiver.core.local import stretch_on

# A stretch lasts a day at most, but clocks may skip a whole one: look two days back.
_BACK, _AHEAD = 2, 1
# Clocks may skip a weekly stretch once, never twice running: what does not change within 16 days never does.
_HORIZON = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """From one minute of the day to another; past midnight when `end` is earlier. `days` (0 = Monday) are those it starts on."""

    days: frozenset[int]
    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """Spans of local time in one zone; active from the start of each (included) to its end (excluded)."""

    name: str
    zone: ZoneInfo
    spans: tuple[Span, ...]

    def is_active(self, now: datetime) -> bool:
        """Say whether any span holds at this instant."""
        return any(start <= now < end for start, end in self._stretches(now, _AHEAD))

    def next_change(self, now: datetime) -> datetime | None:
        """The next instant (UTC) after `now` at which the window opens or closes; none when it never does."""
        stretches = list(self._stretches(now, _HORIZON))
        edges = sorted({edge for stretch in stretches for edge in stretch if edge > now})
        was = self.is_active(now)
        return next((edge for edge in edges if self.is_active(edge) is not was), None)

    def edges(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """Every instant (UTC) between the two at which a span begins or ends, and some around them."""
        days = (end.astimezone(self.zone).date() - start.astimezone(self.zone).date()).days
        for stretch in self._stretches(start, days + _AHEAD):
            yield from stretch

    def _stretches(self, now: datetime, ahead: int) -> Iterator[tuple[datetime, datetime]]:
        today = now.astimezone(self.zone).date()
        for offset in range(-_BACK, ahead + 1):
            day = today + timedelta(days=offset)
            for span in self.spans:
                if day.weekday() in span.days:
                    yield stretch_on(day, span.start, span.end, self.zone)
