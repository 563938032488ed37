"""Which message makes a sound: a page always, what is no page by its severity, its route and the quiet hours of where it goes."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from receiver.core.alert import Severity
from receiver.core.destination import Destination
from receiver.core.incident import Incident, RouteSnapshot
from receiver.core.plan import Kind, Priority
from receiver.core.policy import Escalation, Policy
from receiver.core.sound import hush, is_soft, window_of
from receiver.core.window import Span, Window
from tests.builders import CHAT, NOW, PAGED, alert, incident, rulebook

ANNA = Destination(name="anna/telegram", channel="telegram", address={"chat": 1}, person="anna")
EVERY_DAY = frozenset(range(7))
NIGHTS = Window(name="nights", zone=ZoneInfo("Europe/Moscow"), spans=(Span(days=EVERY_DAY, start=22 * 60, end=8 * 60),))
RULES = rulebook(quiet_hours={CHAT.name: NIGHTS})  # NOW is 06:02 in Moscow
EIGHT = NOW.replace(hour=5, minute=0)  # 08:00 there
TURN = Escalation(policy=Policy(name="devops", steps=()), turn_at=NOW, since=NOW)
QUIET, PAGE, RELEASE = "quiet_hours:nights", Priority.PAGE, Priority.RELEASE


def one(severity: Severity, *, is_quiet: bool = False, escalation: Escalation | None = None) -> Incident:
    made = incident(alert(severity=severity), severity=severity, escalation=escalation)
    return replace(made, route=replace(made.route, is_quiet=is_quiet)) if made.route else made


INFO, WARNING, CRITICAL = one(Severity.INFO), one(Severity.WARNING), one(Severity.CRITICAL)
TABLE: dict[str, tuple[Incident, Kind, Priority, Destination, str]] = {
    "a warning in the quiet hours of its chat": (WARNING, Kind.INCIDENT, Priority.CHAT, CHAT, QUIET),
    "its end there": (WARNING, Kind.ENDED, RELEASE, CHAT, QUIET),
    "that it got worse, and is a warning still": (WARNING, Kind.WORSE, Priority.CHAT, CHAT, QUIET),
    "the same warning in a chat without quiet hours": (WARNING, Kind.INCIDENT, Priority.CHAT, PAGED, ""),
    "a critical one": (CRITICAL, Kind.INCIDENT, PAGE, CHAT, ""),
    "a critical one that waited as something less": (CRITICAL, Kind.INCIDENT, Priority.CHAT, CHAT, ""),
    "the end of a critical one": (CRITICAL, Kind.ENDED, RELEASE, CHAT, ""),
    "a warning that a policy pages, in the chat": (one(Severity.WARNING, escalation=TURN), Kind.INCIDENT, Priority.CHAT, CHAT, ""),
    "nobody answers, which is a page to a chat": (one(Severity.WARNING, escalation=TURN), Kind.NOBODY, PAGE, CHAT, ""),
    "nobody answers an info one": (one(Severity.INFO, escalation=TURN), Kind.NOBODY, PAGE, CHAT, ""),
    "a critical one of a quiet route": (one(Severity.CRITICAL, is_quiet=True), Kind.INCIDENT, Priority.CHAT, CHAT, "quiet_route"),
    "a person of a quiet route": (one(Severity.WARNING, is_quiet=True), Kind.INCIDENT, Priority.CHAT, ANNA, "quiet_route"),
    "an info one": (INFO, Kind.INCIDENT, Priority.CHAT, PAGED, "info"),
    "an info one that a policy pages, in the chat": (one(Severity.INFO, escalation=TURN), Kind.INCIDENT, Priority.CHAT, PAGED, "info"),
    "an info one that pages a person": (one(Severity.INFO, escalation=TURN), Kind.INCIDENT, PAGE, ANNA, ""),
    "the same said again after it was deleted": (one(Severity.INFO, escalation=TURN), Kind.INCIDENT, Priority.CHAT, ANNA, ""),
    "the end of it": (one(Severity.INFO, escalation=TURN), Kind.ENDED, RELEASE, ANNA, "info"),
}


@pytest.mark.parametrize("case", TABLE)
def test_each_message_sounds_or_says_why_it_does_not(case):
    found, kind, priority, place, why = TABLE[case]
    assert hush(found, kind, priority, place, RULES, NOW) == why


@pytest.mark.parametrize(("at", "why"), [(EIGHT - timedelta(seconds=1), QUIET), (EIGHT, ""), (EIGHT + timedelta(hours=14), QUIET)])
def test_quiet_hours_last_from_the_first_minute_of_their_window_to_the_last(at: datetime, why: str):
    assert hush(WARNING, Kind.INCIDENT, Priority.CHAT, CHAT, RULES, at) == why


def test_quiet_hours_are_those_of_the_rules_in_force_and_not_of_the_incident():
    assert hush(WARNING, Kind.INCIDENT, Priority.CHAT, CHAT, rulebook(), NOW) == ""


@pytest.mark.parametrize(("why", "window"), [(QUIET, "nights"), ("quiet_route", ""), ("info", ""), ("", "")])
def test_only_quiet_hours_name_a_window(why: str, window: str):
    assert window_of(why) == window


@pytest.mark.parametrize(
    ("severity", "changed", "expected"),
    [
        (Severity.WARNING, {}, True),
        (Severity.WARNING, {"is_quiet": True}, False),
        (Severity.WARNING, {"policies": ("devops",)}, False),
        (Severity.INFO, {}, False),
        (Severity.CRITICAL, {}, False),
    ],
)
def test_quiet_hours_decide_only_for_what_is_neither_loud_nor_silent_anyway(severity: Severity, changed: dict[str, object], expected: bool):
    route: RouteSnapshot | None = WARNING.route
    assert route is not None
    assert is_soft(replace(route, **changed), severity) is expected
