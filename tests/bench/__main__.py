"""`python -m tests.bench`: one table with ratios, everything measured in one run on this machine.

Absolute figures move with the machine; only the ratios of one run are worth keeping. The last table is in docs/performance.md.
"""

import argparse
import json
import math
import sys
from pathlib import Path
from statistics import median
from typing import Any

import uvloop

from tests.bench import measure, targets
from tests.bench.client import quantile
from tests.bench.load import MIXES, Load, make
from tests.bench.measure import Row, scratch

TARGETS = {"product": targets.product, "raw script": targets.raw, "bare 202": targets.bare, "alertmanager": targets.alertmanager}
COUNTS = {"A": 8000, "B": 3000, "C": 24000, "D": 4000}
QUICK = {"A": 150, "B": 50, "C": 200, "D": 160}
RATE = 1000.0
ROUNDS = 5

# (what, first step, goal) for mixes A, B, C; the product's figure divided by the other's.
AIMS: dict[str, tuple[str, str, tuple[float, ...], tuple[float, ...]]] = {
    "CPU per alert / Alertmanager": ("cpu_us_alert", "alertmanager", (0.45, 0.60, 1.50), (0.20, 0.25, 0.60)),
    "webhooks/s / raw script": ("webhooks_s", "raw script", (0.20, 0.25, 0.08), (0.40, 0.45, 0.15)),
    "memory / Alertmanager": ("mib", "alertmanager", (0.50, 0.50, 0.50), (0.25, 0.30, 0.20)),
}


async def run(mixes: str, count: int | None, seed: int, rounds: int, *, quick: bool) -> dict[str, Any]:
    """Every figure of the table. A machine that is shared is faster in one moment than in the next, so the targets take turns, `rounds` times;
    a figure is the median of its rounds, a ratio the median of the ratios within a round.
    """
    found: dict[str, Any] = {"seed": seed, "mixes": {}, "rounds": {}, "end_state": {}, "questions": {}}
    counts = QUICK if quick else COUNTS
    for mix in mixes:
        load = make(mix, count or counts[mix], seed)
        taken: list[dict[str, Any]] = [{} for _ in range(rounds)]
        for number, rows in enumerate(taken):
            for name in ["product"] if mix == "D" else TARGETS:
                _say(f"mix {mix}, round {number + 1} of {rounds}: {name}")
                with scratch() as directory, TARGETS[name](directory) as target:
                    rows[name] = (await measure.row(target, load)).as_dict()
                    if name == "product":
                        found["end_state"][mix] = measure.end_state(target.store, load)
        found["rounds"][mix] = taken
        found["mixes"][mix] = {name: _medians([rows[name] for rows in taken]) for name in taken[0]}
    if not quick and mixes == MIXES:
        await _questions(found, seed, rounds)
    found["ratios"] = ratios(found["rounds"])
    return found


def _medians(rows: list[dict[str, float]]) -> dict[str, float]:
    return {figure: median(row[figure] for row in rows) for figure in rows[0]} | {"refused": max(row["refused"] for row in rows)}


async def _questions(found: dict[str, Any], seed: int, rounds: int) -> None:
    asked = found["questions"]
    load: Load = make("A", 4000, seed)
    for name in ("product", "alertmanager"):
        _say(f"{RATE:.0f} webhooks a second: {name}")
        with scratch() as directory, TARGETS[name](directory) as target:
            asked[f"at rate, {name}"] = (await measure.at_rate(target, load, RATE)).as_dict()
    _say("cost of one webhook with 1,000 and 100,000 open alerts")
    asked["cost by size, µs"] = await measure.cost_by_size(seed, (1_000, 100_000), 3000)
    _say("alert to far end")
    asked["to far end, s"] = await measure.product_to_far_end(seed, 300, 20)
    asked["to sink, s"] = await measure.alertmanager_to_sink(seed, 300, 20)
    _say("decide and commit")
    asked["decide and commit p99, bare write p99, ms"] = [await measure.decision_p99(seed, 600) for _ in range(rounds)]


def ratios(taken: dict[str, list[dict[str, Any]]]) -> list[tuple[str, str, float, float, float]]:
    """(what, mix, ratio, first step, goal) for all that was measured."""
    out = []
    for what, (figure, other, first, goal) in AIMS.items():
        for mix, at_first, at_goal in zip("ABC", first, goal, strict=True):
            found = [rows["product"][figure] / rows[other][figure] for rows in taken.get(mix, []) if other in rows and rows[other][figure]]
            if found:
                out.append((what, mix, median(found), at_first, at_goal))
    return out


def table(found: dict[str, Any]) -> str:
    """The table as Markdown."""
    lines = [
        "| mix | target | webhooks/s | alerts/s | p50 ms | p99 ms | CPU µs/alert | MiB/100k active |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for mix, rows in found["mixes"].items():
        lines += [_line(mix, name, Row(**row)) for name, row in rows.items()]
    for name in ("product", "alertmanager"):
        if row := found["questions"].get(f"at rate, {name}"):
            lines.append(_line(f"A, {RATE:.0f}/s", name, Row(**row)))
    lines += ["", "| ratio | A | B | C | first step | goal |", "| --- | ---: | ---: | ---: | --- | --- |"]
    for what, (_, _, first, goal) in AIMS.items():
        values = {mix: f"{value:.2f}" for name, mix, value, _, _ in found["ratios"] if name == what}
        sign = "≥" if "raw" in what else "≤"
        lines.append(f"| {what} | {' | '.join(values.get(m, '–') for m in 'ABC')} | {sign} {_joined(first)} | {sign} {_joined(goal)} |")
    return "\n".join([*lines, *_answers(found)])


def _line(mix: str, name: str, row: Row) -> str:
    memory = "–" if name == "bare 202" or math.isnan(row.mib) else f"{row.mib:.0f}"
    refused = f" ({row.refused} refused)" if row.refused else ""
    return (
        f"| {mix} | {name}{refused} | {row.webhooks_s:,.0f} | {row.alerts_s:,.0f} | {row.p50_ms:.2f} | {row.p99_ms:.2f} | {row.cpu_us_alert:.1f} | {memory} |"
    )


def _joined(values: tuple[float, ...]) -> str:
    return " / ".join(f"{v:.2f}" for v in values)


def _answers(found: dict[str, Any]) -> list[str]:
    asked = found["questions"]
    lines = ["", "| question | figure | first step | goal |", "| --- | ---: | --- | --- |"]
    if asked:
        ours, theirs = (asked[f"at rate, {name}"]["p99_ms"] for name in ("product", "alertmanager"))
        lines.append(f"| p99 at {RATE:.0f} webhooks/s / Alertmanager | {ours:.1f} / {theirs:.1f} ms = {ours / theirs:.2f} | ≤ 1.0 | ≤ 0.25 |")
        few, many = asked["cost by size, µs"]
        lines.append(f"| one webhook with 100k open alerts / 1k | {many:.0f} / {few:.0f} µs = {many / few:.2f} | ≤ 1.5 | ≤ 1.1 |")
        for share in (0.5, 0.99):
            ours, theirs = (quantile(asked[key], share) * 1000 for key in ("to far end, s", "to sink, s"))
            lines.append(f"| alert → far end, 20 a second, p{share * 100:.0f} | {ours:.1f} / {theirs:.1f} ms = {ours / theirs:.1f} | ≤ 20 | ≤ 1.0 |")
        decided, bare = zip(*asked["decide and commit p99, bare write p99, ms"], strict=True)
        lines.append(f"| decide and commit, p99 (a bare synced write) | {median(decided):.2f} ({median(bare):.2f}) ms | ≤ 5 ms | ≤ 1 ms |")
    for mix, state in found["end_state"].items():
        said = ", ".join(f"{what} {held:,} of {wanted:,}" for what, (held, wanted) in state.items())
        lines.append(f"| end state of {mix} | {said} | exact | exact |")
    return lines


def _say(text: str) -> None:
    sys.stderr.write(f"  {text}\n")


def main() -> int:
    """Print the table; 1 when an end state is not exact or a post was refused."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mix", default=MIXES, help="any of ABCD together (default: all, and the further questions)")
    parser.add_argument("--count", type=int, help="webhooks of each measured stream")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, help="times that every target is measured, by turns (default: 5)")
    parser.add_argument("--json", type=Path, help="also write every figure here")
    parser.add_argument("--quick", action="store_true", help="short streams, no further questions: shows that it runs, not how fast")
    asked = parser.parse_args()
    found = uvloop.run(run(asked.mix, asked.count, asked.seed, asked.rounds or (1 if asked.quick else ROUNDS), quick=asked.quick))
    print(table(found))
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1))
    exact = all(held == wanted for state in found["end_state"].values() for held, wanted in state.values())
    refused = any(row["refused"] for rows in found["mixes"].values() for row in rows.values())
    return int(not exact or refused)


if __name__ == "__main__":
    sys.exit(main())
