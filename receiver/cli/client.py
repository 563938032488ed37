"""`receiver incidents …`, `people …`, `audit …` and `deadletters …`: thin calls to the running service's API on this machine."""

import argparse
import getpass
import json
import sys
from typing import Any

import httpx

from receiver.app.derived import local_api_token
from receiver.settings import Settings

COLUMNS = {
    "incidents": ("id", "state", "severity", "service", "affected", "firing", "opened_at", "acknowledged_by", "title"),
    "people": ("id", "name", "roles", "telegram", "email", "phone"),
    "audit": ("at", "actor", "via", "verb", "target", "result"),
    "deadletters": ("id", "kind", "source", "reason", "at", "bytes"),
}


async def run(settings: Settings, args: argparse.Namespace) -> int:
    """One request, printed as a table or as JSON; 1 with a sentence when the service can't be asked."""
    base = f"http://127.0.0.1:{settings.port}/api/v1/{args.command}"
    headers = {"Authorization": f"Bearer {local_api_token(settings)}"}
    if args.verb == "export":
        args.json = args.json or args.format == "json"
        args.format = "json" if args.json else "md"
    async with httpx.AsyncClient(trust_env=False, timeout=10, headers=headers) as http:
        try:
            answer = await _ask(http, base, args)
        except httpx.HTTPError as fault:
            sys.stderr.write(f"no service answers on port {settings.port} ({fault}): start `receiver serve`, or set RECEIVER_PORT\n")
            return 1
    if answer.status_code >= 400:
        sys.stderr.write(f"{_detail(answer)}\n")
        return 1
    if args.verb == "export" and args.format == "md":
        sys.stdout.write(answer.text)
        return 0
    _print(answer.json(), args)
    return 0


async def _ask(http: httpx.AsyncClient, base: str, args: argparse.Namespace) -> httpx.Response:
    if args.verb == "list":
        return await http.get(base, params={"limit": args.limit, **({"parts": "true"} if getattr(args, "parts", False) else {})})
    if args.verb == "export":
        return await http.get(f"{base}/{args.id}/postmortem", params={"format": args.format, "lang": args.language})
    if args.verb == "show":
        return await http.get(f"{base}/{args.id}")
    return await http.post(f"{base}/{args.id}/{args.verb}", json=_body(args))


def _body(args: argparse.Namespace) -> dict[str, str]:
    said = {"by": f"cli:{getpass.getuser()}", "to": getattr(args, "to", ""), "for": getattr(args, "span", "")}
    return {name: value for name, value in said.items() if value}


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("detail", answer.text))
    except ValueError:
        return f"HTTP {answer.status_code}"


def _print(found: Any, args: argparse.Namespace) -> None:
    if args.json:
        sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
    elif isinstance(found, list):
        print_table(found, COLUMNS[args.command])
    else:
        for key, value in found.items():
            text = value if isinstance(value, str | int | None) else json.dumps(value, ensure_ascii=False, indent=1)
            sys.stdout.write(f"{key}: {text}\n")


def _cell(value: Any) -> str:
    return "" if value is None else ", ".join(value) if isinstance(value, list) else str(value)


def print_table(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    """Rows under the names of their columns."""
    if not rows:
        sys.stdout.write("none\n")
        return
    cells = [[_cell(row.get(c))[:60] for c in columns] for row in rows]
    widths = [max(len(c), *(len(r[i]) for r in cells)) for i, c in enumerate(columns)]
    for line in [list(columns), *cells]:
        sys.stdout.write("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() + "\n")
