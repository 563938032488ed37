"""Routing with 1,000 rules, alone: `python -m tests.bench.route`. Prints p50 and p99 in microseconds, by kind of label set."""

import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from receiver.core.rulebook import RuleBook
from receiver.rules.load import load_rules
from tests.builders import NOW

RULES, TIMES, SEED = 1_000, 20_000, 7
# Trees that name services, and those where a quarter has an expression that no index can use.
NAMED = ('service="s{n}"', 'service="s{n}"', 'service=~"s{n}|t{n}"', 'service="s{n}"')
MIXED = (*NAMED[:3], 'pod=~"s{n}-.+"')


def book(count: int, shapes: Sequence[str]) -> RuleBook:
    """A tree of so many siblings, read from files as an installation's would be."""
    lines = (f"    - {{id: r{n}, matchers: ['severity=\"critical\"', '{shapes[n % 4].format(n=n)}']}}\n" for n in range(count))
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "people.yaml").write_text("version: 1\npeople: {}\n")
        (directory / "destinations.yaml").write_text("version: 1\ndestinations: {chat: {channel: telegram, chat: 1}}\nfallback: [chat]\n")
        (directory / "routes.yaml").write_text("version: 1\nroute:\n  id: root\n  destinations: [chat]\n  routes:\n" + "".join(lines))
        return load_rules(directory)


def measure(rules: RuleBook, name: str, label: str) -> str:
    chance = random.Random(SEED)
    spans = []
    for _ in range(TIMES):
        labels = {"severity": "critical", "alertname": "Down", label: f"{name}{chance.randrange(RULES)}", "pod": "p"}
        began = time.perf_counter_ns()
        rules.route(labels, NOW)
        spans.append(time.perf_counter_ns() - began)
    spans.sort()
    return f"{spans[TIMES // 2] / 1e3:8.1f} us p50 {spans[TIMES * 99 // 100] / 1e3:8.1f} us p99"


def main() -> None:
    for kind, shapes in (("all named", NAMED), ("a quarter by expressions", MIXED)):
        began = time.perf_counter()
        rules = book(RULES, shapes)
        print(f"{RULES} rules, {kind}: loaded in {time.perf_counter() - began:.2f} s, Python {sys.version.split()[0]}, seed {SEED}")
        for what, name, label in (("service named by a rule", "s", "service"), ("service no rule names", "x", "service"), ("no service", "x", "job")):
            print(f"{what:26}{measure(rules, name, label)}")


if __name__ == "__main__":
    main()
