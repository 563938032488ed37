"""The short form of the gossip campaign, in fast motion; the full form is `python -m tests.faults.gossip`."""

from pathlib import Path

import pytest

from tests.faults.gossip import FAST, TROUBLES, run


@pytest.mark.parametrize("seed", [20261125])
async def test_every_fire_has_one_page_and_one_true_end_whatever_happens_to_the_peers(tmp_path: Path, seed: int) -> None:
    print(f"seed {seed}")
    figures = await run(tmp_path, cycles=3 * len(TROUBLES), seed=seed, motion=FAST, side_by_side=3)
    print(figures.shown())
    assert figures.faults() == []
    assert figures.cycles == 3 * len(TROUBLES)
    assert set(figures.troubles) == set(TROUBLES)
    assert 1 <= figures.silenced < figures.cycles
