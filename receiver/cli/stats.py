"""`receiver stats`: how the work with incidents goes, as the running service counts it. A thin call to its API on this machine."""

import argparse
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from receiver.channels.words import span
from receiver.cli.output import print_json
from receiver.cli.service import accepted, ask
from receiver.cli.usage import Commands, add_command, add_json
from receiver.settings import Settings

BAR = "█"
WIDEST = 40


WHAT = "time to acknowledge and to resolve, pages by person and hour, noisiest rules, flappers, stranded alerts, unwanted drafts"


def add_parser(commands: Commands) -> None:
    """The command and its options."""
    one = add_command(commands, "stats", WHAT, "stats --since 24h", more="Every figure is explained in docs/statistics.md.")
    one.add_argument("--since", default="7d", metavar="SPAN", help="how far back, such as 24h or 7d; history is kept for 30 days (default: 7d)")
    add_json(one)


async def run(settings: Settings, args: argparse.Namespace) -> int:
    """Print it; 1 with a sentence when the service can't be asked or the span has no meaning."""
    return await ask(settings, lambda http: _run(http, args), patience=60)


async def _run(http: httpx.AsyncClient, args: argparse.Namespace) -> int:
    found = accepted(await http.get("/stats", params={"since": args.since}))
    if args.json:
        print_json(found)
    else:
        sys.stdout.write("".join(f"{line}\n" for line in lines(found)))
    return 0


def lines(found: dict[str, Any]) -> Iterator[str]:
    """The answer as people read it."""
    yield f"{_local(found, 'since')} to {_local(found, 'until')} ({found['timezone']})"
    by = ", ".join(f"{count} {name}" for name, count in found["by_severity"].items())
    yield f"incidents           {found['incidents']}{f' ({by})' if by else ''}, open now: {found['open']}"
    yield f"time to acknowledge {_spread(found['time_to_acknowledge'])}"
    yield f"time to resolve     {_spread(found['time_to_resolve'])}"
    yield f"ended unanswered    {found['ended_unanswered']}"
    stranded = ", ".join(f"{name}: {count}" for name, count in found["stranded"]["by_source"].items())
    yield f"stranded alerts     {found['stranded']['alerts']}{f' ({stranded})' if stranded else ''}"
    yield f"recoveries held     {found['recoveries_held']}, false: {found['recoveries_false']}"
    yield f"pages               {found['pages']}"
    yield from (f"  {name:<18}{count}" for name, count in found["pages_by_person"].items())
    yield from _hours(found["pages_by_hour"])
    yield from _table("noisiest rules", ("alertname", "route", "incidents", "pages", "untouched"), found["noisiest"])
    yield from _table("flappers", ("incident", "service", "alertname", "returns"), found["flappers"])
    yield from _table(
        "drafts for customers", ("alertname", "route", "drafts", "not_for_customers", "why"), [_cry(one) for one in found["drafts_for_customers"]]
    )
    if found["is_cut"]:
        yield "there was more history than is looked at: ask for a shorter span"


def _hours(hours: list[int]) -> Iterator[str]:
    most = max(hours, default=0)
    if not most:
        return
    yield "pages by hour of the day"
    yield from (f"  {hour:02d}  {BAR * max(1, count * WIDEST // most)} {count}" for hour, count in enumerate(hours) if count)


def _table(title: str, columns: tuple[str, ...], rows: list[dict[str, Any]]) -> Iterator[str]:
    if not rows:
        return
    yield title
    cells = [columns, *(tuple(str(row[name]) or "-" for name in columns) for row in rows)]
    widths = [max(len(row[at]) for row in cells) for at in range(len(columns))]
    yield from ("  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in cells)


def _cry(one: dict[str, Any]) -> dict[str, Any]:
    return {**one, "why": ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in one["why"].items())}


def _spread(found: dict[str, Any]) -> str:
    if not found["count"]:
        return "-"
    middle, ninth, longest = (span(timedelta(seconds=found[f"{name}_seconds"]), "en") for name in ("median", "p90", "longest"))
    return f"median {middle}, nine of ten within {ninth}, longest {longest} ({found['count']})"


def _local(found: dict[str, Any], name: str) -> str:
    return datetime.fromisoformat(found[name]).astimezone(ZoneInfo(found["timezone"])).isoformat(sep=" ", timespec="minutes")
