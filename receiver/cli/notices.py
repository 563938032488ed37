"""`receiver notices list|show|draft|publish|twin`: the desk without a chat. Thin calls to the running service's API on this machine."""

import argparse
import getpass
import json
import sys
from pathlib import Path
from typing import Any

import httpx

from receiver.app.derived import local_api_token
from receiver.cli import offline
from receiver.settings import Settings

COLUMNS = ("id", "stage", "phase", "components", "impact", "started_at", "next_update_at", "draft", "updates")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The five verbs."""
    inner = commands.add_parser("notices", help="what customers are told").add_subparsers(dest="verb", required=True, metavar="VERB")
    listing = inner.add_parser("list", help="newest first")
    listing.add_argument("--limit", type=int, default=50)
    show = inner.add_parser("show", help="one notice: texts, checks, approvals, deliveries")
    draft = inner.add_parser("draft", help="begin a notice, or the next word of one, from a text of the house")
    draft.add_argument("target", metavar="COMPONENT|ID", help="a component of notices.yaml (several with commas), or the id of a notice")
    draft.add_argument("text", help="errors, slow, unavailable, delayed, supplier, planned, holding; then cause-found, fix-applied, nothing-lost, …")
    draft.add_argument("--impact", help="degraded_performance, partial_outage or major_outage")
    publish = inner.add_parser("publish", help="agree to the draft of a notice; alone and at once with --why")
    publish.add_argument("--why", default="", help="publish without a second person: the reason is told to the support chat")
    publish.add_argument("--offline", action="store_true", help="without the service: into the static copy, from a text of the house; ID is a component, too")
    publish.add_argument("--text", default="holding", help="with --offline: which text")
    publish.add_argument("--impact", choices=["degraded_performance", "partial_outage", "major_outage"], help="with --offline")
    publish.add_argument("--dir", dest="directory", type=Path, help="with --offline: where the copy is written (default: the one the service keeps)")
    twin = inner.add_parser("twin", help="write the static copy of the status page now, from what was public last")
    twin.add_argument("directory", type=Path)
    for one in (show, publish):
        one.add_argument("id")
    for one in (listing, show, draft, publish):
        one.add_argument("--json", action="store_true")


async def run(settings: Settings, args: argparse.Namespace) -> int:
    """One command; 1 with a sentence when it did not work."""
    if args.verb == "twin":
        return offline.twin(settings, args.directory)
    if args.verb == "publish" and args.offline:
        return offline.publish(settings, args.id, args.text, args.impact, args.directory)
    headers = {"Authorization": f"Bearer {local_api_token(settings)}"}
    base = f"http://127.0.0.1:{settings.port}/api/v1/notices"
    async with httpx.AsyncClient(trust_env=False, timeout=10, headers=headers) as http:
        try:
            answer = await _ask(http, base, args)
        except httpx.HTTPError as fault:
            sys.stderr.write(f"no service answers on port {settings.port} ({fault}): start `receiver serve`, or set RECEIVER_PORT\n")
            return 1
    if answer.status_code >= 400:
        sys.stderr.write(f"{_detail(answer)}\n")
        return 1
    return _print(answer.json(), args)


async def _ask(http: httpx.AsyncClient, base: str, args: argparse.Namespace) -> httpx.Response:
    by = f"cli:{getpass.getuser()}"
    match args.verb:
        case "list":
            return await http.get(f"{base}/", params={"limit": args.limit})
        case "show":
            return await http.get(f"{base}/{args.id}")
        case "draft":
            return await _draft(http, base, args, by)
        case _:
            return await _publish(http, base, args, by)


async def _draft(http: httpx.AsyncClient, base: str, args: argparse.Namespace, by: str) -> httpx.Response:
    known = await http.get(f"{base}/{args.target}")
    if known.status_code == 200:
        return await http.post(f"{base}/{args.target}/propose", json={"by": by, "text": args.text})
    return await http.post(f"{base}/", json={"by": by, "components": args.target.split(","), "text": args.text, "impact": args.impact})


async def _publish(http: httpx.AsyncClient, base: str, args: argparse.Namespace, by: str) -> httpx.Response:
    shown = await http.get(f"{base}/{args.id}")
    if shown.status_code != 200:
        return shown
    verb = "glass" if args.why else "approve"
    return await http.post(f"{base}/{args.id}/{verb}", json={"by": by, "revision": shown.json().get("revision") or "", "why": args.why})


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("detail", answer.text))
    except ValueError:
        return f"HTTP {answer.status_code}"


def _print(found: Any, args: argparse.Namespace) -> int:
    if args.json:
        sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
    elif isinstance(found, list):
        _table(found)
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


def _table(rows: list[dict[str, Any]]) -> None:
    if not rows:
        sys.stdout.write("none\n")
        return
    cells = [[_cell(row.get(column)) for column in COLUMNS] for row in rows]
    widths = [max(len(column), *(len(row[at]) for row in cells)) for at, column in enumerate(COLUMNS)]
    for line in [list(COLUMNS), *cells]:
        sys.stdout.write("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() + "\n")


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(str(one) for one in value)
    return "" if value is None else str(value)[:60]
