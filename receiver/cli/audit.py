"""`receiver audit export|verify`: the whole log with its links, and whether it is as it was written; `list` is `client`'s."""

import argparse
import json
import sys

import httpx

from receiver.app.derived import local_api_token
from receiver.cli import client
from receiver.settings import Settings


async def run(settings: Settings, args: argparse.Namespace) -> int:
    """One command; 1 when it did not work, or when a line is not as it was written."""
    if args.verb == "list":
        return await client.run(settings, args)
    headers = {"Authorization": f"Bearer {local_api_token(settings)}"}
    url = f"http://127.0.0.1:{settings.port}/api/v1/audit/{args.verb}"
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=60, headers=headers) as http, http.stream("GET", url) as answer:
            if args.verb == "export" and answer.status_code == 200:
                async for part in answer.aiter_text():
                    sys.stdout.write(part)
                return 0
            found = json.loads(await answer.aread())
    except httpx.HTTPError as fault:
        sys.stderr.write(f"no service answers on port {settings.port} ({fault}): start `receiver serve`, or set RECEIVER_PORT\n")
        return 1
    if answer.status_code >= 400:
        sys.stderr.write(f"{found.get('detail', answer.status_code)}\n")
        return 1
    sys.stdout.write(json.dumps(found) + "\n" if args.json else f"{found['lines']} lines: {found['result']}\n")
    return 0 if found["is_whole"] else 1
