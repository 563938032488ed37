"""`receiver tokens create|list|revoke`: programs' tokens, by the running service's API on this machine."""

import argparse
import getpass
import json
import sys
from typing import Any

import httpx

from receiver.app.derived import local_api_token
from receiver.cli.client import print_table
from receiver.core.token import Scope
from receiver.settings import Settings

COLUMNS = ("name", "scopes", "created_at", "expires_at", "last_used_at", "by")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The three verbs."""
    inner = commands.add_parser("tokens", help="tokens for programs, each for what it needs").add_subparsers(dest="verb", required=True, metavar="VERB")
    create = inner.add_parser("create", help="make one; it is shown once")
    create.add_argument("name")
    create.add_argument("--scope", action="append", required=True, choices=[one.value for one in Scope], help="what it may do; several times for more")
    create.add_argument("--days", type=int, default=90, help="how long it is valid (1 to 366)")
    inner.add_parser("list", help="by name, with when each was last used").add_argument("--json", action="store_true")
    inner.add_parser("revoke", help="end one").add_argument("name")


async def run(settings: Settings, args: argparse.Namespace) -> int:
    """One command; 1 with a sentence when it did not work."""
    headers = {"Authorization": f"Bearer {local_api_token(settings)}"}
    base = f"http://127.0.0.1:{settings.port}/api/v1/tokens"
    async with httpx.AsyncClient(trust_env=False, timeout=10, headers=headers) as http:
        try:
            answer = await _ask(http, base, args)
        except httpx.HTTPError as fault:
            sys.stderr.write(f"no service answers on port {settings.port} ({fault}): start `receiver serve`, or set RECEIVER_PORT\n")
            return 1
    if answer.status_code >= 400:
        sys.stderr.write(f"{answer.json().get('detail', answer.text)}\n")
        return 1
    _print(answer.json(), args)
    return 0


async def _ask(http: httpx.AsyncClient, base: str, args: argparse.Namespace) -> httpx.Response:
    by = f"cli:{getpass.getuser()}"
    if args.verb == "list":
        return await http.get(f"{base}/")
    if args.verb == "create":
        return await http.post(f"{base}/", json={"by": by, "name": args.name, "scopes": args.scope, "days": args.days})
    return await http.post(f"{base}/{args.name}/revoke", json={"by": by})


def _print(found: Any, args: argparse.Namespace) -> None:
    if args.verb == "create":
        sys.stdout.write(f"{found['token']}\n")
        sys.stderr.write("keep it now: it is not shown again\n")
    elif args.verb == "revoke":
        sys.stdout.write(f"{found['name']}: revoked\n")
    elif args.json:
        sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
    else:
        print_table([{**one, "scopes": ",".join(one["scopes"])} for one in found], COLUMNS)
