"""`receiver rules test`, `explain`, `replay`, `record`: rules tried out before they are live. Thin: the work is done in `receiver.trial`."""

import argparse
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from receiver.channels.render import Renderer, Templates
from receiver.cli import replay
from receiver.cli.output import print_json
from receiver.cli.replay import UsageError
from receiver.cli.usage import Commands, add_command, add_json
from receiver.clock import SystemClock
from receiver.core.errors import ReceiverError
from receiver.rules.load import RulesError, read_rules
from receiver.settings import Settings
from receiver.trial.cases import instant
from receiver.trial.examples import Page, run_examples
from receiver.trial.explain import explain
from receiver.trial.telling import tell

VERBS = ("test", "explain", *replay.VERBS)


def add_parsers(verbs: Commands) -> None:
    """Add the verbs of this file below `receiver rules`."""
    test = add_command(
        verbs, "test", "run the examples of a rules directory in virtual time, and show every difference as a diff", "rules test routing_rules",
        status="0 all of them hold, 1 one does not, or the rules have a fault, 2 wrong usage",
    )  # fmt: skip
    test.add_argument("directory", nargs="?", type=Path, metavar="DIR", help="the rules directory (default: RECEIVER_RULES_DIR)")
    test.add_argument("--update", action="store_true", help="write the expected texts instead of comparing them")
    add_json(test)
    why = add_command(
        verbs, "explain", "say which route takes an alert, why, and who would be told with which words",
        'rules explain alertname=ShopApiErrorRateHigh service=shop-api severity=critical --at "2026-11-23T03:02+03:00"',
    )  # fmt: skip
    why.add_argument("labels", nargs="+", metavar="LABEL=VALUE", type=_label, help="the alert's labels")
    why.add_argument("--at", metavar="TIME", help='an instant like "2026-11-23T03:02+03:00"; default: now')
    why.add_argument("--source", default="alertmanager", metavar="NAME", help="which source sends it (default: alertmanager)")
    why.add_argument("--rules", type=Path, metavar="DIR", help="default: RECEIVER_RULES_DIR")
    add_json(why)
    replay.add_parsers(verbs)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run one verb; 0 for success, 1 for a fault or a difference, 2 for wrong usage."""
    verb = {"test": _test, "explain": _explain, "replay": replay.replay, "record": replay.record}[args.verb]
    try:
        return verb(args, settings)
    except UsageError as fault:
        sys.stderr.write(f"{fault}\n")
        return 2
    except RulesError as error:
        sys.stderr.write("".join(f"{fault.render()}\n" for fault in error.faults))
    except ReceiverError as fault:
        sys.stderr.write(f"{fault}\n")
    return 1


def _label(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f'"{text}" is not a label, write it like service=shop-api')
    return name, value


def _instant(text: str | None, zone: str) -> datetime:
    if text is None:
        return SystemClock().now()
    try:
        return instant(text, zone).astimezone(UTC)
    except ValueError:
        raise UsageError(f'"{text}" is not an instant, write it like 2026-11-23T03:02+03:00') from None


def _explain(args: argparse.Namespace, settings: Settings) -> int:
    loaded, page = read_rules(args.rules or settings.rules_dir), page_of(settings)
    at = _instant(args.at, settings.timezone)
    found = explain(loaded.book, dict(args.labels), at, args.source, page)
    if args.json:
        print_json(found.as_json())
    else:
        sys.stdout.write(tell(found, settings.language, settings.timezone))
    return 0


def page_of(settings: Settings) -> Page:
    """Templates, language and zone of this installation; raises TemplateFault."""
    return Page(templates=Templates(Renderer(settings.templates_dir)), language=settings.language, timezone=settings.timezone)


def _test(args: argparse.Namespace, settings: Settings) -> int:
    directory = args.directory or settings.rules_dir
    outcomes = list(run_examples(read_rules(directory), directory, page_of(settings), update=args.update))
    failed = [one for one in outcomes if one.diff]
    if args.json:
        print_json({"ok": not failed, "examples": [asdict(one) for one in outcomes]})
        return 1 if failed else 0
    sys.stdout.write("".join(one.diff + "\n" for one in failed))
    if failed:
        sys.stdout.write(f"failed: {len(failed)} of {len(outcomes)} examples\n")
        return 1
    sys.stdout.write(f"ok: {len(outcomes)} examples\n")
    return 0
