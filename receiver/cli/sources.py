"""`receiver sources list|test`: who sends alerts, and a test alert followed from the webhook to the messages, through the running service."""

import argparse
import asyncio
import json
import sys
from typing import Any
from urllib.parse import quote

import httpx

from receiver.cli.output import print_json, print_table
from receiver.cli.service import accepted, ask
from receiver.cli.usage import Commands, add_command, add_group, add_json
from receiver.clients.alertmanager import Alertmanager, PeerError, shown
from receiver.core.rulebook import RuleBook
from receiver.settings import Settings
from receiver.web.kinds import path_of

PATIENCE = 60
DONE = ("sent", "dead", "skipped")
COLUMNS = ("name", "kind", "path", "auth", "heard")
EMPTY = "the rules know no source: write one into sources.yaml (docs/sources.md)"


def add_parser(commands: Commands) -> None:
    """The command's words."""
    inner = add_group(commands, "sources", "who sends alerts, and whether what they send arrives")
    add_json(add_command(inner, "list", "every source of the rules: its address, who may send, and whether it was heard lately", "sources list"))
    test = add_command(
        inner, "test", "send a test alert end to end, and its end, and say what happened", "sources test alertmanager",
        more="It goes where a real one goes: whoever its route names hears of it.", status="0 everybody was reached, 1 somebody was not, 2 wrong usage",
    )  # fmt: skip
    test.add_argument("name", metavar="NAME", help="as `receiver sources list` shows it")
    add_json(test)


async def run(settings: Settings, args: argparse.Namespace) -> int:
    """Ask the running service; 1 when something does not work, with a sentence."""
    return await ask(settings, lambda http: _list(http, as_json=args.json) if args.verb == "list" else _test(http, args.name, as_json=args.json))


async def _list(http: httpx.AsyncClient, *, as_json: bool) -> int:
    found = accepted(await http.get("/sources"))
    if as_json:
        print_json(found)
    else:
        print_table(found, COLUMNS, EMPTY)
    return 0


async def _test(http: httpx.AsyncClient, name: str, *, as_json: bool) -> int:
    place = f"/sources/{quote(name, safe='')}/test"
    said = accepted(await http.post(place, json={}))
    messages = await _follow(http, said["incident"]) if said["incident"] else []
    ended = accepted(await http.post(place, json={"since": said["since"]})) if said["status"] == 202 else {}
    undelivered = [one for one in messages if one["state"] != "sent"]
    is_ok = said["status"] == 202 and ended.get("status") == 202 and bool(messages) and not undelivered
    if as_json:
        print_json({"ok": is_ok, "fired": said, "messages": messages, "ended": ended})
        return 0 if is_ok else 1
    sys.stdout.write(f"POST {said['path']}: {said['status']} {json.dumps(said['answer'])}\n")
    if said["incident"]:
        sys.stdout.write(f"incident {said['incident']}\n")
    for one in messages:
        sys.stdout.write(f"  {one['destination']} ({one['channel']}): {one['state']}{', ' + one['reason'] if one['reason'] else ''}\n")
    if ended:
        sys.stdout.write(f"its end: {ended['status']}\n")
    sys.stdout.write(_verdict(said, messages, undelivered))
    return 0 if is_ok else 1


def _verdict(said: dict[str, Any], messages: list[dict[str, Any]], undelivered: list[dict[str, Any]]) -> str:
    if said["status"] != 202:
        return "FAULT: the webhook was refused; what a real alert would get is above\n"
    if not messages:
        return f"FAULT: nobody was told within {PATIENCE} s; see `receiver rules explain`, planned work mutes it too\n"
    if undelivered:
        return "FAULT: not everybody was reached; `receiver deadletters list` says why\n"
    return "ok: from the webhook to everybody who is to hear of it\n"


async def _follow(http: httpx.AsyncClient, incident: str) -> list[dict[str, Any]]:
    """The messages of the incident, when all of them have come to an end or patience has."""
    messages: list[dict[str, Any]] = []
    for _ in range(PATIENCE * 2):
        found = (await http.get(f"/incidents/{incident}")).json().get("messages", [])
        messages = [{"destination": m["mid"].split(".", 3)[3], "channel": m["channel"], "state": m["st"], "reason": m.get("reason", "")} for m in found]
        if messages and all(one["state"] in DONE for one in messages):
            break
        await asyncio.sleep(0.5)
    return messages


async def peer_findings(settings: Settings, book: RuleBook) -> list[tuple[str, bool, str]]:
    """The doctor's lines about Alertmanager's own answers, about Watchdogs and about the outward heartbeat."""
    found = []
    async with Alertmanager() as api:
        for source in book.with_peers(settings.peers).sources.values():
            for url in source.peers:
                try:
                    view = await api.look(url)
                except PeerError as fault:
                    found.append((f"peer of {source.name}", False, f"{fault}: is it up, and the address right?"))
                else:
                    text = f"{shown(url)}, version {view.version}, up since {view.up_since:%Y-%m-%d %H:%M:%S %Z}, {len(view.alerts)} alerts"
                    found.append((f"peer of {source.name}", True, text))
            watchdog = book.watchdog_of(source.name)
            if source.kind == "alertmanager" and not (watchdog and watchdog.is_required):
                text = "not required: until one is seen, a Prometheus that died looks like everything resolved (watchdog: {required: true})"
                found.append((f"watchdog of {source.name}", True, text))
    is_on = settings.heartbeat_url is not None
    text = "a checker outside is pinged once a minute" if is_on else "RECEIVER_HEARTBEAT_URL is not set: nobody outside would notice that this service is dead"
    if is_on and settings.canary_chat is None:
        text += "; RECEIVER_CANARY_CHAT is not set: that Telegram answers is checked, not that it performs"
    return [*found, ("heartbeat", True, text)]


def findings(settings: Settings, book: RuleBook) -> list[tuple[str, bool, str]]:
    """The doctor's lines: name, whether it is right, and what it is; pure but for the settings."""
    found = []
    for source in book.sources.values():
        names = [n for n in (source.auth_secret, source.signature.secret if source.signature else "") if n]
        missing = [n for n in names if not settings.secret(n)]
        path = path_of(source.kind, source.name)
        if missing:
            text = f"{source.kind}, {path}: every webhook is refused, RECEIVER_SECRET_{missing[0]} is not set"
        else:
            shown = [*(["signature"] if source.signature else []), *(["own token"] if source.auth_secret else [])]
            common = ["RECEIVER_WEBHOOK_TOKEN" if settings.webhook_token else "no token: loopback only"]
            text = f"{source.kind}, {path}, {' and '.join(shown or common)}"
        found.append((f"source {source.name}", not missing, text))
    return found
