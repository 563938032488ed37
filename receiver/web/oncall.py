"""Who is on call, for programs (`/api/v1/oncall`) and for calendars that subscribe (`/oncall/SCHEDULE.ics?key=…`)."""

import hashlib
import hmac
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, Router, get
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromPath, FromQuery

from receiver.clock import Clock
from receiver.core.amendment import Swap
from receiver.core.oncall import InstantError, describe, describe_shifts, find_duty, read_at, upcoming
from receiver.core.rulebook import RuleBook
from receiver.rules.ics import write_calendar
from receiver.web.auth import bearer_guard

AHEAD = timedelta(days=60)
MOST_DAYS = 366


def calendar_path(secret: str, schedule: str) -> str:
    """The path and key under which a schedule's calendar is served; who has it may read who is on call, and nothing else."""
    return f"/oncall/{quote(schedule)}.ics?key={_key(secret, schedule)}"


def _key(secret: str, schedule: str) -> str:
    own = hmac.new(secret.encode(), b"calendar", hashlib.sha256).digest()
    return hmac.new(own, schedule.encode(), hashlib.sha256).hexdigest()[:40]


def oncall_routes(rules: Callable[[], RuleBook], swaps: Callable[[], tuple[Swap, ...]], clock: Clock, zone: ZoneInfo, secret: str, api_token: str) -> list[Any]:
    """The API and the calendars. `swaps` are those taken in the chat, `rules` gives the rule book in force, `zone` is that of instants without an offset and of the answers."""
    api = Router(path="/api/v1", route_handlers=[_listing(rules, clock, zone, secret), _swapped(swaps)], guards=[bearer_guard(api_token)])
    return [api, _calendar(rules, clock, secret)]


def _listing(rules: Callable[[], RuleBook], clock: Clock, zone: ZoneInfo, secret: str) -> Any:
    @get("/oncall", sync_to_thread=True)
    def oncall(at: FromQuery[str] = "", schedule: FromQuery[str] = "", days: FromQuery[int] = 0) -> list[dict[str, Any]]:
        book = rules()
        if schedule and schedule not in book.schedules:
            raise NotFoundException(f"no schedule {schedule}")
        try:
            now = read_at(at, zone) if at else clock.now()
        except InstantError as fault:
            raise ClientException(str(fault)) from None
        found = []
        for one in [book.schedules[schedule]] if schedule else book.schedules.values():
            told = describe(find_duty(book, one, now), zone)
            if days > 0:
                told["shifts"] = describe_shifts(book, one.shifts(now, now + timedelta(days=min(days, MOST_DAYS))), zone)
            found.append({**told, "calendar": calendar_path(secret, one.name)})
        return found

    return oncall


def _swapped(swaps: Callable[[], tuple[Swap, ...]]) -> Any:
    @get("/swaps", sync_to_thread=False)
    def listing() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = msgspec.to_builtins(swaps())
        return found

    return listing


def _calendar(rules: Callable[[], RuleBook], clock: Clock, secret: str) -> Any:
    @get("/oncall/{file:str}", sync_to_thread=True)
    def calendar(file: FromPath[str], key: FromQuery[str] = "") -> Response[bytes]:
        book, now, name = rules(), clock.now(), file.removesuffix(".ics")
        is_right = hmac.compare_digest(key.encode(), _key(secret, name).encode())
        if not is_right or name not in book.schedules or not file.endswith(".ics"):
            raise NotFoundException("no such calendar")  # the same for a wrong key: nobody may learn names by asking
        body = write_calendar(name, upcoming(book.schedules[name], now, AHEAD), book.people, now)
        return Response(body, media_type="text/calendar", headers={"cache-control": "private, max-age=300"})

    return calendar
