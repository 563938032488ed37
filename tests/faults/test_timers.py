"""The short form of the campaign of timers; the full form is `python -m tests.faults.timers`."""

from tests.faults.timers import run


async def test_no_timer_is_missed_or_doubled_or_rings_after_an_acknowledgement(tmp_path):
    figures = await run(tmp_path, timers=300, seed=20261123)
    print(figures.shown())
    assert figures.faults() == []
    assert figures.timers >= 150
    assert figures.kills >= 3
    assert figures.acknowledged >= 40
    assert figures.pauses + figures.steps + figures.blackouts >= 1
    assert figures.clocks_set >= 2
