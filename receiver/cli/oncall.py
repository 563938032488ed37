"""`receiver oncall`: who is on call by schedule now, until when, and who is next. Reads the rules directory, needs no running service; one
that runs on this machine adds the swaps made in the chat."""

import argparse
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import msgspec

from receiver.cli.output import print_json
from receiver.cli.service import base_of, headers_of
from receiver.cli.usage import Commands, add_command, add_json
from receiver.clients.calendar import KeptCalendars
from receiver.clock import SystemClock
from receiver.core.amendment import Amendments, Swap, amend
from receiver.core.oncall import Duty, InstantError, describe, describe_shifts, find_duty, read_at
from receiver.core.rulebook import Person, RuleBook
from receiver.core.schedule import Shift
from receiver.rules.faults import suggest
from receiver.rules.imported import import_calendars
from receiver.rules.load import RulesError, load_rules
from receiver.settings import Settings
from receiver.web.oncall import MOST_DAYS, calendar_path

EMPTY = "there are no schedules: write {directory}/schedules.yaml (docs/on-call.md shows how), then run `receiver rules check`\n"


def add_parser(commands: Commands) -> None:
    """The command and its options."""
    one = add_command(
        commands, "oncall", "who is on call by schedule, until when, and who is next", "oncall --at 2026-11-30T10:00 --days 7",
        more="Reads the rules directory; a service that runs on this machine adds the swaps made in the chat.",
    )  # fmt: skip
    one.add_argument("--at", default="", metavar="TIME", help="an instant such as 2026-11-30T10:00, in RECEIVER_TIMEZONE unless it has an offset; default: now")
    one.add_argument("--schedule", default="", metavar="NAME", help="this schedule only")
    one.add_argument("--days", type=int, default=0, metavar="N", help="also the shifts of the next N days")
    one.add_argument("--links", action="store_true", help="also the addresses calendars can subscribe to")
    add_json(one)


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Print it; 1 with a sentence when the rules do not load or the question has no meaning."""
    zone = ZoneInfo(settings.timezone)
    try:
        now = read_at(args.at, zone) if args.at else SystemClock().now()
        loaded = load_rules(settings.rules_dir)
    except (InstantError, RulesError) as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    found = import_calendars(loaded, KeptCalendars(settings.calendars_dir).load, now)
    if args.schedule and args.schedule not in found.book.schedules:
        sys.stderr.write(f'there is no schedule "{args.schedule}", {suggest(args.schedule, found.book.schedules)}\n')
        return 1
    swaps = find_swaps(settings)
    notes = found.notes if swaps is not None else (*found.notes, "no service answers: swaps made in the chat are not in this")
    sys.stderr.write("".join(f"note: {note}\n" for note in notes))
    found = replace(found, book=amend(found.book, Amendments(swaps=swaps or ())))
    if args.json:
        print_json(list(_told(settings, found.book, args, now, zone)))
    else:
        lines = [line for duty in _duties(found.book, args, now) for line in _lines(settings, found.book, duty, args, now, zone)]
        sys.stdout.write("".join(f"{line}\n" for line in lines) or EMPTY.format(directory=settings.rules_dir))
    return 0


def find_swaps(settings: Settings) -> tuple[Swap, ...] | None:
    """The swaps of the running service on this machine; none when it does not answer."""
    try:
        answer = httpx.get(f"{base_of(settings)}/swaps", headers=headers_of(settings), timeout=2, trust_env=False)
        return msgspec.json.decode(answer.content, type=tuple[Swap, ...]) if answer.status_code == 200 else None
    except (httpx.HTTPError, msgspec.DecodeError):
        return None


def _duties(book: RuleBook, args: argparse.Namespace, now: datetime) -> Iterable[Duty]:
    return (find_duty(book, one, now) for name, one in book.schedules.items() if args.schedule in ("", name))


def _shifts(duty: Duty, args: argparse.Namespace, now: datetime) -> tuple[Shift, ...]:
    days = max(0, min(args.days, MOST_DAYS))
    return duty.schedule.shifts(now, now + timedelta(days=days)) if days else ()


def _told(settings: Settings, book: RuleBook, args: argparse.Namespace, now: datetime, zone: ZoneInfo) -> Iterable[dict[str, Any]]:
    for duty in _duties(book, args, now):
        told = describe(duty, zone)
        if args.days > 0:
            told["shifts"] = describe_shifts(book, _shifts(duty, args, now), zone)
        yield {**told, "calendar": _link(settings, duty)} if args.links else told


def _lines(settings: Settings, book: RuleBook, duty: Duty, args: argparse.Namespace, now: datetime, zone: ZoneInfo) -> Iterable[str]:
    yield duty.schedule.name
    yield f"  now   {_who(duty.people)}{_until(duty.until, zone)}"
    if duty.until:
        yield f"  next  {_who(duty.next)}{_until(duty.next_until, zone)}"
    for shift in _shifts(duty, args, now):
        yield f"  {_local(shift.start, zone)}  {_local(shift.end, zone)}  {_who(book.named(shift.people))}"
    if args.links:
        yield f"  {_link(settings, duty)}"


def _who(people: tuple[Person, ...]) -> str:
    return ", ".join(f"{person.name} ({person.id})" for person in people) or "nobody"


def _until(instant: datetime | None, zone: ZoneInfo) -> str:
    return f" until {_local(instant, zone)}" if instant else ", no change within a year"


def _local(instant: datetime, zone: ZoneInfo) -> str:
    return instant.astimezone(zone).isoformat(sep=" ", timespec="minutes")


def _link(settings: Settings, duty: Duty) -> str:
    base = (settings.public_url or f"http://127.0.0.1:{settings.port}").rstrip("/")
    return base + calendar_path(settings.secret_key.get_secret_value(), duty.schedule.name)
