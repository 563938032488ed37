"""`receiver notices list|show|draft|publish|twin`: the desk without a chat. Thin calls to the running service's API on this machine."""

import argparse
import getpass
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from receiver.cli import offline
from receiver.cli.output import print_json, print_table
from receiver.cli.service import accepted, ask
from receiver.cli.usage import Commands, add_command, add_group, add_json, add_limit
from receiver.core.notice import Impact
from receiver.settings import Settings

COLUMNS = ("id", "stage", "phase", "components", "impact", "started_at", "next_update_at", "draft", "updates")
EMPTY = "customers were told nothing yet: `receiver notices draft COMPONENT TEXT` begins a notice (docs/notices.md)"
IMPACTS = [one.value for one in (Impact.DEGRADED_PERFORMANCE, Impact.PARTIAL_OUTAGE, Impact.MAJOR_OUTAGE)]


def add_parser(commands: Commands) -> None:
    """The five verbs."""
    inner = add_group(commands, "notices", "what customers are told")
    listing = add_command(inner, "list", "notices, newest first", "notices list")
    add_limit(listing)
    show = add_command(inner, "show", "one notice: texts, checks, approvals, deliveries", "notices show N7KCGJQQ")
    draft = add_command(inner, "draft", "begin a notice, or the next word of one, from a text of the house", "notices draft checkout errors")
    draft.add_argument("target", metavar="COMPONENT|ID", help="a component of notices.yaml (several with commas), or the id of a notice")
    draft.add_argument(
        "text", metavar="TEXT", help="errors, slow, unavailable, delayed, supplier, planned, holding; then cause-found, fix-applied, nothing-lost, …"
    )
    draft.add_argument("--impact", choices=IMPACTS, help="how bad it is for customers")
    publish = add_command(
        inner, "publish", "agree to the draft of a notice; alone and at once with --why", 'notices publish N7KCGJQQ --why "nobody answers in the chat"'
    )
    publish.add_argument("--why", default="", help="publish without a second person: the reason is told to the support chat")
    publish.add_argument("--offline", action="store_true", help="without the service: into the static copy, from a text of the house; ID is a component, too")
    publish.add_argument("--text", default="holding", help="with --offline: which text (default: holding)")
    publish.add_argument("--impact", choices=IMPACTS, help="with --offline: how bad it is for customers")
    publish.add_argument(
        "--dir", dest="directory", metavar="DIR", type=Path, help="with --offline: where the copy is written (default: the one the service keeps)"
    )
    twin = add_command(inner, "twin", "write the static copy of the status page now, from what was public last", "notices twin /srv/status")
    twin.add_argument("directory", metavar="DIR", type=Path, help="a directory of its own for the copy")
    for one in (show, publish):
        one.add_argument("id", metavar="ID", help="as `receiver notices list` shows it")
    for one in (listing, show, draft, publish):
        add_json(one)


async def run(settings: Settings, args: argparse.Namespace) -> int:
    """One command; 1 with a sentence when it did not work."""
    if args.verb == "twin":
        return offline.twin(settings, args.directory)
    if args.verb == "publish" and args.offline:
        return offline.publish(settings, args.id, args.text, args.impact, args.directory)
    return await ask(settings, lambda http: _run(http, args))


async def _run(http: httpx.AsyncClient, args: argparse.Namespace) -> int:
    return _print(accepted(await _ask(http, args)), args)


async def _ask(http: httpx.AsyncClient, args: argparse.Namespace) -> httpx.Response:
    by = f"cli:{getpass.getuser()}"
    match args.verb:
        case "list":
            return await http.get("/notices/", params={"limit": args.limit})
        case "show":
            return await http.get(_place(args.id))
        case "draft":
            return await _draft(http, args, by)
        case _:
            return await _publish(http, args, by)


def _place(notice_id: str) -> str:
    return f"/notices/{quote(notice_id, safe='')}"


async def _draft(http: httpx.AsyncClient, args: argparse.Namespace, by: str) -> httpx.Response:
    known = await http.get(_place(args.target))
    if known.status_code == 200:
        return await http.post(f"{_place(args.target)}/propose", json={"by": by, "text": args.text})
    return await http.post("/notices/", json={"by": by, "components": args.target.split(","), "text": args.text, "impact": args.impact})


async def _publish(http: httpx.AsyncClient, args: argparse.Namespace, by: str) -> httpx.Response:
    shown = await http.get(_place(args.id))
    if shown.status_code != 200:
        return shown
    verb = "glass" if args.why else "approve"
    return await http.post(f"{_place(args.id)}/{verb}", json={"by": by, "revision": shown.json().get("revision") or "", "why": args.why})


def _print(found: Any, args: argparse.Namespace) -> int:
    if args.json:
        print_json(found)
    elif isinstance(found, list):
        print_table(found, COLUMNS, EMPTY)
    else:
        sys.stdout.write(_told(found))
    return 0 if args.verb != "publish" or found["reason"] in _DONE else 1


_DONE = frozenset({"approved", "approved_enough", "glass_broken"})


def _told(found: dict[str, Any]) -> str:
    lines = [f"{found['id']} · {found['stage']} · {found['phase'] or 'nothing published'} · {', '.join(found['components'])} · {found['impact']}"]
    if "reason" in found:
        lines.append(f"result: {found['reason']}")
    for language, text in found["texts"].items():
        stale = " (older than the other language)" if language in found["stale"] else ""
        lines += ["", f"[{language}]{stale} {text['title']}", text["body"]]
    lines += ["", *(f"{'blocks' if c['blocks'] else 'asks'}: {c['language']} {c['finding']} {c['word']}" for c in found["checks"])]
    if found["needed"]:
        lines.append(f"approvals: {len(found['approvals'])} of {found['needed']['count']}; revision {found['revision'][:12]}")
    if found["publish_at"]:
        lines.append(f"goes out at {found['publish_at']}")
    lines += [f"{key}: {d['state']} {d['reason']}".rstrip() for key, d in found["deliveries"].items()]
    return "\n".join(lines).rstrip() + "\n"
