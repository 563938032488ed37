"""Five hundred damaged rule sets: each is loaded or refused with places, never anything else."""

from collections import Counter
from pathlib import Path

import pytest

from tests.rules.mutate import examine, mutations

SEED = 20261124


@pytest.mark.parametrize("part", range(5))
def test_damaged_rules_are_refused_with_a_place_or_loaded(part: int, tmp_path: Path) -> None:
    found = Counter(examine(made, tmp_path / str(number)) for number, made in enumerate(mutations(SEED + part, 100)))
    assert found["refused"] > 50, found
    assert found.total() == 100
