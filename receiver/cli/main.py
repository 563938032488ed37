"""The command line: which command is which file."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence

from receiver.cli import audit, client, demo, doctor, logs, notices, oncall, rules, sources, stats, tokens, trial
from receiver.cli.usage import add_command, add_json
from receiver.settings import Settings, SettingsError, load_settings

# Commands with questions of their own to the running service; the rest ask by `client`.
ASKING = {"audit": audit.run, "notices": notices.run, "sources": sources.run, "stats": stats.run, "tokens": tokens.run}

STARTED = "Without RECEIVER_REDIS_URL it keeps a store of its own in RECEIVER_DATA_DIR. It prints where webhooks go, and a link to the chat in the browser."


def parser() -> argparse.ArgumentParser:
    """All commands with their help."""
    top = argparse.ArgumentParser(
        prog="receiver",
        description="Alertmanager webhooks in, incidents people answer out.",
        epilog="`receiver COMMAND --help` has an example of each. Settings are RECEIVER_… variables, README.md names them.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add_command(commands, "serve", "run everything: web, workers, chat", "serve", more=STARTED, status="0 stopped by a signal, 1 it can't serve, 2 wrong usage")
    show = add_command(
        commands, "demo", "run without any account: embedded store, chat in the browser, an outage of a simulated installation", "demo --fast --once"
    )
    show.add_argument("--fast", action="store_true", help="play the outage without pauses")
    show.add_argument("--once", action="store_true", help="end after the outage instead of waiting for Ctrl-C")
    trial.add_parsers(rules.add_parser(commands))
    health = add_command(
        commands,
        "doctor",
        "check settings, store, rules, templates and Telegram; one line each",
        "doctor",
        status="0 nothing is wrong, 1 there is a FAULT, 2 wrong usage",
    )
    add_json(health)
    oncall.add_parser(commands)
    logs.add_parser(commands)
    stats.add_parser(commands)
    sources.add_parser(commands)
    client.add_parsers(commands)
    notices.add_parser(commands)
    tokens.add_parser(commands)
    audit.add_parser(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0 for success, 1 for a fault, 2 for wrong usage."""
    args = parser().parse_args(argv)
    try:
        return _run(args)
    except SettingsError as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 0


def _run(args: argparse.Namespace) -> int:
    if args.command == "logs":
        return logs.run(args)
    environ = demo.environment(os.environ) if args.command == "demo" else os.environ
    if args.command == "rules" and args.verb in rules.VERBS:
        return rules.run(environ, args)
    if args.command == "rules" and args.verb in trial.VERBS:
        return trial.run(args, load_settings(environ))
    settings = load_settings(environ)
    match args.command:
        case "serve":
            return _serve(settings)
        case "demo":
            return demo.run(settings, is_fast=args.fast, is_once=args.once)
        case "oncall":
            return oncall.run(settings, args)
        case "doctor":
            return asyncio.run(doctor.run(settings, as_json=args.json))
        case _:
            return asyncio.run(ASKING.get(args.command, client.run)(settings, args))


def _serve(settings: Settings) -> int:
    from receiver.cli.serve import run

    return run(settings)
