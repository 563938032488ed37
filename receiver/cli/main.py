"""The command line: which command is which file."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence

from receiver.cli import audit, client, demo, doctor, logs, notices, oncall, rules, sources, stats, tokens, trial
from receiver.settings import Settings, SettingsError, load_settings

# Commands with questions of their own to the running service; the rest ask by `client`.
ASKING = {"audit": audit.run, "notices": notices.run, "sources": sources.run, "stats": stats.run, "tokens": tokens.run}

HELP = {"export": "one as a post-mortem to go on writing: Markdown, or JSON"}


def parser() -> argparse.ArgumentParser:
    """All commands with their help."""
    top = argparse.ArgumentParser(prog="receiver", description="Alertmanager webhooks in, incidents people answer out.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("serve", help="run everything: web, workers, chat")
    show = commands.add_parser("demo", help="run without any account: embedded store, chat in the browser, a scripted outage")
    show.add_argument("--fast", action="store_true", help="play the outage without pauses")
    show.add_argument("--once", action="store_true", help="end after the outage instead of waiting for Ctrl-C")
    trial.add_parsers(rules.add_parser(commands))
    health = commands.add_parser("doctor", help="check settings, store, rules, templates and Telegram; one line each")
    health.add_argument("--json", action="store_true")
    oncall.add_parser(commands)
    logs.add_parser(commands)
    stats.add_parser(commands)
    sources.add_parser(commands)
    verbs = ("show", "ack", "resolve", "release", "assign", "escalate", "snooze", "keep", "split", "export")
    _listing(commands, "incidents", "incidents of the running service", verbs)
    notices.add_parser(commands)
    tokens.add_parser(commands)
    _listing(commands, "people", "who is on the roster; `link` makes a code for a Telegram account", ("link",))
    log = _listing(commands, "audit", "who did what in the chat, by the command line and by the API", ())
    log.add_parser("export", help="every line as JSON with its link, oldest first")
    log.add_parser("verify", help="is every line as it was written; 1 when not").add_argument("--json", action="store_true")
    _listing(commands, "deadletters", "what could not be read or delivered", ("show", "retry", "discard"))
    return top


def _listing(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, text: str, verbs: Sequence[str]
) -> "argparse._SubParsersAction[argparse.ArgumentParser]":
    inner = commands.add_parser(name, help=text).add_subparsers(dest="verb", required=True, metavar="VERB")
    every = inner.add_parser("list", help="newest first")
    every.add_argument("--json", action="store_true")
    every.add_argument("--limit", type=int, default=50)
    for verb in verbs:
        one = inner.add_parser(verb, help=HELP.get(verb, f"{verb} one"))
        one.add_argument("id")
        if verb == "assign":
            one.add_argument("to", metavar="PERSON", help="a person's id in people.yaml")
        if verb == "snooze":
            one.add_argument("--for", dest="span", default="1h", metavar="SPAN", help="how long, like 30m or 2h")
        if verb == "export":
            one.add_argument("--format", choices=("md", "json"), default="md")
            one.add_argument("--language", choices=("en", "ru"), default="", help="default: RECEIVER_LANGUAGE of the service")
        one.add_argument("--json", action="store_true", help="as --format json" if verb == "export" else None)
    if name == "incidents":
        every.add_argument("--parts", action="store_true", help="also those that are shown inside the incident of their cause")
    return inner


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
