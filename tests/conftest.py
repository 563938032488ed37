"""No test is judged by its time: machines differ, and the benches are elsewhere. What takes long begins first, so that it is not waited for last."""

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# Minutes of waiting, each a worker's own; then what takes milliseconds, which a worker may queue behind them; then half minutes; then all others.
_ORDER = (
    ("tests/monitoring/test_simulation.py", "tests/faults/test_process.py", "tests/browser/test_status.py"),
    ("tests/core/",),
    ("tests/faults/", "tests/trial/", "tests/bench/", "tests/browser/", "tests/stories/test_real_chain.py", "tests/stories/test_re", "tests/cli/"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The same order in every worker."""
    items.sort(key=lambda item: next((rank for rank, names in enumerate(_ORDER) if item.nodeid.startswith(names)), len(_ORDER)))
