"""The bar of a long replay: on a terminal only, with a count and the time that is left."""

import io

from receiver.cli.progress import Progress
from receiver.clock import ManualClock
from tests.builders import NOW


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_share_count_and_time_left():
    clock, screen = ManualClock(NOW), Terminal()
    progress = Progress("webhooks", clock, screen)
    clock.advance(seconds=30)
    progress.show(250, 0.25)
    shown = screen.getvalue()
    assert " 25% 250 webhooks, 1 min left" in shown
    progress.show(251, 0.26)
    assert screen.getvalue() == shown, "no more than ten times a second"
    progress.end()
    assert screen.getvalue().endswith("\r\x1b[K")


def test_a_pipe_sees_nothing():
    clock, pipe = ManualClock(NOW), io.StringIO()
    progress = Progress("webhooks", clock, pipe)
    clock.advance(seconds=30)
    progress.show(250, 0.25)
    progress.end()
    assert pipe.getvalue() == ""
