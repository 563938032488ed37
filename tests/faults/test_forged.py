"""The short form; the full form is `python -m tests.faults.forged`."""

from tests.faults.forged import run


async def test_forged_and_replayed_presses_and_calls_change_nothing(tmp_path):
    seen = await run(tmp_path, count=3_000, seed=20261123)
    print(seen)
    assert seen.total() == 3_000
    assert seen["replayed"] == 500
    assert sum(number for name, number in seen.items() if name.startswith(("api 401", "api 429"))) >= 400
    assert any("may not" in name for name in seen)
