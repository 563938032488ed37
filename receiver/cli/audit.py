"""`receiver audit list|export|verify`: who did what; the whole log with its links, and whether it is as it was written."""

import argparse
import json
import sys

import httpx

from receiver.cli import client
from receiver.cli.output import print_json
from receiver.cli.service import RefusedError, accepted, ask, refusal
from receiver.cli.usage import Commands, add_command, add_group, add_json, add_limit
from receiver.settings import Settings


def add_parser(commands: Commands) -> None:
    """The three verbs."""
    verbs = add_group(commands, "audit", "who did what in the chat, by the command line and by the API")
    every = add_command(verbs, "list", "what was done, newest first", "audit list --limit 20")
    add_limit(every)
    add_json(every)
    add_command(verbs, "export", "every line as JSON with its link, oldest first", "audit export > audit.ndjson")
    whole = add_command(
        verbs, "verify", "say whether every line is as it was written", "audit verify", status="0 it is, 1 it is not or nobody answers, 2 wrong usage"
    )
    add_json(whole)


async def run(settings: Settings, args: argparse.Namespace) -> int:
    """One command; 1 when it did not work, or when a line is not as it was written."""
    if args.verb == "list":
        return await client.run(settings, args)
    work = _export if args.verb == "export" else lambda http: _verify(http, as_json=args.json)
    return await ask(settings, work, patience=60)


async def _export(http: httpx.AsyncClient) -> int:
    async with http.stream("GET", "/audit/export") as answer:
        if answer.status_code != 200:
            raise RefusedError(refusal(answer.status_code, json.loads(await answer.aread()), answer.request.url.port))
        async for part in answer.aiter_text():
            sys.stdout.write(part)
    return 0


async def _verify(http: httpx.AsyncClient, *, as_json: bool) -> int:
    found = accepted(await http.get("/audit/verify"))
    if as_json:
        print_json(found)
    else:
        sys.stdout.write(f"{found['lines']} lines: {found['result']}\n")
    return 0 if found["is_whole"] else 1
