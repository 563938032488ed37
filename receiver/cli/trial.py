"""`receiver rules test`: rules tried out before they are live. Thin: the work is done in `receiver.trial`."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from receiver.channels.render import Renderer, TemplateFault
from receiver.rules.load import RulesError, read_rules
from receiver.settings import Settings
from receiver.trial.examples import Page, run_examples

VERBS = ("test",)


def add_parsers(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verbs of this file below `receiver rules`."""
    test = verbs.add_parser("test", help="run the examples of a rules directory; 1 on any difference, shown as a diff")
    test.add_argument("directory", nargs="?", type=Path, help="default: RECEIVER_RULES_DIR")
    test.add_argument("--update", action="store_true", help="write the expected texts instead of comparing them")
    test.add_argument("--json", action="store_true")


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run one verb; 0 for success, 1 for a fault or a difference."""
    try:
        return _test(args, settings)
    except RulesError as error:
        sys.stderr.write("".join(f"{fault.render()}\n" for fault in error.faults))
    except TemplateFault as fault:
        sys.stderr.write(f"{fault}\n")
    return 1


def page_of(settings: Settings) -> Page:
    """Templates, language and zone of this installation; raises TemplateFault."""
    return Page(renderer=Renderer(settings.templates_dir), language=settings.language, timezone=settings.timezone)


def _test(args: argparse.Namespace, settings: Settings) -> int:
    directory = args.directory or settings.rules_dir
    outcomes = list(run_examples(read_rules(directory), directory, page_of(settings), update=args.update))
    failed = [one for one in outcomes if one.diff]
    skipped = [f"{one.file}:{one.line}: skipped {name}, it has no effect yet" for one in outcomes for name in one.skipped]
    if args.json:
        print_json({"ok": not failed, "examples": [asdict(one) for one in outcomes]})
        return 1 if failed else 0
    sys.stdout.write("".join(one.diff + "\n" for one in failed) + "".join(f"{line}\n" for line in skipped))
    if failed:
        sys.stdout.write(f"failed: {len(failed)} of {len(outcomes)} examples\n")
        return 1
    sys.stdout.write(f"ok: {len(outcomes)} examples\n")
    return 0


def print_json(content: object) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(content, ensure_ascii=False, indent=1) + "\n")
