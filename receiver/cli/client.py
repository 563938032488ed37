"""`receiver incidents …`, `people …`, `audit list` and `deadletters …`: thin calls to the running service's API on this machine."""

import argparse
import getpass
import json
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx

from receiver.cli.output import print_json, print_table
from receiver.cli.service import accepted, ask
from receiver.cli.usage import Commands, add_command, add_group, add_json, add_limit
from receiver.settings import Settings

COLUMNS = {
    "incidents": ("id", "state", "severity", "service", "affected", "firing", "opened_at", "acknowledged_by", "title"),
    "people": ("id", "name", "roles", "telegram", "email", "phone"),
    "audit": ("at", "actor", "via", "verb", "target", "result"),
    "deadletters": ("id", "kind", "source", "reason", "at", "bytes"),
}
EMPTY = {
    "incidents": "no incidents yet: `receiver sources test alertmanager` sends a test alert and follows it to the chats",
    "people": "nobody is on the roster: write people.yaml (docs/roles.md), then run `receiver rules check`",
    "audit": "nothing was done yet in the chat, by the command line or by the API",
    "deadletters": "no dead letters: everything that came was read, and everything that was to be said was delivered",
}
DONE = {
    "acknowledged": "{id} is yours: nobody else is paged while its lease lasts",
    "already_acknowledged": "{id} was taken before, by {acknowledged_by}; nothing changed",
    "resolved_by_hand": "{id} is resolved",
    "already_resolved": "{id} is over already; nothing changed",
    "released": "{id} is nobody's again, its escalation goes on",
    "assigned": "{id} was given to {owner}",
    "escalated_by_hand": "{id}: the next step of its escalation is paged",
    "snoozed": "{id} rests until {snoozed_until}",
    "kept": "{id} stays yours until {lease_until}",
    "split": "{id} is told by itself from now on",
    "not_possible": "{id} is {state}, this is not possible now; nothing changed",
}
VERBS = {
    "show": ("one incident whole: alerts, history, every message and how its delivery went", ""),
    "ack": ("take it: nobody else is paged while the lease lasts", ""),
    "resolve": ("close it; it opens again when an alert of it fires anew", ""),
    "release": ("give it back: its escalation goes on", ""),
    "assign": ("give it to somebody, who is paged", " anna"),
    "escalate": ("page the next step of its escalation now", ""),
    "snooze": ("let it rest for a while", " --for 2h"),
    "keep": ("stay on it: the lease begins anew", ""),
    "split": ("take it out of the incident of its cause, or a storm apart", ""),
}


def add_parsers(commands: Commands) -> None:
    """The commands of this file, but for `audit`."""
    _add_incidents(commands)
    people = add_group(commands, "people", "who is on the roster, and codes that link a Telegram account to a person")
    add_json(add_command(people, "list", "everybody in people.yaml, with roles and how each can be reached", "people list"))
    link = add_command(people, "link", "make a one-time code that links a Telegram account to a person", "people link anna")
    link.add_argument("id", metavar="PERSON", help="an id in people.yaml")
    add_json(link)
    letters = add_group(commands, "deadletters", "what could not be read or delivered")
    every = add_command(letters, "list", "bad input that is kept, and messages that were given up, newest first", "deadletters list")
    add_limit(every)
    add_json(every)
    for verb, text in (("show", "one of them with its raw body"), ("retry", "send a message that was given up once more"), ("discard", "forget one of them")):
        one = add_command(letters, verb, text, f"deadletters {verb} 1764079200000-0")
        one.add_argument("id", metavar="ID", help="as `receiver deadletters list` shows it")
        add_json(one)


def _add_incidents(commands: Commands) -> None:
    verbs = add_group(commands, "incidents", "incidents of the running service: look at them, and do what the buttons do")
    every = add_command(verbs, "list", "incidents, newest first", "incidents list --limit 10")
    every.add_argument("--parts", action="store_true", help="also those that are shown inside the incident of their cause")
    add_limit(every)
    add_json(every)
    for verb, (text, more) in VERBS.items():
        one = add_command(verbs, verb, text, f"incidents {verb} INC-412{more}")
        _add_id(one)
        if verb == "assign":
            one.add_argument("to", metavar="PERSON", help="a person's id in people.yaml")
        if verb == "snooze":
            one.add_argument("--for", dest="span", default="1h", metavar="SPAN", help="how long, like 30m or 2h (default: 1h)")
        add_json(one)
    report = add_command(verbs, "export", "one incident as a post-mortem to go on writing", "incidents export INC-412 --language en > INC-412.md")
    _add_id(report)
    report.add_argument("--format", choices=("md", "json"), default="md", help="Markdown (default) or JSON")
    report.add_argument("--language", choices=("en", "ru"), default="", help="default: RECEIVER_LANGUAGE of the service")
    add_json(report, "as --format json")


def _add_id(one: argparse.ArgumentParser) -> None:
    one.add_argument("id", metavar="ID", help="such as INC-412")


async def run(settings: Settings, args: argparse.Namespace) -> int:
    """One request, printed for people or as JSON; 1 with a sentence when the service can't be asked or refuses."""
    return await ask(settings, lambda http: _run(http, args))


async def _run(http: httpx.AsyncClient, args: argparse.Namespace) -> int:
    if args.verb == "export":
        return await _export(http, args)
    if args.verb == "list":
        params = {"limit": getattr(args, "limit", 0), "parts": str(getattr(args, "parts", False)).lower()}
        found = accepted(await http.get(f"/{args.command}", params=params))
        if args.json:
            print_json(found)
        else:
            print_table(found, COLUMNS[args.command], EMPTY[args.command])
        return 0
    place = f"/{args.command}/{quote(args.id, safe='')}"
    found = accepted(await http.get(place) if args.verb == "show" else await http.post(f"{place}/{args.verb}", json=_body(args)))
    if args.json:
        print_json(found)
    else:
        sys.stdout.write(_done(found) if "reason" in found and args.verb != "show" else _facts(found))
    reason = found.get("reason", "") if args.verb != "show" else ""
    return int(reason == "not_possible" or (reason == "already_resolved" and args.verb != "resolve"))


async def _export(http: httpx.AsyncClient, args: argparse.Namespace) -> int:
    kind = "json" if args.json else args.format
    answer = await http.get(f"/incidents/{quote(args.id, safe='')}/postmortem", params={"format": kind, "lang": args.language})
    if kind == "md" and answer.status_code == 200:
        sys.stdout.write(answer.text)
    else:
        print_json(accepted(answer))
    return 0


def _body(args: argparse.Namespace) -> dict[str, str]:
    said = {"by": f"cli:{getpass.getuser()}", "to": getattr(args, "to", ""), "for": getattr(args, "span", "")}
    return {name: value for name, value in said.items() if value}


def _done(found: Mapping[str, Any]) -> str:
    """What came of it, in a sentence."""
    return DONE.get(found["reason"], "{id}: {reason}").format_map({name: "nobody" if value in (None, "") else value for name, value in found.items()}) + "\n"


def _facts(found: Mapping[str, Any]) -> str:
    """A line for everything that is known; what is empty says nothing."""
    told = ((key, value) for key, value in found.items() if value not in (None, "", [], {}) and value is not False)
    return "".join(f"{key}: {value if isinstance(value, str | int) else json.dumps(value, ensure_ascii=False, indent=1)}\n" for key, value in told)
