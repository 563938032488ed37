"""A real Prometheus whose past is written by the test: samples go into blocks by promtool, rules are only there to be asked for."""

import contextlib
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from tests.harness import free_port
from tests.stories.test_real_chain import running, until_up

Curve = Callable[[float], float]  # hours since the start -> value


def write_blocks(directory: Path, curves: Mapping[str, Curve], start: datetime, end: datetime) -> None:
    """One sample a minute of every series from `start` to `end`."""
    lines = []
    for series, curve in sorted(curves.items()):
        name = series.split("{")[0]
        lines += [] if f"# TYPE {name} gauge" in lines else [f"# TYPE {name} gauge"]
        minutes = int((end - start) / timedelta(minutes=1))
        lines += [f"{series} {curve(m / 60):.6g} {(start + timedelta(minutes=m)).timestamp():.0f}" for m in range(minutes + 1)]
    (directory / "past.om").write_text("\n".join([*lines, "# EOF\n"]))
    subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", "-q", "past.om", "data"], cwd=directory, check=True, stdout=subprocess.DEVNULL)


@contextlib.asynccontextmanager
async def prometheus_with(directory: Path, curves: Mapping[str, Curve], rules: Mapping[str, str], start: datetime, end: datetime) -> AsyncIterator[str]:
    """Its address; `rules` are expressions by alert name."""
    write_blocks(directory, curves, start, end)
    entries = "".join(f"      - {{alert: {name}, expr: {expression!r}}}\n" for name, expression in rules.items())
    (directory / "rules.yml").write_text(f"groups:\n  - name: g\n    rules:\n{entries}" if entries else "groups: []\n")
    (directory / "prometheus.yml").write_text(f"rule_files: [{directory}/rules.yml]\n")
    port = free_port()
    words = (
        f"--config.file={directory}/prometheus.yml",
        f"--storage.tsdb.path={directory}/data",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address=127.0.0.1:{port}",
    )
    with running("prometheus", *words, log=directory / "prometheus.log"):
        await until_up(f"http://127.0.0.1:{port}/-/ready")
        yield f"http://127.0.0.1:{port}"
