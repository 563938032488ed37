"""`receiver tokens create|list|revoke`: programs' tokens, by the running service's API on this machine."""

import argparse
import getpass
import sys
from typing import Any
from urllib.parse import quote

import httpx

from receiver.cli.output import print_json, print_table
from receiver.cli.service import accepted, ask
from receiver.cli.usage import Commands, add_command, add_group, add_json
from receiver.core.token import Scope
from receiver.settings import Settings

COLUMNS = ("name", "scopes", "created_at", "expires_at", "last_used_at", "by")
EMPTY = "no tokens yet: `receiver tokens create NAME --scope read` makes one"


def add_parser(commands: Commands) -> None:
    """The three verbs."""
    inner = add_group(commands, "tokens", "tokens for programs, each for what it needs")
    create = add_command(inner, "create", "make one; it is shown once", "tokens create grafana --scope read --days 365")
    create.add_argument("name", metavar="NAME", help="the program's, as the audit log shows it")
    create.add_argument("--scope", action="append", required=True, choices=[one.value for one in Scope], help="what it may do; several times for more")
    create.add_argument("--days", type=int, default=90, metavar="N", help="how long it is valid, 1 to 366 (default: 90)")
    add_json(add_command(inner, "list", "all of them by name, with when each was last used", "tokens list"))
    revoke = add_command(inner, "revoke", "end one", "tokens revoke grafana")
    revoke.add_argument("name", metavar="NAME", help="as `receiver tokens list` shows it")


async def run(settings: Settings, args: argparse.Namespace) -> int:
    """One command; 1 with a sentence when it did not work."""
    return await ask(settings, lambda http: _run(http, args))


async def _run(http: httpx.AsyncClient, args: argparse.Namespace) -> int:
    _print(accepted(await _ask(http, args)), args)
    return 0


async def _ask(http: httpx.AsyncClient, args: argparse.Namespace) -> httpx.Response:
    by = f"cli:{getpass.getuser()}"
    if args.verb == "list":
        return await http.get("/tokens/")
    if args.verb == "create":
        return await http.post("/tokens/", json={"by": by, "name": args.name, "scopes": args.scope, "days": args.days})
    return await http.post(f"/tokens/{quote(args.name, safe='')}/revoke", json={"by": by})


def _print(found: Any, args: argparse.Namespace) -> None:
    if args.verb == "create":
        sys.stdout.write(f"{found['token']}\n")
        sys.stderr.write("keep it now: it is not shown again\n")
    elif args.verb == "revoke":
        sys.stdout.write(f"{found['name']}: revoked\n")
    elif args.json:
        print_json(found)
    else:
        print_table([{**one, "scopes": ",".join(one["scopes"])} for one in found], COLUMNS, EMPTY)
