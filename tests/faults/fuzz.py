"""`python -m tests.faults.fuzz --count 1000000 [--seed N]`: damaged bodies through everything that reads them; prints seed and counts."""

import argparse
import random
import sys
from collections import Counter

from receiver.channels.view import visible
from receiver.clock import SystemClock
from receiver.grouping import Grouping
from receiver.rules.load import load_rules
from receiver.sources.alertmanager import UndecodableError, parse
from tests.faults.mutate import mutations
from tests.harness import ROOT


def run(seed: int, count: int, every: int = 0) -> Counter[str]:
    """Anything but a webhook or an UndecodableError is raised to the caller."""
    grouping = Grouping(load_rules(ROOT / "routing_rules"), SystemClock())
    seen: Counter[str] = Counter()
    for n, body in enumerate(mutations(seed, count)):
        try:
            webhook = parse(body)
        except UndecodableError as fault:
            seen[fault.reason.partition("@")[0]] += 1
        else:
            pieces, bad = grouping.split("alertmanager", webhook)
            for piece in pieces:
                piece.item(in_full=True)
                for _, alert, _, _, _ in piece.entries:
                    visible(str(alert.labels))
            seen["accepted"] += 1
            seen["bad alerts kept"] += len(bad) + len(webhook.bad)
        if every and n % every == 0:
            print(f"\r{n:,} of {count:,}", end="", file=sys.stderr, flush=True)
    return seen


if __name__ == "__main__":
    cli = argparse.ArgumentParser(description=__doc__)
    cli.add_argument("--count", type=int, default=1_000_000)
    cli.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    args = cli.parse_args()
    print(f"seed {args.seed}, {args.count:,} bodies")
    print(f"\n{dict(run(args.seed, args.count, 10_000))}")
