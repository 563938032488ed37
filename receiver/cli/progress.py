"""Long work shows how far it is: one line on stderr, only where stderr is a terminal."""

import sys
from datetime import timedelta
from typing import TextIO

from receiver.channels.words import span
from receiver.clock import Clock

WIDTH = 30
EVERY = 0.1


class Progress:
    """A bar with a count and the time that is left; `share` is 0 to 1."""

    def __init__(self, what: str, clock: Clock, stream: TextIO | None = None) -> None:
        self._what, self._clock, self._stream = what, clock, stream or sys.stderr
        self._is_shown = self._stream.isatty()
        self._began = self._drawn = clock.monotonic()

    def show(self, count: int, share: float) -> None:
        """Draw, at most ten times a second."""
        now = self._clock.monotonic()
        if not self._is_shown or now - self._drawn < EVERY:
            return
        self._drawn = now
        full = int(share * WIDTH)
        left = f", {span(timedelta(seconds=(now - self._began) * (1 - share) / share), 'en')} left" if share > 0 else ""
        self._stream.write(f"\r[{'█' * full}{'·' * (WIDTH - full)}] {share:4.0%} {count} {self._what}{left}\x1b[K")
        self._stream.flush()

    def end(self) -> None:
        """Wipe the line."""
        if self._is_shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
